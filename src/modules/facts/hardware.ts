import type { HostTraits, Json, JsonObject } from "../contract.ts";
import { mountFacts } from "./mounts.ts";
import type { RawFacts } from "./raw.ts";

/** Processors, memory, firmware, block devices, mounts, uptime. */
export function hardwareFacts(raw: RawFacts, _traits: HostTraits): JsonObject {
  return {
    ...processors(raw.section("cpu")),
    ...memory(raw.lines("/proc/meminfo")),
    ...firmware(raw),
    ...mountFacts(raw),
    devices: devices(raw),
    uptime_seconds: Math.floor(Number((raw.first("/proc/uptime") ?? "0").split(" ")[0])),
  };
}

function processors(lines: readonly string[]): JsonObject {
  const processor: string[] = [];
  const sockets = new Map<string, { cores: number; siblings: number }>();
  let vcpus = 0;
  let socket = { cores: 0, siblings: 0 };
  for (const line of lines) {
    const colon = line.indexOf(":");
    const key = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (key === "processor") {
      vcpus += 1;
      processor.push(value);
    } else if (key === "vendor_id" || key === "model name" || key === "Processor" || key === "cpu") processor.push(value);
    else if (key === "physical id") {
      socket = sockets.get(value) ?? { cores: 0, siblings: 0 };
      sockets.set(value, socket);
    } else if (key === "cpu cores") socket.cores = Number(value);
    else if (key === "siblings") socket.siblings = Number(value);
  }
  const one = [...sockets.values()][0];
  // ARM says nothing about sockets and cores: each processor counts as one of each.
  const count = sockets.size > 0 ? sockets.size : Math.max(1, vcpus);
  const cores = one === undefined || one.cores === 0 ? 1 : one.cores;
  const threads = one === undefined || one.cores === 0 ? 1 : Math.max(1, Math.floor(one.siblings / one.cores));
  return {
    processor,
    processor_count: count,
    processor_cores: cores,
    processor_threads_per_core: threads,
    processor_vcpus: count * cores * threads,
    processor_nproc: vcpus,
  };
}

function memory(lines: readonly string[]): JsonObject {
  const mb = new Map(
    lines.map((line): [string, number] => {
      const match = /^(\w+(?:\(\w+\))?):\s+(\d+)/.exec(line);
      return [match?.[1] ?? "", Math.floor(Number(match?.[2] ?? 0) / 1024)];
    }),
  );
  const get = (name: string): number => mb.get(name) ?? 0;
  const [total, free, swapTotal, swapFree] = [get("MemTotal"), get("MemFree"), get("SwapTotal"), get("SwapFree")];
  const reclaimable = get("Cached") + get("Buffers");
  return {
    memtotal_mb: total,
    memfree_mb: free,
    swaptotal_mb: swapTotal,
    swapfree_mb: swapFree,
    memory_mb: {
      real: { total, used: total - free, free },
      nocache: { free: free + reclaimable, used: total - free - reclaimable },
      swap: { total: swapTotal, free: swapFree, used: swapTotal - swapFree, cached: get("SwapCached") },
    },
  };
}

const DMI: Readonly<Record<string, string>> = {
  bios_date: "bios_date",
  bios_vendor: "bios_vendor",
  bios_version: "bios_version",
  board_asset_tag: "board_asset_tag",
  board_name: "board_name",
  board_serial: "board_serial",
  board_vendor: "board_vendor",
  board_version: "board_version",
  chassis_asset_tag: "chassis_asset_tag",
  chassis_serial: "chassis_serial",
  chassis_vendor: "chassis_vendor",
  chassis_version: "chassis_version",
  product_name: "product_name",
  product_serial: "product_serial",
  product_uuid: "product_uuid",
  product_version: "product_version",
  system_vendor: "sys_vendor",
};

// SMBIOS 7.4.1, the types that servers and machines at people's desks have.
const CHASSIS: Readonly<Record<string, string>> = {
  "1": "Other",
  "2": "Unknown",
  "3": "Desktop",
  "4": "Low Profile Desktop",
  "6": "Mini Tower",
  "7": "Tower",
  "8": "Portable",
  "9": "Laptop",
  "10": "Notebook",
  "13": "All in One",
  "17": "Main Server Chassis",
  "23": "Rack Mount Chassis",
  "25": "Multi-system Chassis",
  "28": "Blade",
  "29": "Blade Enclosure",
  "35": "Mini PC",
  "36": "Stick PC",
};

function firmware(raw: RawFacts): JsonObject {
  const type = raw.first("/sys/class/dmi/id/chassis_type") ?? "";
  return {
    ...Object.fromEntries(Object.entries(DMI).map(([fact, file]) => [fact, raw.first(`/sys/class/dmi/id/${file}`) || "NA"])),
    form_factor: CHASSIS[type] ?? (type || "NA"),
  };
}

function devices(raw: RawFacts): JsonObject {
  const facts: Record<string, Json> = {};
  const names = new Set(raw.below("/sys/block").map((path) => path.split("/")[3] ?? ""));
  for (const name of names) {
    const value = (file: string): string | undefined => raw.first(`/sys/block/${name}/${file}`);
    const sectors = Number(value("size") ?? 0);
    // Empty loop devices and RAM disks are there by the dozen and mean nothing.
    if (sectors === 0 || name.startsWith("ram")) continue;
    const sectorSize = Number(value("queue/logical_block_size") ?? 512);
    facts[name] = {
      model: value("device/model") ?? null,
      vendor: value("device/vendor") ?? null,
      removable: value("removable") ?? "0",
      readonly: value("ro") ?? "0",
      rotational: value("queue/rotational") ?? "0",
      sectors: String(sectors),
      sectorsize: String(sectorSize),
      size: humanSize(sectors * 512),
      partitions: partitions(name, raw, sectorSize),
    };
  }
  return facts;
}

function partitions(device: string, raw: RawFacts, sectorSize: number): JsonObject {
  const facts: Record<string, Json> = {};
  for (const path of raw.below(`/sys/block/${device}`)) {
    const name = new RegExp(`^/sys/block/${device}/(${device}p?\\d+)/start$`).exec(path)?.[1];
    if (name === undefined) continue;
    const sectors = Number(raw.first(`/sys/block/${device}/${name}/size`) ?? 0);
    facts[name] = {
      start: raw.first(path) ?? "0",
      sectors: String(sectors),
      sectorsize: sectorSize,
      size: humanSize(sectors * 512),
    };
  }
  return facts;
}

/** "20.00 GB" */
function humanSize(bytes: number): string {
  const units = ["Bytes", "KB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}
