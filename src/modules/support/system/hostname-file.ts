import type { HostTraits } from "../../contract.ts";

/** Ansible's strategies that make sense on Linux. */
export const STRATEGIES = ["systemd", "debian", "alpine", "sles", "redhat", "openrc", "generic"] as const;
type Strategy = (typeof STRATEGIES)[number];

/** The file that holds the permanent name: how it is read, and what is written to change it and nothing else. */
export type NameFile = {
  readonly path: string;
  read(text: string): string | undefined;
  write(text: string, name: string): string;
};

/** /etc/hostname: the first line that is neither empty nor a comment (hostname(5)). */
const plain: NameFile = {
  path: "/etc/hostname",
  read: (text) => linesOf(text).find(isContent)?.trim(),
  write: (text, name) => {
    const lines = linesOf(text);
    const index = lines.findIndex(isContent);
    return ended(index < 0 ? [...lines, name] : lines.with(index, name));
  },
};

/** A shell file of settings, of which one is the name. The last assignment counts. */
function assignment(path: string, key: string, quote: '"' | ""): NameFile {
  const pattern = new RegExp(`^\\s*${key}=(.*)$`);
  return {
    path,
    read: (text) => {
      const value = linesOf(text)
        .flatMap((line) => pattern.exec(line)?.[1] ?? [])
        .at(-1);
      return value?.trim().replace(/^(["'])(.*)\1$/, "$2");
    },
    write: (text, name) => {
      const lines = linesOf(text);
      const index = lines.findLastIndex((line) => pattern.test(line));
      const line = `${key}=${quote}${name}${quote}`;
      return ended(index < 0 ? [...lines, line] : lines.with(index, line));
    },
  };
}

const FILES: Readonly<Record<Strategy, NameFile>> = {
  systemd: plain,
  debian: plain,
  alpine: plain,
  sles: { ...plain, path: "/etc/HOSTNAME" },
  redhat: assignment("/etc/sysconfig/network", "HOSTNAME", ""),
  openrc: assignment("/etc/conf.d/hostname", "hostname", '"'),
  generic: plain,
};

/** systemd reads /etc/hostname whatever the distribution; OpenRC on Alpine and Debian too, elsewhere its own file. */
export function nameFileFor(use: Strategy | undefined, { serviceManager, osFamily }: HostTraits): NameFile {
  if (use !== undefined) return FILES[use];
  if (serviceManager === "systemd") return FILES.systemd;
  const isFamily = (...names: readonly string[]): boolean => osFamily.some((one) => names.includes(one));
  if (isFamily("alpine", "debian")) return FILES.alpine;
  if (serviceManager === "openrc") return FILES.openrc;
  if (isFamily("rhel", "fedora", "centos")) return FILES.redhat;
  return FILES.generic;
}

const isContent = (line: string): boolean => !/^\s*(#|$)/.test(line);
const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
const ended = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
