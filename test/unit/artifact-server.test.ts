import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { withArtifactServer } from "../hosts/artifact-server.ts";

const server = withArtifactServer("127.0.0.1");
const folder = mkdtempSync(join(tmpdir(), "k3sprov-artifacts-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The server runs in this process, so that a client may not block it.
async function curl(...args: readonly string[]): Promise<{ readonly rc: number; readonly text: string }> {
  const child = spawn("curl", ["-sS", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const parts: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => parts.push(chunk));
  return new Promise((resolve) =>
    child.on("close", (code) => resolve({ rc: code ?? -1, text: Buffer.concat(parts).toString("utf8") })),
  );
}

const pem = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

it("serves files over both, by a certificate of its own authority", async () => {
  const { http, https, authority, client } = server();
  server().serve("/a b", "text");
  expect(await curl(`${http}/a%20b`)).toEqual({ rc: 0, text: "text" });
  expect((await curl(`${https}/a%20b`)).rc).toBe(60);
  const trusted = ["--cacert", pem("ca", authority)];
  expect(await curl(...trusted, `${https}/a%20b`)).toEqual({ rc: 0, text: "text" });
  await curl(...trusted, "--cert", pem("cert", client.certificate), "--key", pem("key", client.key), `${https}/a%20b`);
  expect(server().requests.map((one) => [one.path, one.secure, one.client, one.status])).toEqual([
    ["/a b", false, undefined, 200],
    ["/a b", true, undefined, 200],
    ["/a b", true, "client", 200],
  ]);
});

it("answers with parts, and breaks off", async () => {
  const { http } = server();
  server().serve("/f", { body: "0123456789", truncations: { count: 1, after: 4 } });
  expect(await curl(`${http}/f`)).toEqual({ rc: 18, text: "0123" });
  expect(await curl("-r", "4-", `${http}/f`)).toEqual({ rc: 0, text: "456789" });
  expect(await curl("-r", "20-", "-w", "%{http_code}", `${http}/f`)).toEqual({ rc: 0, text: "416" });
});

it("fails for a while, asks for a password, redirects, echoes", async () => {
  const { http, https } = server();
  const code = async (path: string, ...args: readonly string[]) =>
    (await curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", ...args, `${http}${path}`)).text.trim();
  server().serve("/busy", { body: "", failures: 2 });
  expect([await code("/busy"), await code("/busy"), await code("/busy")]).toEqual(["503", "503", "200"]);
  server().serve("/closed", { body: "", auth: { user: "u", password: "p" } });
  expect([await code("/closed"), await code("/closed", "-u", "u:p")]).toEqual(["401", "200"]);
  server().serve("/away", { redirect: `${https}/x` });
  expect(await code("/away")).toBe(`302 ${https}/x`);
  expect(await code("/none")).toBe("404");
  const echoed = await curl("-X", "PUT", "-d", "body", `${http}/echo/x?a=1`);
  expect(JSON.parse(echoed.text)).toMatchObject({ method: "PUT", path: "/echo/x", query: { a: "1" }, body: "body" });
});

it("knows what has not changed", async () => {
  server().serve("/f", "x");
  const args = ["-o", "/dev/null", "-w", "%{http_code}"];
  expect((await curl(...args, "-z", "Fri, 02 Jan 2026 03:04:05 GMT", `${server().http}/f`)).text).toBe("304");
  expect((await curl(...args, "-z", "Thu, 01 Jan 2026 03:04:05 GMT", `${server().http}/f`)).text).toBe("200");
});
