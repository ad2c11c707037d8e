import { joinSh, type Sh, sh } from "../../sh.ts";
import {
  type Apply,
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type Question,
  stateModule,
  Unknown,
} from "../contract.ts";
import { bool, choice, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import { fetchKey, type KeyFile, keyFile, keyUrl, refuseOtherKeys, wantedFingerprints } from "../support/packages/fetch-key.ts";
import { failOnMissing } from "../support/packages/rpm.ts";
import { keyFunctions } from "../support/packages/signing-key.ts";
import { ask, nothing } from "../support/question.ts";

const params = parameters({
  key: {
    ...str(),
    required: true,
    description: "The key: a URL or a file on the host; for `state: absent` also its id (8 to 40 hexadecimal digits).",
  },
  state: { ...choice("present", "absent"), default: "present", description: "Whether rpm trusts it." },
  fingerprint: {
    ...listOf(str()),
    default: [],
    description: "The only fingerprints that the key may have; needed with an http: URL.",
  },
  validate_certs: { ...bool(), default: true, description: "Must stay true: a key from an unknown server is worth nothing." },
});
type Where =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "id"; readonly id: string };
type Input = { readonly where: Where; readonly state: "present" | "absent"; readonly fingerprints: readonly string[] };
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

export const rpmKey = stateModule<ParametersOf<typeof params>, Input, Questions, Data>({
  name: "rpm_key",
  summary: "Makes rpm trust a key, or no longer.",
  description: [
    'A URL is fetched by the host, through the proxies of its environment, without redirects from https to http. With `fingerprint` it is known whether rpm trusts the key already, and then nothing is fetched; without, it is fetched each time to see, and check mode says "may change".',
    "The fingerprint is computed from the key itself; gpg is not needed. With `fingerprint`, every key in the file must have one of those given, and nothing but what was looked at is imported.",
    "Different from Ansible: an `http:` URL needs `fingerprint`, since whoever is on the way could give another key.",
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
    const fingerprints = wantedFingerprints(given.fingerprint, "fingerprint");
    const where = whereIs(given.key, fingerprints);
    if (where.kind === "id" && given.state === "present")
      throw new ModuleFailure(`"key: ${given.key}" is the id of a key; to add one, give its URL or the path of its file`);
    return Promise.resolve({ where, state: given.state, fingerprints });
  },
  probe: (input) => ({
    installed: installedKeys,
    file: input.where.kind === "file" ? keyFile(input.where.path) : nothing<KeyFile>({ fingerprints: null }),
  }),
  plan: ({ installed, file }, input) => {
    const { where, fingerprints } = input;
    const isPresent = input.state === "present";
    const isTrusted = fingerprints.some((one) => installed.includes(one.slice(-8)));
    // No other key is wanted, whatever the file would have; in a dry run an earlier task may be to bring it.
    if (where.kind === "file" && file.fingerprints === null && isPresent && isTrusted) return undefined;
    if (where.kind === "file" && file.fingerprints === null)
      throw new MissingPrerequisite(`path:${where.path}`, `there is no file ${where.path} with a key`);
    refuseOtherKeys(file.fingerprints ?? [], fingerprints);
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
  apply: ({ data }, input) => keyApply(data, input),
  predict: ({ data }, { installed }, input) => {
    if (data.id === undefined) return [];
    const answer = input.state === "present" ? [...installed, data.id] : installed.filter((one) => one !== data.id);
    return [{ question: installedKeys, answer }];
  },
  applied: (output) => (/^k3sprov: no change$/m.test(output.stdout.toString("utf8")) ? { changed: false } : {}),
});

function whereIs(key: string, fingerprints: readonly string[]): Where {
  if (/^(https?|file|ftp):/.test(key)) return { kind: "url", url: keyUrl(key, "key", fingerprints, "fingerprint") };
  if (key.startsWith("/")) return { kind: "file", path: key };
  const id = key.replace(/^0x/i, "").replace(/\s+/g, "").toUpperCase();
  if (/^[0-9A-F]{8,40}$/.test(id)) return { kind: "id", id: id.slice(-8) };
  throw new ModuleFailure(`"key: ${key}" is neither a URL, nor an absolute path, nor the id of a key`);
}

/** Ids that the key has, or one of which it has; undefined when only fetching it tells. */
function knownIds(where: Where, file: KeyFile, fingerprints: readonly string[]): readonly string[] | undefined {
  if (where.kind === "id") return [where.id];
  const [first] = file.fingerprints ?? [];
  if (first !== undefined) return [first.slice(-8)];
  return fingerprints.length === 0 ? undefined : fingerprints.map((one) => one.slice(-8));
}

// Where the task says which key it is, only the block that was looked at is imported: rpm would take others that follow it as well.
function keyApply(data: Data, input: Input): Apply {
  const { where, fingerprints } = input;
  if (where.kind === "id" || (input.state === "absent" && data.id !== undefined))
    return { script: eraseScript(sh`${(data.id ?? "").toLowerCase()}`) };
  if (where.kind === "file")
    return { script: fingerprints.length === 0 ? sh`rpm --import ${where.path} || exit` : importBlock(where.path) };
  const fetched = fetchKey(where.url, fingerprints);
  const identify = sh`k3_id=$(printf '%s\\n' $k3_prints | head -n 1 | tail -c 9 | tr A-F a-f)
k3_there() { rpm -q --qf '%{VERSION}\\n' gpg-pubkey 2>/dev/null | grep -qx "$k3_id"; }`;
  const imported =
    fingerprints.length === 0
      ? sh`rpm --import "$k3_key/download" || exit`
      : sh`k3_armour "$k3_key/download" > "$k3_key/armour" && rpm --import "$k3_key/armour" || exit`;
  const act =
    input.state === "present"
      ? sh`if k3_there; then echo 'k3sprov: no change'; else ${imported}; fi`
      : sh`if k3_there; then ${eraseScript(sh`"$k3_id"`)}; else echo 'k3sprov: no change'; fi`;
  return { script: joinSh([fetched.script, identify, act]), payloads: fetched.payloads };
}

function importBlock(path: string): Sh {
  return sh`${keyFunctions}
k3_key=$(mktemp -d) || exit
trap 'rm -rf "$k3_key"' EXIT
trap 'exit 1' HUP INT TERM
k3_armour ${path} > "$k3_key/armour" && rpm --import "$k3_key/armour" || exit`;
}

const eraseScript = (id: Sh): Sh => sh`rpm --erase --allmatches gpg-pubkey-${id} || exit`;
