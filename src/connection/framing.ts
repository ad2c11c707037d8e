import { quote } from "../sh.ts";
import type { Section } from "./connection.ts";
import { type Decoders, type EncodedPayload, encodePayload, needsDecoders } from "./payload-encoding.ts";

/** Above this, a payload for bash goes into variables that `read -N` fills, ten times as fast as parsing it. */
const bashReadsFrom = 65_536;

/** A payload whose content is at hand, or lies on the host already: in this directory, under the name `part`. */
export type ReadyPayload = { readonly content: Uint8Array } | { readonly staged: string };
export type ReadySection = Omit<Section, "payloads"> & { readonly payloads?: Readonly<Record<string, ReadyPayload>> };

/** One delimiter on both streams. `value` is shell text that is put between double quotes. */
export function delimiter(nonce: string, label: string, value = ""): string {
  // The nonce is in the format and never the last argument, which bash would show to the next section as $_.
  return `printf '${nonce}:${label}:%s\\n' "${value}"; printf '${nonce}:${label}:%s\\n' '' >&2\n`;
}

/** Throws TypeError for what could not be put into a script: a defect of the caller. */
export function checkSection(section: Section): void {
  if (section.script.text.includes("\0")) throw new TypeError("a script must not contain a NUL byte");
  for (const name of Object.keys(section.payloads ?? {})) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`"${name}" is not a name for a payload`);
  }
  for (const name of Object.keys(section.environment ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`"${name}" is not a name for an environment variable`);
  }
}

export function sectionNeedsDecoders(section: ReadySection): boolean {
  return Object.values(section.payloads ?? {}).some((payload) => "content" in payload && needsDecoders(payload.content));
}

/**
 * The text that runs one section and reports on it. The section is a subshell, so that `exit`, `exec`, `cd`, `set` and
 * traps stay inside, and its script goes through `eval`, since a syntax error would end the whole shell otherwise. Its
 * input is /dev/null: the shell's own input is the program. Descriptor 9 is the host's lock, not for it to keep.
 */
export async function* frameSection(
  section: ReadySection,
  index: number,
  nonce: string,
  decoders: Decoders | undefined,
): AsyncGenerator<string> {
  const payloads: [string, EncodedPayload][] = [];
  const staged: [string, string][] = [];
  for (const [name, payload] of Object.entries(section.payloads ?? {})) {
    if ("content" in payload) payloads.push([name, await encodePayload(payload.content, decoders)]);
    else staged.push([name, payload.staged]);
  }
  const viaRead = new Set(
    payloads.filter(([, one]) => decoders?.bash === true && one.format === "%s" && one.length > bashReadsFrom),
  );
  for (const entry of viaRead) yield* readVariables(entry[0], entry[1]);
  yield "(\n";
  for (const [name, value] of Object.entries(section.environment ?? {})) yield `export ${name}=${quote(value)}\n`;
  if (payloads.length + staged.length > 0) {
    yield "payload() {\ncase $1 in\n";
    for (const entry of payloads) yield* payloadCase(entry[0], entry[1], viaRead.has(entry));
    for (const [name, directory] of staged) yield `${name}) cat ${quote(`${directory}/part`)};;\n`;
    yield '*) printf \'there is no payload "%s"\\n\' "$1" >&2; return 2;;\nesac\n}\n';
    yield "payload_into() {\ncase $1 in\n";
    for (const [name, directory] of staged) yield `${name}) mv -f ${quote(`${directory}/part`)} "$2";;\n`;
    yield '*) payload "$1" >"$2";;\nesac\n}\n';
  }
  // The blank keeps a script that begins with a dash from being taken for an option of eval.
  yield `eval ${quote(` ${section.script.text}`)}\n`;
  yield ") </dev/null 9>&-\n";
  const temporary = [...staged.map(([, directory]) => directory), ...(section.temporary ?? [])];
  if (temporary.length === 0) yield delimiter(nonce, String(index), "$?");
  else yield `k3_rc=$?\n${discard(temporary)}${delimiter(nonce, String(index), "$k3_rc")}`;
  for (const [name, payload] of viaRead) yield `unset ${variables(name, payload).join(" ")}\n`;
}

/** Removes what must not outlive a section. */
export function discard(directories: Iterable<string>): string {
  return `rm -rf ${[...directories].map(quote).join(" ")} </dev/null >/dev/null 2>&1\n`;
}

function* payloadCase(name: string, payload: EncodedPayload, viaRead: boolean): Generator<string> {
  const filters = payload.filters.map((filter) => ` | ${filter}`).join("");
  if (viaRead) {
    yield `${name}) printf %s ${variables(name, payload)
      .map((one) => `"$${one}"`)
      .join(" ")}${filters};;\n`;
    return;
  }
  if (payload.format === "octal") {
    yield `${name})\n`;
    for (const word of payload.words) yield `printf '${word}'\n`;
    yield ";;\n";
    return;
  }
  yield `${name}) printf %s`;
  // An empty payload has no words, and `printf %s` alone prints nothing.
  for (const word of payload.words) yield ` ${quote(word)}`;
  yield `${filters};;\n`;
}

function variables(name: string, payload: EncodedPayload): string[] {
  return payload.words.map((_, index) => `k3_${name}_${index}`);
}

/** `read -N` takes blocks from a pipe only outside of POSIX mode, and never more than it was asked for. */
function* readVariables(name: string, payload: EncodedPayload): Generator<string> {
  yield "set +o posix\n";
  for (const [index, word] of payload.words.entries()) {
    yield `IFS= read -r -N ${word.length} k3_${name}_${index} || exit 74\n${word}\n`;
  }
  yield "set -o posix\n";
}
