import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withArtifactServer } from "../../../test/hosts/artifact-server.ts";
import { joinSh, sh } from "../../sh.ts";
import type { JsonObject, ProbeContext } from "../contract.ts";
import { parseParameters } from "../parameters.ts";
import { hostWith, type ToolKind } from "../support/downloads/hosts-with-tools.test-support.ts";
import { directoryControl, type LocalHost, localHost } from "../support/run-local.test-support.ts";
import { uri } from "./uri.ts";

const server = withArtifactServer("127.0.0.1");
const files = mkdtempSync(join(tmpdir(), "k3sprov-uri-"));
afterAll(() => rmSync(files, { recursive: true }));

async function call(
  host: LocalHost,
  raw: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<JsonObject> {
  const { value, problems } = parseParameters(uri.parameters, "uri", raw);
  if (problems.length > 0) throw new Error(problems.map((one) => one.message).join("\n"));
  const context: ProbeContext = { traits: host.traits, checkMode: false, diff: false };
  if (uri.prepare === undefined) throw new Error("uri prepares");
  const input = await uri.prepare(value, directoryControl(files), context);
  const work = uri.run(input, context);
  const exports = Object.entries(environment).map(([name, value]) => sh`${name}=${value}; export ${name}`);
  return uri.result(await host.run(joinSh([...exports, work.script]), work.payloads), input, 1234);
}

const curl: ToolKind = { name: "curl", shell: "dash", hidden: [] };
const wget: ToolKind = { name: "GNU wget", shell: "bash", hidden: ["curl"] };

describe.each([curl, wget])("a host with $name", (kind) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await hostWith(kind);
  });
  afterAll(() => host.remove());
  beforeEach(() => {
    rmSync(host.directory, { recursive: true });
    mkdirSync(host.directory);
  });
  const at = (name: string): string => join(host.directory, name);
  const ask = (path: string, more: Readonly<Record<string, unknown>> = {}) =>
    call(host, { url: `${server().http}${path}`, ...more });

  it("gives status, header fields, cookies and, of JSON, what it says", async () => {
    server().serve("/x", {
      body: '{"a": [1, "ü"]}',
      headers: { "content-type": "application/json; charset=utf-8", "x-two-words": "1", "set-cookie": ["a=1; Path=/", "b=2"] },
    });
    const result = await ask("/x");
    expect(result).toMatchObject({
      status: 200,
      url: `${server().http}/x`,
      redirected: false,
      changed: false,
      elapsed: 1,
      json: { a: [1, "ü"] },
      x_two_words: "1",
      content_type: "application/json; charset=utf-8",
      cookies: { a: "1", b: "2" },
      cookies_string: "a=1; b=2",
      msg: "OK (16 bytes)",
    });
    expect(result).not.toHaveProperty("content");
    expect(await ask("/x", { return_content: true })).toMatchObject({ content: '{"a": [1, "ü"]}' });
  });

  it("keeps whatever bytes come", async () => {
    server().serve("/b", { body: "a\0b\nk3:content=x\n\n", headers: { "content-type": "text/plain" } });
    expect(await ask("/b", { return_content: true })).toMatchObject({ content: "a\0b\nk3:content=x\n\n" });
  });

  it.each([
    ["json", { a: 1, b: ["ä"] }, "application/json", '{"a": 1, "b": ["\\u00e4"]}'],
    ["json", '{"as": "it is"}', "application/json", '{"as": "it is"}'],
    ["form-urlencoded", { a: "x y", b: ["1", "2"] }, "application/x-www-form-urlencoded", "a=x+y&b=1&b=2"],
    ["form-urlencoded", [["a", "&"]], "application/x-www-form-urlencoded", "a=%26"],
    ["raw", 'it\'s "raw"\n', undefined, 'it\'s "raw"\n'],
  ])("sends %s: %j", async (format, body, type, sent) => {
    const { json } = await ask("/echo", { method: "POST", body, body_format: format });
    expect(json).toMatchObject({ method: "POST", body: sent });
    if (type !== undefined) expect(json).toMatchObject({ headers: { "content-type": type } });
  });

  it("sends a form with files, and a file", async () => {
    writeFileSync(join(files, "f.txt"), "file's content");
    const body = { text: "value", local: { filename: "f.txt", mime_type: "text/x" }, made: { content: "c", filename: "m" } };
    const { json } = await ask("/echo", { method: "POST", body, body_format: "form-multipart" });
    const echoed = JSON.stringify(json);
    for (const part of ["value", "file's content", 'filename=\\\\\\"f.txt', "Content-Type: text/x", 'filename=\\\\\\"m']) {
      expect(echoed.replaceAll('\\"', '\\\\\\"')).toContain(part);
    }
    expect((await ask("/echo", { method: "PUT", src: "f.txt" }))["json"]).toMatchObject({
      method: "PUT",
      body: "file's content",
    });
    writeFileSync(at("remote"), "on the host");
    const sent = await ask("/echo", { method: "PUT", src: at("remote"), remote_src: true });
    expect(sent["json"]).toMatchObject({ body: "on the host" });
  });

  it("fails with what was answered when the status is another one", async () => {
    server().serve("/no", { status: 404, body: "no such thing", headers: { "content-type": "text/plain" } });
    expect(await ask("/no")).toMatchObject({
      failed: true,
      status: 404,
      content: "no such thing",
      msg: "Status code was 404 and not [200]: HTTP Error 404: Not Found",
    });
    expect(await ask("/no", { status_code: [200, 404] })).toMatchObject({ status: 404, msg: "HTTP Error 404: Not Found" });
    expect(await ask("/no", { status_code: [200, 404] })).not.toHaveProperty("failed");
    expect(await ask("/x", { method: "HEAD", status_code: "404" })).toMatchObject({ status: 404 });
  });

  it("fails when nobody answers", async () => {
    const result = await call(host, { url: "http://127.0.0.1:9/", timeout: 2 });
    expect(result).toMatchObject({ failed: true, status: -1, redirected: false, changed: false });
    expect(result["msg"]).toMatch(/^Status code was -1 and not \[200\]: Request failed: .*(refused|connect)/is);
  });

  it("follows redirects as it is told", async () => {
    const secure = server().https;
    server().serve("/from", { redirect: "/echo" });
    server().serve("/see", { redirect: "/echo", status: 303 });
    server().serve("/keep", { redirect: "/echo", status: 307 });
    server().serve("/down", { redirect: `${server().http}/echo` });
    expect(await ask("/from")).toMatchObject({ status: 200, redirected: true, url: `${server().http}/echo` });
    expect(await ask("/from", { follow_redirects: "none", status_code: 302 })).toMatchObject({ status: 302, location: "/echo" });
    expect(await ask("/from", { method: "POST", body: "b", status_code: 302 })).toMatchObject({ status: 302 });
    expect((await ask("/see", { method: "POST", body: "b", follow_redirects: "all" }))["json"]).toMatchObject({
      method: "GET",
      body: "",
    });
    expect((await ask("/keep", { method: "POST", body: "b", follow_redirects: "all" }))["json"]).toMatchObject({
      method: "POST",
      body: "b",
    });
    expect(await call(host, { url: `${secure}/down`, validate_certs: false })).toMatchObject({
      failed: true,
      msg: `Status code was -1 and not [200]: Request failed: refused to follow a redirect from https down to http: ${server().http}/echo`,
    });
  });

  it("puts what came into a file, and says whether that changed it", async () => {
    server().serve("/dir/f.txt", "content");
    expect(await ask("/dir/f.txt", { dest: at("f"), mode: "0600" })).toMatchObject({ changed: true, path: at("f") });
    expect(readFileSync(at("f"), "utf8")).toBe("content");
    expect(statSync(at("f")).mode & 0o777).toBe(0o600);
    expect(await ask("/dir/f.txt", { dest: at("f"), mode: "0600" })).toMatchObject({ changed: false });
    server().serve("/dir/f.txt", "other");
    expect(await ask("/dir/f.txt", { dest: at("f") })).toMatchObject({ changed: true });
    expect(statSync(at("f")).mode & 0o777).toBe(0o600);
    expect(await ask("/dir/f.txt", { dest: host.directory })).toMatchObject({ changed: true, path: at("f.txt") });
    expect(await ask("/dir/f.txt", { dest: at("no/f") })).toMatchObject({
      failed: true,
      msg: `cannot make a temporary directory in ${at("no")}`,
    });
  });

  it("logs in, when it is asked to", async () => {
    server().serve("/closed", { body: "in", auth: { user: "u", password: "p" } });
    expect(await ask("/closed", { user: "u", password: "p", return_content: true })).toMatchObject({
      status: 200,
      content: "in",
    });
    expect(await ask("/closed", { user: "u", password: "wrong" })).toMatchObject({ failed: true, status: 401 });
  });
});

it("asks through a socket of the host", async () => {
  const host = await hostWith(curl);
  const socket = join(host.directory, "s.sock");
  const own = createServer((request, response) => response.end(`socket ${request.url}`));
  await new Promise<void>((resolve) => own.listen(socket, resolve));
  try {
    expect(await call(host, { url: "http://localhost/v1", unix_socket: socket, return_content: true })).toMatchObject({
      content: "socket /v1",
    });
    const proxies = { http_proxy: "http://127.0.0.1:9" };
    expect(await call(host, { url: "http://localhost/v2", unix_socket: socket, return_content: true }, proxies)).toMatchObject({
      content: "socket /v2",
    });
    expect(await call(host, { url: "http://localhost/v2" }, proxies)).toMatchObject({
      failed: true,
      msg: expect.stringContaining("(through the proxy http://127.0.0.1:9)"),
    });
    const without = await hostWith(wget);
    expect(await call(without, { url: "http://localhost/v1", unix_socket: socket })).toMatchObject({
      msg: "Status code was -1 and not [200]: Request failed: unix_socket needs curl, which the host does not have",
    });
    await without.remove();
  } finally {
    own.close();
    await host.remove();
  }
});

it("says what a host needs that has no tool", async () => {
  const host = await localHost("busybox");
  expect(await call(host, { url: `${server().http}/x` })).toMatchObject({
    failed: true,
    msg: "Status code was -1 and not [200]: Request failed: the host has neither curl nor GNU wget; install curl there, or ask from the control node with delegate_to: localhost",
  });
  await host.remove();
});

describe("what is refused", () => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost("dash");
  });
  afterAll(() => host.remove());

  it.each([
    [{ url: "file:///etc/passwd" }, '"file:///etc/passwd" is no URL that can be asked; it must begin with http:// or https://'],
    [{ url: "http://h/", method: "get" }, 'the method "get" must be in capitals, like GET'],
    [{ url: "http://h/", status_code: [2000] }, "status_code must be between 100 and 599"],
    [
      { url: "http://h/", body: 5, body_format: "form-urlencoded" },
      "with form-urlencoded the body must be a mapping, a list of pairs or a text",
    ],
    [{ url: "http://h/", body: "x", body_format: "form-multipart" }, "with form-multipart the body must be a mapping"],
    [{ url: "http://h/", body: { a: {} }, body_format: "form-multipart" }, 'the part "a" needs "content" or "filename"'],
    [{ url: "http://h/", src: "none" }, 'there is no file "none" on the control node'],
    [{ url: "http://h/", src: "a", body: "b" }, 'uri: "body" and "src" exclude each other; give one of them'],
    [
      { url: "http://h/", body_format: "xml" },
      'uri: "body_format" is "xml", but must be one of raw, json, form-urlencoded, form-multipart',
    ],
    [{ url: "http://h/", returncontent: true }, 'uri has no parameter "returncontent"; did you mean "return_content"?'],
  ])("%j", async (raw, message) => {
    await expect(call(host, raw)).rejects.toThrow(message);
  });
});
