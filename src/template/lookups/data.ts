import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { Secret, Undefined, type Value } from "../../vars/value.ts";
import { badValue, fault } from "../errors.ts";
import { PythonRandom, randomBelow } from "../python-random.ts";
import { pythonRegex } from "../python-regex.ts";
import { makeSalt, shaCrypt } from "../sha-crypt.ts";
import { raiseUndefined, UnresolvedName } from "../undefined.ts";
import { readCsv } from "./csv.ts";
import { readDataFile } from "./files.ts";
import { readIniValue } from "./ini-value.ts";
import type { LookupCall, LookupTable } from "./lookup.ts";
import { integerOption, splitTerm, textOption, textTerms } from "./options.ts";
import { sequence, sequenceOptions } from "./sequence.ts";

const iniOptions = ["section", "file", "default", "type", "re", "case_sensitive", "encoding", "allow_no_value"];
const csvOptions = ["file", "delimiter", "col", "default", "encoding", "keycol"];
const passwordOptions = ["length", "chars", "encrypt", "seed", "ident"];

/** Lookups of single values: variables, the environment, data files, passwords, numbers. */
export const dataLookups: LookupTable = {
  vars: { options: ["default"], run: (call) => textTerms(call).map((name) => readVariable(name, call)) },
  varnames: {
    options: [],
    run: (call) => {
      const patterns = textTerms(call).map((one) => pythonRegex(one));
      const names = [...new Set(call.runtime.context.names.names())].sort();
      return names.filter((name) =>
        patterns.some((pattern) => {
          pattern.lastIndex = 0;
          return pattern.test(name);
        }),
      );
    },
  },
  env: {
    options: ["default"],
    run: (call) =>
      textTerms(call).map((name) => {
        const fallback = call.options.get("default");
        if (fallback instanceof Undefined) return process.env[name] ?? raiseUndefined(fallback);
        return process.env[name] ?? (fallback === undefined ? "" : fallback);
      }),
  },
  ini: { options: iniOptions, run: (call) => withTerms(call, iniOptions, (inner, key) => readIni(inner, key)) },
  csvfile: { options: csvOptions, run: (call) => withTerms(call, csvOptions, (inner, key) => readCsvCell(inner, key)) },
  password: {
    options: passwordOptions,
    hasEffects: true,
    run: (call) => withTerms(call, passwordOptions, (inner, path) => [readPassword(inner, path)]),
  },
  sequence: { options: sequenceOptions, run: sequence },
};

function withTerms(
  call: LookupCall,
  names: readonly string[],
  work: (inner: LookupCall, key: string) => readonly Value[],
): readonly Value[] {
  return textTerms(call).flatMap((term) => {
    const { key, options } = splitTerm(term, names);
    return work({ ...call, options: new Map([...call.options, ...options]) }, key);
  });
}

function readVariable(name: string, call: LookupCall): Value {
  const value = call.runtime.variable(name);
  const fallback = call.options.get("default");
  if (value === undefined || (value instanceof Undefined && value.reason === "undefined" && fallback !== undefined)) {
    if (fallback !== undefined) return fallback;
    return raiseUndefined(new UnresolvedName(name, undefined, () => call.runtime.context.names.names()));
  }
  return call.runtime.deep(value);
}

function readIni(call: LookupCall, key: string): readonly Value[] {
  const text = readDataFile(textOption(call, "file", "ansible.ini"), call);
  const found = readIniValue(text, {
    key,
    section: textOption(call, "type", "ini") === "properties" ? undefined : textOption(call, "section", "global"),
    isPattern: ["true", "yes", "1", "True"].includes(textOption(call, "re", "false")),
    isCaseSensitive: ["true", "yes", "1", "True"].includes(textOption(call, "case_sensitive", "false")),
  });
  return found.length > 0 ? found : [call.options.get("default") ?? ""];
}

function readCsvCell(call: LookupCall, key: string): readonly Value[] {
  const delimiter = textOption(call, "delimiter", "TAB");
  const mark = ["TAB", "t", "\\t"].includes(delimiter) ? "\t" : delimiter;
  const column = integerOption(call, "col") ?? 1;
  const keyColumn = integerOption(call, "keycol") ?? 0;
  const row = readCsv(readDataFile(textOption(call, "file", "ansible.csv"), call), mark).find((one) => one[keyColumn] === key);
  const cell = row?.[column];
  if (cell !== undefined) return [cell];
  const fallback = call.options.get("default");
  return fallback === undefined || fallback === null ? [] : [fallback];
}

const classes: Readonly<Record<string, string>> = {
  ascii_lowercase: "abcdefghijklmnopqrstuvwxyz",
  ascii_uppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ascii_letters: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
  digits: "0123456789",
  hexdigits: "0123456789abcdefABCDEF",
  octdigits: "01234567",
  punctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
};

/** A password kept in a file of the control node; made, and written with mode 0600, when there is none yet. */
function readPassword(call: LookupCall, name: string): Value {
  const path = isAbsolute(name) ? name : join(call.runtime.context.lookups.searchPath("files")[0] ?? ".", name);
  const isKept = path !== "/dev/null";
  const present =
    isKept && statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path, "utf8").trimEnd() : undefined;
  let [password = "", salt] = present?.split(/ salt=(?=[./\w]+$)/) ?? [];
  if (present === undefined) password = makePassword(call);
  const encrypt = textOption(call, "encrypt", "");
  if (encrypt !== "") salt ??= makeSalt();
  const text = salt === undefined ? password : `${password} salt=${salt}`;
  if (isKept && text !== present) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
    } catch (error) {
      return fault(
        "lookup-failed",
        `the password cannot be kept in ${path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  call.runtime.context.onSecret(password);
  if (encrypt === "") return new Secret(password);
  const kind = encrypt.replace(/_crypt$/, "");
  if (kind !== "sha512" && kind !== "sha256")
    return badValue(`the lookup "password": encrypt must be sha512_crypt or sha256_crypt, not "${encrypt}"`);
  return call.runtime.conceal(shaCrypt(kind, password, salt ?? makeSalt(), undefined));
}

function makePassword(call: LookupCall): string {
  const parts = textOption(call, "chars", "ascii_letters,digits,.,:-_").replace(",,", ",comma").split(",");
  const pool = parts.map((one) => (one === "comma" ? "," : (classes[one] ?? one))).join("");
  const seed = call.options.get("seed");
  const below = seed === undefined || seed === null ? randomBelow : new PythonRandom(textOption(call, "seed", "")).below;
  return Array.from({ length: integerOption(call, "length") ?? 20 }, () => pool[below(pool.length)] ?? "").join("");
}
