import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { withArtifactServer } from "../../../test/hosts/artifact-server.ts";
import { parseParameters } from "../parameters.ts";
import { hostWith, type ToolKind } from "../support/downloads/hosts-with-tools.test-support.ts";
import { type LocalHost, runModule } from "../support/run-local.test-support.ts";
import { getUrl } from "./get-url.ts";

const server = withArtifactServer("127.0.0.1");
const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");
const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");

const curl: ToolKind = { name: "curl", shell: "dash", hidden: [] };
const wget: ToolKind = { name: "GNU wget", shell: "bash", hidden: ["curl"] };
const busybox: ToolKind = { name: "busybox' wget", shell: "busybox", hidden: [] };
const nothing: ToolKind = { name: "nothing, so that the control node does it", shell: "dash", hidden: ["curl", "wget"] };

describe.each([curl, wget, busybox, nothing])("a host with $name", (kind) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await hostWith(kind);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const get = (more: Readonly<Record<string, unknown>>) =>
    runModule(host, getUrl, { url: `${server().http}/dir/tool`, dest: at("tool"), ...more });

  it("downloads what is missing, with its mode, and nothing a second time", async () => {
    server().serve("/dir/tool", "content");
    const first = await get({ mode: "0750" });
    expect(first).toMatchObject({ changed: true, result: { status_code: 200, msg: "OK (7 bytes)", size: 7, mode: "0750" } });
    expect(first.result).toMatchObject({ checksum_src: sha1("content"), dest: at("tool"), state: "file" });
    expect(readFileSync(at("tool"), "utf8")).toBe("content");
    const asked = server().requests.length;
    expect(await get({ mode: "0750" })).toMatchObject({ changed: false, result: { msg: "file already exists" } });
    expect(await get({ mode: "0700" })).toMatchObject({
      changed: true,
      differences: [{ name: "mode", before: "0750", after: "0700" }],
      result: { msg: "file already exists but file attributes changed" },
    });
    expect(server().requests.length).toBe(asked);
    expect(readdirSync(host.directory)).toEqual(["tool"]);
  });

  it("compares by checksum, whatever the algorithm", async () => {
    server().serve("/dir/tool", "new");
    writeFileSync(at("tool"), "old");
    const checksum = `sha512:${createHash("sha512").update("new").digest("hex")}`;
    const old = createHash("sha512").update("old").digest("hex");
    expect(await get({ checksum, backup: true })).toMatchObject({
      changed: true,
      differences: [{ name: "content", before: `sha512:${old}`, after: checksum }],
    });
    expect(readFileSync(at("tool"), "utf8")).toBe("new");
    expect(readdirSync(host.directory).length).toBe(2);
    expect(await get({ checksum })).toMatchObject({ changed: false });
  });

  it("keeps the old file when the checksum does not match", async () => {
    server().serve("/dir/tool", "tampered");
    writeFileSync(at("tool"), "old");
    expect((await get({ checksum: `sha256:${sha256("good")}` })).failed).toBe(
      `The checksum for ${at("tool")} did not match ${sha256("good")}; it was ${sha256("tampered")}. Nothing was changed`,
    );
    expect(readFileSync(at("tool"), "utf8")).toBe("old");
    expect(readdirSync(host.directory)).toEqual(["tool"]);
  });

  it("downloads to see, when forced to, and tells a change from none", async () => {
    server().serve("/dir/tool", "same");
    writeFileSync(at("tool"), "same");
    const before = statSync(at("tool")).ino;
    expect(await get({ force: true })).toMatchObject({ changed: false, differences: [] });
    expect(statSync(at("tool")).ino).toBe(before);
    server().serve("/dir/tool", "other");
    expect(await get({ force: true })).toMatchObject({
      changed: true,
      differences: [{ name: "content", before: `sha256:${sha256("same")}`, after: `sha256:${sha256("other")}` }],
    });
    expect(readFileSync(at("tool"), "utf8")).toBe("other");
  });

  it("names the file in a directory after the URL", async () => {
    server().serve("/dir/a b", "x");
    mkdirSync(at("d"));
    expect(await get({ url: `${server().http}/dir/a%20b`, dest: at("d") })).toMatchObject({ result: { dest: at("d/a b") } });
    expect(readFileSync(at("d/a b"), "utf8")).toBe("x");
  });

  it("follows redirects", async () => {
    server().serve("/dir/tool", { redirect: kind === busybox ? "/other/x?y=1" : "../other/x?y=1" });
    server().serve("/other/x", { redirect: `${server().http}/end`, status: 307 });
    server().serve("/end", "end");
    expect((await get({})).failed).toBeUndefined();
    expect(readFileSync(at("tool"), "utf8")).toBe("end");
  });

  it("says what the server answered", async () => {
    const failed = await get({});
    if (kind !== busybox) expect(failed.failed).toBe(`Request failed: HTTP Error 404: Not Found: ${server().http}/dir/tool`);
    else expect(failed.failed).toBe(`Request failed: HTTP Error 404: ${server().http}/dir/tool`);
    expect(failed.result).toMatchObject({ status_code: 404 });
    expect(readdirSync(host.directory)).toEqual([]);
  });

  it("goes on after an answer that breaks off, and after a busy server", async () => {
    const body = "0123456789".repeat(1000);
    server().serve("/dir/tool", { body, truncations: { count: 1, after: 4000 }, ...(kind === busybox ? {} : { failures: 1 }) });
    expect((await get({})).failed).toBeUndefined();
    expect(readFileSync(at("tool"), "utf8")).toBe(body);
    const ranges = server().requests.map((one) => one.headers["range"]);
    if (kind === curl || kind === wget) expect(ranges.at(-1)).toBe("bytes=4000-");
  });

  it("refuses what is too large", async () => {
    server().serve("/dir/tool", { body: "x".repeat(100_000), sized: false });
    const url = `${server().http}/dir/tool`;
    const message = `what ${url} sends is larger than max_size (1000 bytes)`;
    expect((await get({ max_size: "1000" })).failed).toBe(kind === nothing ? message : `Request failed: ${message}: ${url}`);
    expect(readdirSync(host.directory)).toEqual([]);
    expect((await get({ max_size: "100k" })).failed).toBeUndefined();
  });

  it("unpacks what comes packed", async () => {
    if (kind === busybox) return;
    server().serve("/dir/tool", { body: gzipSync("plain"), headers: { "content-encoding": "gzip" } });
    await get({});
    expect(readFileSync(at("tool"), "utf8")).toBe("plain");
    await get({ decompress: false, force: true });
    expect(readFileSync(at("tool"))).toEqual(gzipSync("plain"));
  });

  it("asks the proxy of the task's environment, and no proxy for whom it excepts", async () => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
      response.end("by the proxy");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      // A server's address is an object once it listens.
      const { port } = proxy.address() as AddressInfo;
      const environment = { HTTP_PROXY: `http://ann:s%40x@127.0.0.1:${port}`, no_proxy: "10.0.0.0/8,.example.org:80" };
      const through = (more: object, raw: object = {}) =>
        runModule(
          host,
          getUrl,
          { url: "http://a.example.org:81/tool?x=1", dest: at("tool"), ...raw },
          { environment: { ...environment, ...more } },
        );
      expect((await through({})).failed).toBeUndefined();
      expect(readFileSync(at("tool"), "utf8")).toBe("by the proxy");
      expect(asked).toEqual([`GET http://a.example.org:81/tool?x=1 Basic ${Buffer.from("ann:s@x").toString("base64")}`]);
      server().serve("/dir/tool", "directly");
      const here = { url: `${server().http}/dir/tool`, force: true };
      for (const [more, raw] of [
        [{ no_proxy: "127.0.0.0/8" }, here],
        [{}, { ...here, use_proxy: false }],
      ] as const) {
        rmSync(at("tool"));
        expect((await through(more, raw)).failed).toBeUndefined();
        expect(readFileSync(at("tool"), "utf8")).toBe("directly");
      }
      expect(asked).toHaveLength(1);
    } finally {
      proxy.close();
    }
  });

  it("asks a list of checksums", async () => {
    server().serve("/dir/tool", "content");
    server().serve("/sums", `${sha256("x")}  other\n${sha256("content")}  tool\n`);
    const checksum = `sha256:${server().http}/sums`;
    expect(await get({ checksum })).toMatchObject({ changed: true });
    expect(await get({ checksum })).toMatchObject({ changed: false });
  });
});

function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        return "";
      }
    });
}

describe.each([curl, wget])("what only $name and its like can do", (kind) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await hostWith(kind);
  });
  afterAll(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const get = (path: string, more: Readonly<Record<string, unknown>> = {}) =>
    runModule(host, getUrl, { url: `${server().https}${path}`, dest: at(path.slice(1)), ...more });
  const pem = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };

  it("trusts whom it is told to", async () => {
    server().serve("/a", "x");
    expect((await get("/a")).failed).toMatch(/^Request failed: .*(certificate|verified).*\/a$/s);
    expect((await get("/a", { ca_path: pem("ca.pem", server().authority) })).failed).toBeUndefined();
    server().serve("/b", "x");
    expect((await get("/b", { validate_certs: false })).failed).toBeUndefined();
  });

  it("never goes from https down to http", async () => {
    server().serve("/down", { redirect: `${server().http}/plain` });
    server().serve("/plain", "x");
    expect((await get("/down", { validate_certs: false })).failed).toBe(
      `Request failed: refused to follow a redirect from https down to http: ${server().http}/plain: ${server().https}/down`,
    );
    expect(server().requests.map((one) => one.path)).toEqual(["/down"]);
  });

  it("shows a certificate, logs in and sends header fields, to the server they are for", async () => {
    server().serve("/closed", { body: "in", auth: { user: "ann", password: 'pass "word" \\ $x' } });
    server().serve("/next", { redirect: `${server().http}/end` });
    const login = { url_username: "ann", url_password: 'pass "word" \\ $x', validate_certs: false };
    const cert = pem("client.pem", `${server().client.certificate}${server().client.key}`);
    expect((await get("/closed", { ...login, client_cert: cert })).failed).toBeUndefined();
    expect(server().requests.at(-1)).toMatchObject({ client: "client", status: 200 });

    server().reset();
    server().serve("/start", { redirect: `${server().https.replace("127.0.0.1", "localhost")}/end` });
    server().serve("/end", "end");
    const headers = { Authorization: "Bearer 1", "X-Own": "2", "X-All": "3" };
    await get("/start", { ...login, force_basic_auth: true, headers, unredirected_headers: ["x-own"], client_cert: cert });
    const [first, second] = server().requests;
    expect(first).toMatchObject({ client: "client", headers: { "x-own": "2", "x-all": "3" } });
    expect(first?.headers["authorization"]).toBeDefined();
    expect(second).toMatchObject({ path: "/end", client: undefined, headers: { "x-all": "3" } });
    expect(second?.headers).not.toHaveProperty("x-own");
    expect(second?.headers).not.toHaveProperty("authorization");
  });

  it("shows nobody a password in the list of processes", async () => {
    server().serve("/slow", { body: "x", delayMs: 3000, auth: { user: "u", password: "geheim123" } });
    const running = get("/slow", {
      url: `${server().http}/slow?token=geheim789`,
      url_username: "u",
      url_password: "geheim123",
      force_basic_auth: true,
      headers: { "X-Key": "geheim456" },
    });
    let lines: readonly string[] = [];
    const isTool = (line: string): boolean => /(^|\/)(curl|wget)\0/.test(line) && line.includes("\0./piece\0");
    await vi.waitUntil(
      () => {
        lines = commandLines();
        return lines.some(isTool);
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(lines.filter((line) => line.includes("geheim"))).toEqual([]);
    expect((await running).failed).toBeUndefined();
  });
});

describe("what is refused", () => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await hostWith(curl);
  });
  afterAll(() => host.remove());

  it.each([
    [{ url: "ftp://x/y", dest: "/x" }, '"ftp://x/y" is no URL that can be asked; it must begin with http:// or https://'],
    [
      { url: "http://h/a b", dest: "/x" },
      "the URL holds a blank, a quotation mark, a backslash or a control character; write it as %XX: http://h/a b",
    ],
    [
      { url: "http://h/", dest: "/x", checksum: "sha256:12" },
      'the checksum "sha256:12" is no sha256 digest, which has 64 hexadecimal digits',
    ],
    [{ url: "http://h/", dest: "/x", headers: { "A b": "1" } }, '"A b" is no name of a header field'],
    [{ url: "http://h/", dest: "/x", headers: { A: "1\r\nB: 2" } }, 'the header field "A" must be one line'],
    [
      { url: "http://h/", dest: "/x", max_size: "many" },
      'max_size is "many", but must be a number of bytes, like 1048576 or 500M',
    ],
    [{ url: "http://h/", dest: "/x", client_key: "/k" }, "client_key needs client_cert"],
  ])("%j", async (raw, message) => {
    expect((await runModule(host, getUrl, raw)).failed).toBe(message);
  });

  it.each([
    [{ dest: "/x" }, 'get_url needs the parameter "url"'],
    [{ url: "http://h/", dest: "/x", timeout: "soon" }, 'get_url: "timeout" is "soon", but must be a whole number'],
    [{ url: "http://h/", dest: "/x", checksums: "x" }, 'get_url has no parameter "checksums"; did you mean "checksum"?'],
    [{ url: "http://h/", dest: "/x", mode: 644 }, 'get_url: "mode" is the decimal number 644 (octal 01204); write "0644"'],
  ])("%j by its parameters", (raw, message) => {
    expect(parseParameters(getUrl.parameters, "get_url", raw).problems.map((one) => one.message)).toEqual([message]);
  });

  it("a place that is not there or cannot be written to, and a host that does not answer", async () => {
    const at = (name: string): string => join(host.directory, name);
    server().serve("/f", "x");
    const url = `${server().http}/f`;
    await expect(runModule(host, getUrl, { url, dest: at("no/f") })).rejects.toThrow(
      `Destination directory ${at("no")} does not exist`,
    );
    mkdirSync(at("dir/f"), { recursive: true });
    expect((await runModule(host, getUrl, { url, dest: at("dir") })).failed).toBe(`${at("dir/f")} is a directory, not a file`);
    expect((await runModule(host, getUrl, { url, dest: at("f"), tmp_dest: at("none") })).failed).toContain(
      `cannot make a temporary directory in ${at("none")}`,
    );
    const closed = "http://127.0.0.1:9/f";
    expect((await runModule(host, getUrl, { url: closed, dest: at("f") })).failed).toMatch(
      /^Request failed: Failed to connect to 127\.0\.0\.1 port 9 .*: http:\/\/127\.0\.0\.1:9\/f$/,
    );
    chmodSync(at("dir"), 0o755);
  });

  it("a list of checksums that only curl could ask for", async () => {
    const without = await hostWith(wget);
    const raw = { url: "https://h/f", dest: "/x", checksum: "sha256:https://h/sums", ca_path: "/etc/ca.pem" };
    expect((await runModule(without, getUrl, raw)).failed).toBe(
      "the host has no curl, so the control node asks for the list of checksums, and what ca_path and client_cert name are files of the host; install curl there, or give the checksum itself",
    );
    await without.remove();
  });

  it("a list of checksums that does not know the file, or is not there", async () => {
    const raw = { url: `${server().http}/f`, dest: join(host.directory, "f"), checksum: `sha256:${server().http}/sums` };
    expect((await runModule(host, getUrl, raw)).failed).toBe(
      `cannot ask ${server().http}/sums for the checksum: The requested URL returned error: 404`,
    );
    server().serve("/sums", "nothing here\n");
    expect((await runModule(host, getUrl, raw)).failed).toBe(`${server().http}/sums holds no sha256 digest of "f"`);
  });
});
