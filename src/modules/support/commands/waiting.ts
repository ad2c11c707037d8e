import { joinSh, Sh, sh } from "../../../sh.ts";

/** What is waited for. Times are seconds. */
export type Waiting = {
  readonly what:
    | { readonly kind: "time" }
    | { readonly kind: "path"; readonly path: string; readonly present: boolean; readonly regex: string | undefined }
    | {
        readonly kind: "port";
        readonly host: string;
        readonly port: number;
        readonly open: boolean;
        readonly regex: string | undefined;
      }
    | {
        readonly kind: "drained";
        readonly addresses: readonly string[];
        readonly port: number;
        /** Hexadecimal states of /proc/net/tcp. */
        readonly states: readonly string[];
        /** Hexadecimal addresses of peers that do not count. */
        readonly excluded: readonly string[];
      };
  readonly timeout: number;
  readonly delay: number;
  readonly sleep: number;
  readonly connectTimeout: number;
};

export const TIMED_OUT = 75;
const UNABLE = 76;

/**
 * One script that looks until what is waited for is so: exit status 0, or 75 when the time is up. It prints the line that a regular
 * expression was found in. /proc/uptime is the clock, since it costs no process and nobody sets it.
 */
export function waitingScript(waiting: Waiting): Sh {
  const { what } = waiting;
  if (what.kind === "time") return sh`sleep ${waiting.delay + waiting.timeout}`;
  return joinSh([
    new Sh("k3_now() { read -r up rest < /proc/uptime; now=${up%.*}; }"),
    look(what, waiting.connectTimeout),
    sh`k3_now; end=$((now + ${waiting.timeout}))
${waiting.delay > 0 ? sh`sleep ${waiting.delay}` : sh``}
while :; do
k3_look && exit 0
k3_now; [ "$now" -lt "$end" ] || exit ${TIMED_OUT}
sleep ${waiting.sleep}
done`,
  ]);
}

function look(what: Exclude<Waiting["what"], { readonly kind: "time" }>, connectTimeout: number): Sh {
  if (what.kind === "path") return lookAtPath(what);
  if (what.kind === "drained") return lookAtConnections(what);
  return lookAtPort(what, connectTimeout);
}

// GNU grep knows Perl's expressions, which are nearest to Python's; others know POSIX's extended ones.
const search = (regex: string): Sh =>
  sh`if [ -z "$k3_grep" ]; then k3_grep=-E; echo a | grep -qP a 2>/dev/null && k3_grep=-P; fi; grep "$k3_grep" -m 1 -e ${regex}`;

function lookAtPath(what: { readonly path: string; readonly present: boolean; readonly regex: string | undefined }): Sh {
  const found =
    what.regex === undefined
      ? sh`[ -e ${what.path} ]`
      : sh`[ -e ${what.path} ] && { ${search(what.regex)} < ${what.path}; } 2>/dev/null`;
  if (what.present) return sh`k3_look() { ${found}; }`;
  return sh`k3_look() { ! { ${found}; } >/dev/null; }`;
}

const LOCAL = new Set(["127.0.0.1", "localhost", "::1", "0.0.0.0", "::"]);

function lookAtPort(
  what: { readonly host: string; readonly port: number; readonly open: boolean; readonly regex: string | undefined },
  connectTimeout: number,
): Sh {
  const isLocal = LOCAL.has(what.host) && what.regex === undefined;
  const connect = isLocal ? listening(what.port) : connecting(what, connectTimeout);
  return sh`${connect}
k3_look() { ${what.open ? sh`k3_open` : sh`! k3_open >/dev/null`}; }`;
}

/** Is something listening? The kernel's table says so without a connection that the service would see. 0A is TCP_LISTEN. */
function listening(port: number): Sh {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  // All addresses, 127.0.0.1 (in the byte order of the host, so both ways), ::1 and 127.0.0.1 as an IPv6 address.
  return sh`k3_open() {
for f in /proc/net/tcp /proc/net/tcp6; do [ -r $f ] || continue
while read -r n l r s x; do [ "$s" = 0A ] || continue
case $l in 00000000:${hex}|0100007F:${hex}|7F000001:${hex}|00000000000000000000000000000000:${hex}|00000000000000000000000001000000:${hex}|0000000000000000FFFF00000100007F:${hex}) return 0 ;; esac
done < $f
done
return 1; }`;
}

/** bash can connect by itself; else one of the usual tools. None of them is a requirement on hosts, only of this use of wait_for. */
function connecting(
  what: { readonly host: string; readonly port: number; readonly regex: string | undefined },
  limit: number,
): Sh {
  const { host, port, regex } = what;
  const noTool = sh`{ echo 'the host has no tool to try a connection with (bash, nc, python3 or perl, and timeout)' >&2; exit ${UNABLE}; }`;
  const has = (name: string): Sh => sh`command -v ${name} >/dev/null`;
  if (regex !== undefined) {
    return sh`${has("timeout")} || ${noTool}
if ${has("bash")}; then k3_talk() { timeout ${limit} bash -c ${'exec 3<>"/dev/tcp/$0/$1" && cat <&3'} ${host} ${port} 2>/dev/null; }
elif ${has("nc")}; then k3_talk() { timeout ${limit} nc ${host} ${port} </dev/null 2>/dev/null; }
else ${noTool}; fi
k3_open() { k3_talk | { ${search(regex)}; }; }`;
  }
  return sh`if ${has("bash")} && ${has("timeout")}; then k3_open() { timeout ${limit} bash -c ${'exec 3<>"/dev/tcp/$0/$1"'} ${host} ${port} 2>/dev/null; }
elif ${has("python3")}; then k3_open() { python3 -c ${"import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))"} ${host} ${port} ${limit} 2>/dev/null; }
elif ${has("nc")}; then k3_open() { nc -w ${limit} ${host} ${port} </dev/null >/dev/null 2>&1; }
else ${noTool}; fi`;
}

function lookAtConnections(what: Extract<Waiting["what"], { readonly kind: "drained" }>): Sh {
  const port = what.port.toString(16).toUpperCase().padStart(4, "0");
  const excluded = what.excluded.length === 0 ? sh`none` : joinAlternatives(what.excluded.map((one) => `${one}:*`));
  const locals = what.addresses.length === 0 ? sh`*:${port}` : joinAlternatives(what.addresses.map((one) => `${one}:${port}`));
  return sh`k3_look() {
for f in /proc/net/tcp /proc/net/tcp6; do [ -r $f ] || continue
while read -r n l r s x; do
case $s in ${joinAlternatives(what.states)}) ;; *) continue ;; esac
case $l in ${locals}) ;; *) continue ;; esac
case $r in ${excluded}) continue ;; esac
return 1
done < $f
done
return 0; }`;
}

// Patterns of `case`; they hold hexadecimal digits, ":" and "*" only, which need no quoting.
function joinAlternatives(patterns: readonly string[]): Sh {
  for (const pattern of patterns) if (!/^[0-9A-F:*]+$/.test(pattern)) throw new TypeError(`no pattern of addresses: ${pattern}`);
  return new Sh(patterns.join("|"));
}

export const TCP_STATES = [
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
];

/** "ESTABLISHED" is "01" in /proc/net/tcp (see the kernel's tcp_states.h); undefined for what is no state. */
export function stateCode(state: string): string | undefined {
  const index = TCP_STATES.indexOf(state.toUpperCase());
  return index < 0 ? undefined : (index + 1).toString(16).toUpperCase().padStart(2, "0");
}

/** An IP address as /proc/net/tcp{,6} shows it on little-endian hosts; undefined for what is none. */
export function addressCodes(address: string): readonly string[] | undefined {
  const parts = address.split(".").map(Number);
  if (/^\d+(\.\d+){3}$/.test(address) && parts.every((part) => part <= 255)) {
    const code = parts
      .reverse()
      .map((part) => part.toString(16).toUpperCase().padStart(2, "0"))
      .join("");
    return [code, `0000000000000000FFFF0000${code}`];
  }
  const groups = ipv6Groups(address);
  if (groups === undefined) return undefined;
  const bytes = groups.flatMap((group) => [group >> 8, group & 255]);
  const words = [0, 4, 8, 12].map((at) => bytes.slice(at, at + 4).reverse());
  return [
    words
      .flat()
      .map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"))
      .join(""),
  ];
}

function ipv6Groups(address: string): number[] | undefined {
  const [left = "", right, more] = address.split("::");
  if (more !== undefined || !/^[0-9a-fA-F:]+$/.test(address) || !address.includes(":")) return undefined;
  const numbers = (text: string): number[] => (text === "" ? [] : text.split(":").map((one) => Number.parseInt(one, 16)));
  const head = numbers(left);
  const tail = right === undefined ? [] : numbers(right);
  const gap = 8 - head.length - tail.length;
  if (right === undefined ? gap !== 0 : gap < 1) return undefined;
  const groups = [...head, ...Array.from({ length: gap }, () => 0), ...tail];
  return groups.every((one) => one >= 0 && one <= 0xffff) ? groups : undefined;
}
