import { sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";

/** `net.ipv4.ip_forward` as it is under /proc/sys. When the first separator is a slash, dots are part of names (`net/ipv4/conf/eth0.1`). */
export function settingPath(name: string): string {
  const isDotted = /^[^./]*\./.test(name);
  const swapped = isDotted ? name.replace(/[./]/g, (char) => (char === "." ? "/" : ".")) : name;
  return `/proc/sys/${swapped}`;
}

/** One spelling for equal names. */
export function settingName(name: string): string {
  return settingPath(name.trim().replace(/^-/, "")).slice("/proc/sys/".length);
}

/** Values that differ in white space only are equal: the kernel separates with tabs. */
export function settingValue(value: string): string {
  return value.trim().split(/\s+/).join(" ");
}

/** The kernel's values, all in one process. null: the kernel has no such setting (now; a module may bring it). */
const collector: Collector<string | null> = {
  name: "kernel-setting",
  beforeTraits: true,
  // Not by the shell's own "read", which reads byte by byte: the kernel gives a number in one piece or not at all.
  script: (items) => sh`for p in ${items.map(settingPath)}; do [ -e "$p" ] || printf 'none %s\\n' "$p"; done
grep -- '' /dev/null ${items.map(settingPath)} || :`,
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    const said = output.stderr.toString("utf8");
    return items.map((item) => {
      const path = settingPath(item);
      if (lines.includes(`none ${path}`)) return null;
      const values = lines.filter((line) => line.startsWith(`${path}:`)).map((line) => line.slice(path.length + 1));
      if (values.length === 0 && said.includes(`${path}: Permission denied`))
        return new Unknown(`no permission to read the kernel setting ${item}`);
      if (output.rc !== 0) return new Unknown(`cannot read the kernel setting ${item}: ${said.trim()}`);
      return settingValue(values.join(" "));
    });
  },
};

export function kernelSetting(name: string): Question<string | null> {
  return { collector, item: name };
}

/** Why this cannot be the name of a setting; undefined when it can. A path must not lead out of /proc/sys. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "name cannot be blank";
  if (/[\s=#;\0]/.test(name)) return `"${name}" is no name of a kernel setting: it must hold no white space and none of = # ;`;
  if (name.startsWith("-")) return `"${name}" is no name of a kernel setting: it must not begin with -; use ignoreerrors instead`;
  const parts = settingPath(name).slice("/proc/sys/".length).split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    return `"${name}" is no name of a kernel setting: write it like net.ipv4.ip_forward or net/ipv4/ip_forward`;
  return undefined;
}

/** Would the kernel show `live` when `wanted` has been written to the setting? */
export function isSameSetting(live: string, wanted: string): boolean {
  const [shown, written] = [live.split(" "), wanted.split(" ")];
  // Of several numbers the kernel lets the last ones be left out, and keeps what they are.
  const isEnough = written.length === shown.length || (written.length < shown.length && shown.every((one) => NUMBER.test(one)));
  return isEnough && written.every((one, index) => spelled(one) === spelled(shown[index] ?? ""));
}

const NUMBER = /^-?\d+$/;

/** A number in the base that its prefix says, as the kernel reads it; a list of numbers and ranges in order. */
function spelled(value: string): string {
  const [, sign = "", digits = ""] = /^(-?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(value) ?? [];
  if (digits !== "") return `${sign}${BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)}`;
  return /^\d+(-\d+)?(,\d+(-\d+)?)+$/.test(value) ? rangesIn(value) : value;
}

function rangesIn(value: string): string {
  const ranges = value
    .split(",")
    .map((one) => one.split("-").map(Number))
    .map(([from = 0, to = from]) => ({ from, to }))
    .sort((a, b) => a.from - b.from);
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
