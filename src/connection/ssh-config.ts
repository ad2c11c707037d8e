import { readdirSync, readFileSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { rememberedForRun } from "../run-memory.ts";

/** The settings of ssh_config(5) that we honour, for one host. All others are passed over quietly. */
export type SshSettings = {
  readonly hostName?: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** `none`, a path, `SSH_AUTH_SOCK`. */
  readonly identityAgent?: string;
  readonly proxyJump?: string;
  readonly proxyCommand?: string;
  readonly connectTimeoutMs?: number;
  readonly serverAliveMs?: number;
  readonly serverAliveCountMax?: number;
  readonly strictHostKeyChecking?: "strict" | "accept-new" | "off";
  readonly userKnownHostsFiles?: readonly string[];
  readonly globalKnownHostsFiles?: readonly string[];
  readonly hostKeyAlias?: string;
};

/** A keyword in lower case and its arguments, quotes taken off. `rest` is the line's text after the keyword. */
type Line = { readonly keyword: string; readonly args: readonly string[]; readonly rest: string };

type Reading = {
  readonly originalHost: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly found: Map<string, Line>;
  readonly identityFiles: string[];
  readonly warn: (message: string) => void;
};

const deepestInclude = 16;
const files = rememberedForRun(() => new Map<string, readonly Line[]>());

/**
 * Reads `file`, or ~/.ssh/config and then /etc/ssh/ssh_config without one, for `host` as the user typed it. The first value
 * of a keyword wins. `user` and `port` are known already and beat the files. Throws what reading `file` throws; a
 * default file that does not exist is empty.
 */
export function readSshConfig(
  host: string,
  options: {
    readonly file?: string;
    readonly user?: string;
    readonly port?: number;
    readonly warn?: (message: string) => void;
  } = {},
): SshSettings {
  const reading: Reading = {
    originalHost: host,
    user: options.user,
    port: options.port,
    found: new Map(),
    identityFiles: [],
    warn: options.warn ?? (() => {}),
  };
  if (options.file !== undefined) {
    apply(parse(readFileSync(expandHome(options.file), "utf8")), true, reading, dirname(expandHome(options.file)), 0);
  } else {
    for (const file of [join(homedir(), ".ssh", "config"), "/etc/ssh/ssh_config"]) {
      apply(readOptional(file, reading.warn), true, reading, dirname(file), 0);
    }
  }
  return settings(reading);
}

/** Files are read once: a run does not change its mind in the middle. */
function readOptional(file: string, warn: (message: string) => void): readonly Line[] {
  const known = files().get(file);
  if (known !== undefined) return known;
  let lines: readonly Line[] = [];
  try {
    lines = parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))) {
      warn(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  }
  files().set(file, lines);
  return lines;
}

export function parse(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(raw);
    if (match === null || raw.trimStart().startsWith("#")) continue;
    const [, keyword = "", rest = ""] = match;
    lines.push({ keyword: keyword.toLowerCase(), args: words(rest), rest });
  }
  return lines;
}

/** Splits at blanks outside of quotes; `#` begins a comment where a word could begin. */
function words(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(#.*)|([^\s"']+))/g)) {
    if (match[3] !== undefined) break;
    found.push((match[1]?.replaceAll(/\\(["\\])/g, "$1") ?? match[2] ?? match[4] ?? "").replace(/^=/, ""));
  }
  return found;
}

function apply(lines: readonly Line[], initially: boolean, reading: Reading, folder: string, depth: number): void {
  let active = initially;
  for (const line of lines) {
    switch (line.keyword) {
      case "host":
        active = initially && matchesPatterns(reading.originalHost, line.args);
        break;
      case "match":
        active = initially && matchesCriteria(line.args, reading);
        break;
      case "include":
        if (active) include(line.args, reading, folder, depth);
        break;
      case "identityfile":
        if (active && line.args[0] !== undefined) reading.identityFiles.push(line.args[0]);
        break;
      default:
        if (active && !reading.found.has(line.keyword)) reading.found.set(line.keyword, line);
    }
  }
}

function include(patterns: readonly string[], reading: Reading, folder: string, depth: number): void {
  if (depth >= deepestInclude) {
    reading.warn(`Include is nested more than ${deepestInclude} deep in ${folder}`);
    return;
  }
  for (const pattern of patterns) {
    const path = expandHome(pattern);
    for (const file of glob(isAbsolute(path) ? path : join(folder, path))) {
      apply(readOptional(file, reading.warn), true, reading, dirname(file), depth + 1);
    }
  }
}

/** Files that match a path with `*` and `?`, in the order of their names. */
function glob(pattern: string): string[] {
  if (!/[*?]/.test(pattern)) return [pattern];
  const folders = glob(dirname(pattern));
  const name = basename(pattern);
  return folders.flatMap((folder) => {
    if (!/[*?]/.test(name)) return [join(folder, name)];
    try {
      return readdirSync(folder)
        .filter((entry) => matchesPattern(entry, name) && (name.startsWith(".") || !entry.startsWith(".")))
        .sort()
        .map((entry) => join(folder, entry));
    } catch {
      return [];
    }
  });
}

/** `*` and `?` as in ssh_config and known_hosts; case is ignored, as in host names. */
export function matchesPattern(value: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "is").test(value);
}

/** One pattern must match, and none that is negated by `!`. */
export function matchesPatterns(value: string, patterns: readonly string[]): boolean {
  if (patterns.some((pattern) => pattern.startsWith("!") && matchesPattern(value, pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(value, pattern));
}

function matchesCriteria(args: readonly string[], reading: Reading): boolean {
  const rest = [...args];
  let matches = true;
  for (let criterion = rest.shift(); criterion !== undefined; criterion = rest.shift()) {
    const negated = criterion.startsWith("!");
    const [name = "", attached] = criterion.replace(/^!/, "").toLowerCase().split("=");
    let one: boolean;
    if (name === "all") one = true;
    // A second pass over the files for canonical names, which we never make.
    else if (name === "canonical" || name === "final") one = false;
    else {
      const patterns = (attached ?? rest.shift() ?? "").split(",");
      const value = criterionValue(name, reading);
      if (value === undefined) {
        reading.warn(`ssh configuration: "Match ${name}" is not supported; its block is passed over`);
        return false;
      }
      one = matchesPatterns(value, patterns);
    }
    if (one === negated) matches = false;
  }
  return matches;
}

function criterionValue(name: string, reading: Reading): string | undefined {
  switch (name) {
    case "host":
      return hostNameOf(reading);
    case "originalhost":
      return reading.originalHost;
    case "user":
      return reading.user ?? reading.found.get("user")?.args[0] ?? userInfo().username;
    case "localuser":
      return userInfo().username;
    default:
      return undefined;
  }
}

function hostNameOf(reading: Reading): string {
  const set = reading.found.get("hostname")?.args[0];
  return set === undefined ? reading.originalHost : expandTokens(set, { h: reading.originalHost });
}

/** `%%` and `%x` for each letter that is given. */
export function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%(.)/g, (whole, letter: string) => (letter === "%" ? "%" : (tokens[letter] ?? whole)));
}

export function expandHome(path: string): string {
  if (path === "~" || path.startsWith("~/")) return homedir() + path.slice(1);
  return path.replaceAll(/\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string) => process.env[name] ?? whole);
}

function settings(reading: Reading): SshSettings {
  const value = (keyword: string) => reading.found.get(keyword)?.args[0];
  const hostName = hostNameOf(reading);
  const user = reading.user ?? value("user");
  const port = reading.port ?? numberOf(value("port"));
  const tokens = {
    d: homedir(),
    h: hostName,
    i: String(userInfo().uid),
    l: hostname(),
    L: hostname().split(".")[0] ?? "",
    n: reading.originalHost,
    p: String(port ?? 22),
    r: user ?? userInfo().username,
    u: userInfo().username,
  };
  const path = (text: string) => expandTokens(expandHome(text), tokens);
  const knownHosts = (keyword: string) =>
    reading.found
      .get(keyword)
      ?.args.filter((one) => one !== "none")
      .map(path);
  const checking = value("stricthostkeychecking")?.toLowerCase();
  const identityAgent = value("identityagent");
  const found: { [K in keyof SshSettings]: SshSettings[K] | undefined } = {
    hostName,
    user,
    port,
    identityFiles: reading.identityFiles.filter((one) => one !== "none").map(path),
    identitiesOnly: value("identitiesonly")?.toLowerCase() === "yes",
    identityAgent: identityAgent?.startsWith("$")
      ? process.env[identityAgent.replaceAll(/[${}]/g, "")]
      : identityAgent && path(identityAgent),
    proxyJump: value("proxyjump"),
    proxyCommand: reading.found.get("proxycommand") && expandTokens(reading.found.get("proxycommand")?.rest ?? "", tokens),
    connectTimeoutMs: secondsOf(value("connecttimeout")),
    serverAliveMs: secondsOf(value("serveraliveinterval")),
    serverAliveCountMax: numberOf(value("serveralivecountmax")),
    strictHostKeyChecking:
      checking === undefined
        ? undefined
        : checking === "accept-new"
          ? "accept-new"
          : checking === "no" || checking === "off"
            ? "off"
            : "strict",
    userKnownHostsFiles: knownHosts("userknownhostsfile"),
    globalKnownHostsFiles: knownHosts("globalknownhostsfile"),
    hostKeyAlias: value("hostkeyalias"),
  };
  return withoutUndefined(found);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Seconds, or times like `1m30s`. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const unit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  let seconds = 0;
  for (const [, digits, letter = "s"] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(digits) * (unit[letter.toLowerCase() || "s"] ?? 1);
  }
  return seconds * 1000;
}

function withoutUndefined(found: { [K in keyof SshSettings]: SshSettings[K] | undefined }): SshSettings {
  // Only keys whose value is undefined are left out, which is what the optional fields of SshSettings mean.
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as unknown as SshSettings;
}
