import { randomBytes } from "node:crypto";
import { type ControlNode, ModuleFailure } from "../../contract.ts";
import { baseName } from "../files/host-path.ts";
import { pythonJson } from "../python-json.ts";

export type BodyFormat = "raw" | "json" | "form-urlencoded" | "form-multipart";
export type RequestBody = { readonly content: Uint8Array; readonly contentType: string | undefined };

/** The bytes of a request's body, as its format says. Throws ModuleFailure for what the format cannot hold. */
export async function requestBody(body: unknown, format: BodyFormat, control: ControlNode): Promise<RequestBody> {
  switch (format) {
    case "json":
      return { content: utf8(typeof body === "string" ? body : pythonJson(body)), contentType: "application/json" };
    case "form-urlencoded":
      return {
        content: utf8(typeof body === "string" ? body : urlEncoded(body)),
        contentType: "application/x-www-form-urlencoded",
      };
    case "form-multipart":
      return multipart(body, control);
    case "raw":
      return { content: utf8(plain(body)), contentType: undefined };
  }
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");
const plain = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? pythonJson(value)
    : typeof value === "boolean"
      ? value
        ? "True"
        : "False"
      : String(value ?? "");

function urlEncoded(body: unknown): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of pairs(body)) {
    for (const one of Array.isArray(value) ? value : [value]) encoded.append(name, plain(one));
  }
  return encoded.toString();
}

function pairs(body: unknown): (readonly [string, unknown])[] {
  if (Array.isArray(body)) {
    return body.map((one: unknown) => {
      if (!Array.isArray(one) || one.length !== 2)
        throw new ModuleFailure("with form-urlencoded a list must hold pairs: [name, value]");
      const [name, value]: unknown[] = one;
      return [plain(name), value] as const;
    });
  }
  if (typeof body === "object" && body !== null) return Object.entries(body);
  throw new ModuleFailure("with form-urlencoded the body must be a mapping, a list of pairs or a text");
}

async function multipart(body: unknown, control: ControlNode): Promise<RequestBody> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ModuleFailure("with form-multipart the body must be a mapping");
  }
  const boundary = `k3sprov-${randomBytes(16).toString("hex")}`;
  const parts: Uint8Array[] = [];
  for (const [name, value] of Object.entries(body)) {
    const { content, filename, type } = await part(name, value, control);
    const file = filename === undefined ? "" : `; filename="${attribute(filename)}"`;
    const kind = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    parts.push(
      utf8(`--${boundary}\r\nContent-Disposition: form-data; name="${attribute(name)}"${file}\r\n${kind}\r\n`),
      content,
      utf8("\r\n"),
    );
  }
  return {
    content: Buffer.concat([...parts, utf8(`--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

// As browsers write it: what would end the attribute early is percent-encoded.
const attribute = (text: string): string => text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

async function part(name: string, value: unknown, control: ControlNode) {
  if (typeof value !== "object" || value === null) return { content: utf8(plain(value)), filename: undefined, type: undefined };
  const fields = new Map(Object.entries(value));
  const [filename, content, mime] = ["filename", "content", "mime_type"].map((key) => {
    const field: unknown = fields.get(key);
    if (field !== undefined && field !== null && typeof field !== "string")
      throw new ModuleFailure(`"${key}" of the part "${name}" must be a text`);
    return field ?? undefined;
  });
  if (mime !== undefined && /[\r\n]/.test(mime)) throw new ModuleFailure(`"mime_type" of the part "${name}" must be one line`);
  const type = mime ?? (filename === undefined ? undefined : "application/octet-stream");
  const shown = filename === undefined ? undefined : baseName(filename);
  if (content !== undefined) return { content: utf8(content), filename: shown, type };
  if (filename === undefined) throw new ModuleFailure(`the part "${name}" needs "content" or "filename"`);
  return { content: await control.read(control.find(filename, "files")), filename: shown, type };
}
