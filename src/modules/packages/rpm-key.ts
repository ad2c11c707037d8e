import { createHash } from "node:crypto";
import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Difference, MissingPrerequisite, ModuleFailure, type Question, stateModule, Unknown } from "../contract.ts";
import { bool, choice, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import { failOnMissing } from "../support/packages/rpm.ts";
import { downloadKey, keyFunctions } from "../support/packages/signing-key.ts";
import { ask, nothing } from "../support/question.ts";

const params = parameters({
  key: {
    ...str(),
    required: true,
    description: "The key: a URL or a file on the host; for `state: absent` also its id (8 to 40 hexadecimal digits).",
  },
  state: { ...choice("present", "absent"), default: "present", description: "Whether rpm trusts it." },
  fingerprint: { ...listOf(str()), default: [], description: "The only fingerprints that the key may have." },
  validate_certs: { ...bool(), default: true, description: "Must stay true: a key from an unknown server is worth nothing." },
});
type Where =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "id"; readonly id: string };
type Input = { readonly where: Where; readonly state: "present" | "absent"; readonly fingerprints: readonly string[] };
/** Fingerprint of a key file; null when there is no file. */
type KeyFile = { readonly fingerprint: string | null };
/** Ids (the last 8 digits of the fingerprints) of the keys that rpm trusts. */
type Installed = readonly string[];
type Questions = { readonly installed: Question<Installed>; readonly file: Question<KeyFile> };
type Data = { readonly id: string | undefined };

const installedKeys: Question<Installed> = ask(
  "rpm keys",
  sh`${failOnMissing("rpm")}
rpm -q --qf '=%{VERSION}\\n' gpg-pubkey; :`,
  (output) => {
    const fault = /^error: .*$/m.exec(output.stderr.toString("utf8"))?.[0];
    if (output.rc !== 0 || fault !== undefined)
      return new Unknown(`cannot list rpm's keys: ${fault ?? output.stderr.toString("utf8").trim()}`);
    return [...output.stdout.toString("utf8").matchAll(/^=([0-9a-f]{8})$/gm)].map((match) => (match[1] ?? "").toUpperCase());
  },
);

// The binary form goes to a pipe's reader through the shell functions only by way of a file, and a probe writes none: so it is encoded.
function keyFile(path: string): Question<KeyFile> {
  const script = sh`[ -e ${path} ] || { echo missing; exit 0; }
[ -r ${path} ] || { echo ${`cannot read ${path}: permission denied`} >&2; exit 1; }
${keyFunctions}
k3_binary ${path} | base64`;
  return ask("key file", script, (output) => {
    const said = output.stdout.toString("utf8").trim();
    if (said === "missing") return { fingerprint: null };
    if (output.rc !== 0) return new Unknown(output.stderr.toString("utf8").trim() || `cannot read the key ${path}`);
    const fingerprint = fingerprintOf(Buffer.from(said.replace(/\s+/g, ""), "base64"));
    return fingerprint === undefined ? new Unknown(`${path} is no public key of OpenPGP (version 4)`) : { fingerprint };
  });
}

export const rpmKey = stateModule<ParametersOf<typeof params>, Input, Questions, Data>({
  name: "rpm_key",
  summary: "Makes rpm trust a key, or no longer.",
  description: [
    'A URL is fetched by the host. With `fingerprint` it is known whether rpm trusts the key already, and then nothing is fetched; without, it is fetched each time to see, and check mode says "may change".',
    "The fingerprint is computed from the key itself; gpg is not needed.",
  ],
  parameters: params,
  example: `- name: A key that is on the host
  rpm_key:
    key: /etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-9
  when: ansible_facts['pkg_mgr'] | default('') == 'dnf'
`,
  prepare: (given) => {
    if (!given.validate_certs)
      throw new ModuleFailure('"validate_certs: false" is refused: a key from an unknown server is worth nothing');
    const fingerprints = given.fingerprint.map((one) => one.replace(/\s+/g, "").toUpperCase());
    const wrong = fingerprints.find((one) => !/^[0-9A-F]{40}$/.test(one));
    if (wrong !== undefined) throw new ModuleFailure(`"fingerprint" must have 40 hexadecimal digits, but "${wrong}" has not`);
    const where = whereIs(given.key);
    if (where.kind === "id" && given.state === "present")
      throw new ModuleFailure(`"key: ${given.key}" is the id of a key; to add one, give its URL or the path of its file`);
    return Promise.resolve({ where, state: given.state, fingerprints });
  },
  probe: (input) => ({
    installed: installedKeys,
    file: input.where.kind === "file" ? keyFile(input.where.path) : nothing<KeyFile>({ fingerprint: null }),
  }),
  plan: ({ installed, file }, input) => {
    const { where, fingerprints } = input;
    const isPresent = input.state === "present";
    if (where.kind === "file" && file.fingerprint === null)
      throw new MissingPrerequisite(`path:${where.path}`, `there is no file ${where.path} with a key`);
    if (file.fingerprint !== null) refuseOther(file.fingerprint, fingerprints);
    const ids = knownIds(where, file, fingerprints);
    if (ids === undefined)
      return { differences: [], data: { id: undefined }, maybe: "the key has to be fetched to see which it is" };
    const found = ids.filter((id) => installed.includes(id));
    if (isPresent ? found.length > 0 : found.length === 0) return undefined;
    const id = isPresent ? ids[0] : found[0];
    const difference: Difference = {
      kind: "field",
      subject: `gpg-pubkey-${id?.toLowerCase()}`,
      name: "state",
      before: isPresent ? "absent" : "present",
      after: isPresent ? "present" : "absent",
    };
    return { differences: [difference], data: { id } };
  },
  apply: ({ data }, input) => ({ script: keyScript(data, input) }),
  predict: ({ data }, { installed }, input) => {
    if (data.id === undefined) return [];
    const answer = input.state === "present" ? [...installed, data.id] : installed.filter((one) => one !== data.id);
    return [{ question: installedKeys, answer }];
  },
  applied: (output) => (/^k3sprov: no change$/m.test(output.stdout.toString("utf8")) ? { changed: false } : {}),
});

function whereIs(key: string): Where {
  if (/^(https?|file|ftp):/.test(key)) return { kind: "url", url: key };
  if (key.startsWith("/")) return { kind: "file", path: key };
  const id = key.replace(/^0x/i, "").replace(/\s+/g, "").toUpperCase();
  if (/^[0-9A-F]{8,40}$/.test(id)) return { kind: "id", id: id.slice(-8) };
  throw new ModuleFailure(`"key: ${key}" is neither a URL, nor an absolute path, nor the id of a key`);
}

/** Ids that the key has, or one of which it has; undefined when only fetching it tells. */
function knownIds(where: Where, file: KeyFile, fingerprints: readonly string[]): readonly string[] | undefined {
  if (where.kind === "id") return [where.id];
  if (file.fingerprint !== null) return [file.fingerprint.slice(-8)];
  return fingerprints.length === 0 ? undefined : fingerprints.map((one) => one.slice(-8));
}

function refuseOther(found: string, allowed: readonly string[]): void {
  if (allowed.length > 0 && !allowed.includes(found))
    throw new ModuleFailure(`the key has the fingerprint ${found}, but must have ${allowed.join(" or ")}`);
}

/** Fingerprint of a version 4 key: SHA-1 over its first packet, with the header that RFC 4880 (12.2) says. */
export function fingerprintOf(key: Buffer): string | undefined {
  const [tag = 0, one = 0, two = 0] = key;
  const isNew = tag === 0xc6;
  const shape: Readonly<Record<number, readonly [start: number, length: number]>> = {
    152: [2, one],
    153: [3, one * 256 + two],
    198: isNew && one < 192 ? [2, one] : [3, (one - 192) * 256 + two + 192],
  };
  const found = shape[tag];
  if (found === undefined) return undefined;
  const [start, length] = found;
  const body = key.subarray(start, start + length);
  if (body.length !== length || body[0] !== 4) return undefined;
  const head = Buffer.from([0x99, length >> 8, length & 0xff]);
  return createHash("sha1").update(head).update(body).digest("hex").toUpperCase();
}

function keyScript(data: Data, input: Input): Sh {
  const { where } = input;
  if (where.kind === "id" || (input.state === "absent" && data.id !== undefined))
    return eraseScript(sh`${(data.id ?? "").toLowerCase()}`);
  if (where.kind === "file") return sh`rpm --import ${where.path} || exit`;
  const allowed = input.fingerprints;
  const check = sh`k3_print=$(k3_fingerprint "$k3_key/binary") || { echo ${`cannot tell the fingerprint of ${where.url}`} >&2; exit 1; }
${
  allowed.length === 0
    ? sh`:`
    : sh`k3_ok=; for k3_one in ${allowed}; do [ "$k3_one" = "$k3_print" ] && k3_ok=1; done
[ -n "$k3_ok" ] || { echo "the key has the fingerprint $k3_print, but must have "${allowed.join(" or ")} >&2; exit 1; }`
}
k3_id=$(printf %s "$k3_print" | tail -c 8 | tr A-F a-f)
k3_there() { rpm -q --qf '%{VERSION}\\n' gpg-pubkey 2>/dev/null | grep -qx "$k3_id"; }`;
  const act =
    input.state === "present"
      ? sh`if k3_there; then echo 'k3sprov: no change'; else rpm --import "$k3_key/download" || exit; fi`
      : sh`if k3_there; then ${eraseScript(sh`"$k3_id"`)}; else echo 'k3sprov: no change'; fi`;
  return joinSh([keyFunctions, downloadKey(where.url), check, act]);
}

const eraseScript = (id: Sh): Sh => sh`rpm --erase --allmatches gpg-pubkey-${id} || exit`;
