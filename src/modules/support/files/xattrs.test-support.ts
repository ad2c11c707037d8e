/** Extended attributes of a file, which GNU tar can set and tell where nothing else is at hand that could. */
export type Attributes = Readonly<Record<string, string>>;

/** A tar archive with one file (mode 0755) that has these attributes, for `tar --xattrs --xattrs-include='*' -x`. Text is in Latin-1. */
export function archiveWithAttributes(name: string, content: string, attributes: Attributes): Buffer {
  const records = Object.entries(attributes).map(([key, value]) => record(`SCHILY.xattr.${key}=${value}\n`));
  return Buffer.concat([
    ...member("pax", "x", Buffer.from(records.join(""), "latin1")),
    ...member(name, "0", Buffer.from(content, "latin1")),
    Buffer.alloc(2 * BLOCK),
  ]);
}

/** The attributes that `tar --xattrs -c` has written of a file. */
export function attributesIn(archive: Buffer): Attributes {
  const text = archive.toString("latin1");
  const found: Record<string, string> = {};
  for (const match of text.matchAll(/(\d+) SCHILY\.xattr\.([^=]+)=/g)) {
    const [start, length = "", name = ""] = match;
    found[name] = text.slice(match.index + start.length, match.index + Number(length) - 1);
  }
  return found;
}

/** The capability to bind low ports, as `setcap cap_net_bind_service=ep` writes it. */
export const CAPABILITY = `\x01\0\0\x02\0\x04${"\0".repeat(14)}`;

const BLOCK = 512;

// The length at its start counts itself.
function record(text: string): string {
  let length = text.length + 2;
  while (`${length} ${text}`.length !== length) length += 1;
  return `${length} ${text}`;
}

function member(name: string, type: string, content: Buffer): readonly Buffer[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  const fields: readonly (readonly [at: number, text: string])[] = [
    [0, name],
    [100, octal(0o755, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(content.byteLength, 11)],
    [136, octal(0, 11)],
    [148, " ".repeat(8)],
    [156, type],
    [257, "ustar\x0000"],
  ];
  for (const [at, text] of fields) header.write(text, at, "latin1");
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  const padding = Buffer.alloc((BLOCK - (content.byteLength % BLOCK)) % BLOCK);
  return [header, content, padding];
}
