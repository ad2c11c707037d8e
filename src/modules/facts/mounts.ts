import type { Json, JsonObject } from "../contract.ts";
import type { RawFacts } from "./raw.ts";

/** mounts: file systems on devices and from the network, with sizes where they answered in time. */
export function mountFacts(raw: RawFacts): JsonObject {
  const sizes = new Map(
    raw.section("sizes").map((line): [string, readonly number[]] => {
      const fields = line.split("|");
      return [fields.slice(6).join("|"), fields.slice(0, 6).map(Number)];
    }),
  );
  const uuids = uuidsByDevice(raw.section("uuids"));
  const mounts: Json[] = [];
  for (const line of raw.lines("/proc/self/mounts")) {
    const [device = "", mount = "", fstype = "", options = "", dump = "0", pass = "0"] = line.split(" ").map(unescapeOctal);
    if (!device.startsWith("/") && !device.includes(":")) continue;
    mounts.push({
      mount,
      device,
      fstype,
      options,
      dump: Number(dump),
      passno: Number(pass),
      uuid: uuids.get(device) ?? "N/A",
      ...sizeFields(sizes.get(mount)),
    });
  }
  return { mounts };
}

function sizeFields(size: readonly number[] | undefined): JsonObject {
  if (size === undefined) return {};
  const [block = 0, total = 0, available = 0, , inodes = 0, free = 0] = size;
  return {
    block_size: block,
    block_total: total,
    block_available: available,
    block_used: total - available,
    inode_total: inodes,
    inode_available: free,
    inode_used: inodes - free,
    size_total: block * total,
    size_available: block * available,
  };
}

// '/dev/disk/by-uuid/1234' -> '../../sda1'
function uuidsByDevice(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const match = /by-uuid\/([^'"]+)['"]? -> ['"]?(?:\.\.\/)*([^'"]+)['"]?$/.exec(line);
      return match === null ? [] : [[`/dev/${match[2]}`, match[1] ?? ""]];
    }),
  );
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
