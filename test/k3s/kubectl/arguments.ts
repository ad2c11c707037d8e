import { KubectlError } from "./client.ts";

export type Arguments = {
  readonly words: readonly string[];
  /** The last value of a flag; "true" for a switch. */
  flag(name: string): string | undefined;
  isOn(name: string): boolean;
  all(name: string): readonly string[];
  readonly namespace: string;
};

const SHORT: Readonly<Record<string, string>> = {
  n: "namespace",
  A: "all-namespaces",
  o: "output",
  f: "filename",
  l: "selector",
  w: "watch",
  p: "patch",
  k: "kustomize",
  R: "recursive",
  v: "v",
  c: "container",
};

/** Flags that take a value; all others are switches. */
const VALUED = new Set(
  `namespace output filename selector field-selector patch type kubeconfig context cluster user server request-timeout timeout grace-period
  field-manager v subresource sort-by for chunk-size from-literal from-file container raw cascade pod-selector skip-wait-for-delete-timeout
  template label-columns token certificate-authority client-certificate client-key`.split(/\s+/),
);

export function parseArguments(argv: readonly string[]): Arguments {
  const words: string[] = [];
  const flags = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    flags.set(name, [...(flags.get(name) ?? []), value]);
  };
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") {
      words.push(...argv.slice(index + 1));
      break;
    }
    const [, long, longValue] = /^--([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    const [, letter, rest = ""] = /^-([A-Za-z])([\s\S]*)$/.exec(word) ?? [];
    if (long === undefined && letter === undefined) {
      words.push(word);
      continue;
    }
    const name = long ?? SHORT[letter ?? ""];
    if (name === undefined) throw new KubectlError(`error: unknown shorthand flag: '${letter}' in ${word}`);
    const given = long === undefined ? (rest === "" ? undefined : rest.replace(/^=/, "")) : longValue;
    if (given !== undefined) add(name, given);
    else if (!VALUED.has(name)) add(name, "true");
    else {
      index += 1;
      const value = argv[index];
      if (value === undefined) throw new KubectlError(`error: flag needs an argument: ${word}`);
      add(name, value);
    }
  }
  return {
    words,
    flag: (name) => flags.get(name)?.at(-1),
    isOn: (name) => !["false", undefined].includes(flags.get(name)?.at(-1)),
    all: (name) => flags.get(name) ?? [],
    namespace: flags.get("namespace")?.at(-1) ?? "default",
  };
}
