import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, ModuleFailure, type Question, Unknown } from "../../contract.ts";
import type { WantedAttributes } from "./attributes.ts";
import { modeFrom } from "./symbolic-mode.ts";

type Criteria = { readonly mode?: string; readonly owner?: string; readonly group?: string };

/**
 * Names below a directory (not itself) whose mode, owner or group is not what is wanted, symbolic links not followed. Only those are sent,
 * so that a large tree that is as it should be costs one `find` and no bytes. Item: JSON of path and criteria.
 */
export const deviationCollector: Collector<readonly string[]> = {
  name: "deviation",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map((item) => {
        const { path, wanted } = parseItem(item);
        return sh`if [ -d ${path} ]; then find ${namesBelow(path)} -mindepth 1 ${ownDeviations(wanted)} -print0 || exit 1; fi; printf '/\\0'`;
      }),
    ),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    const said = output.stderr.toString("utf8").trim();
    return items.map((item) => {
      const end = tokens.indexOf("/");
      if (output.rc !== 0 || end < 0) return new Unknown(`cannot search ${parseItem(item).path}: ${said || "no answer"}`);
      return tokens.splice(0, end + 1).slice(0, -1);
    });
  },
};

export function deviationQuestion(path: string, wanted: WantedAttributes): Question<readonly string[]> {
  const { mode, owner, group } = wanted;
  return { collector: deviationCollector, item: JSON.stringify({ path, mode, owner, group }) };
}

/** Sets what deviates, by the same search. */
export function deviationScript(path: string, wanted: WantedAttributes): Sh {
  const owner = wanted.owner ?? "";
  const group = wanted.group ?? "";
  const names = owner === "" ? "" : group === "" ? owner : `${owner}:${group}`;
  const searches: Sh[] = [];
  const find = (test: Sh, command: Sh): void => {
    searches.push(sh`find ${namesBelow(path)} -mindepth 1 ${test} -exec ${command} {} + || exit 1`);
  };
  if (names !== "")
    find(
      ownDeviations({ ...(wanted.owner === undefined ? {} : { owner: wanted.owner }), ...groupOf(wanted) }),
      sh`chown -h ${names}`,
    );
  else if (group !== "") find(ownDeviations(groupOf(wanted)), sh`chgrp -h ${group}`);
  for (const { test, mode } of modeTests(wanted.mode)) find(test, sh`chmod ${mode}`);
  return joinSh(searches);
}

const groupOf = (wanted: Criteria): Criteria => (wanted.group === undefined ? {} : { group: wanted.group });

// A link to the directory is followed when it stands for it, as a slash makes find do.
/** As an operand of find. */
export const namesBelow = (path: string): string => (path === "/" ? path : `${path}/`);

function parseItem(item: string): { readonly path: string; readonly wanted: Criteria } {
  // deviationQuestion is the only maker of items.
  const { path, ...wanted } = JSON.parse(item) as Criteria & { readonly path: string };
  return { path, wanted };
}

/** A test of find: mode, owner or group is not what is wanted. */
export function ownDeviations(wanted: Criteria): Sh {
  const tests = [
    ...(wanted.owner === undefined ? [] : [sh`! -user ${wanted.owner}`]),
    ...(wanted.group === undefined ? [] : [sh`! -group ${wanted.group}`]),
    ...modeTests(wanted.mode).map(({ test }) => test),
  ];
  return anyOf(tests);
}

const BITS = Array.from({ length: 12 }, (_, bit) => 1 << bit);
const EXECUTE = 0o111;

/**
 * Searches for what a mode would change, and the change itself, for each class that it treats alike: directories, and files that somebody
 * may execute or nobody ("X" tells them apart). What a class's mode does to a bit is found by trying: it sets, clears or keeps it.
 */
function modeTests(wanted: string | undefined): { readonly test: Sh; readonly mode: string }[] {
  if (wanted === undefined) return [];
  const classes = [
    { test: sh`-type d`, isDirectory: true, has: () => true },
    { test: sh`! -type l ! -type d -perm /111`, isDirectory: false, has: (mode: number) => (mode & EXECUTE) !== 0 },
    { test: sh`! -type l ! -type d ! -perm /111`, isDirectory: false, has: (mode: number) => (mode & EXECUTE) === 0 },
  ];
  return classes.flatMap(({ test, isDirectory, has }) => {
    const samples = MODES.filter(has).map((mode): Sample => [mode, modeFrom(wanted, mode, isDirectory)]);
    const moved = BITS.filter((bit) => samples.some(([mode, result]) => (mode & bit) !== (result & bit)));
    if (moved.length === 0) return [];
    const sets = sum(moved.filter((bit) => samples.every(([, result]) => (result & bit) !== 0)));
    const clears = sum(moved.filter((bit) => samples.every(([, result]) => (result & bit) === 0)));
    const others = moved.filter((bit) => ((sets | clears) & bit) === 0);
    const tests = [
      ...(sets === 0 ? [] : [sh`! -perm ${`-${sets.toString(8)}`}`]),
      ...(clears === 0 ? [] : [sh`-perm ${`/${clears.toString(8)}`}`]),
      ...others.flatMap((bit) => dependentTests(bit, samples, wanted)),
    ];
    const mode = others.length === 0 ? symbolic(sets, clears) : wanted;
    return [{ test: sh`\\( ${test} ${anyOf(tests)} \\)`, mode }];
  });
}

type Sample = readonly [mode: number, result: number];
const MODES = Array.from({ length: 0o10000 }, (_, mode) => mode);
const sum = (bits: readonly number[]): number => bits.reduce((all, bit) => all | bit, 0);

// "g=u" makes a bit what another one is: each pair of values that is changed is searched for.
function dependentTests(bit: number, samples: readonly Sample[], wanted: string): Sh[] {
  for (const other of BITS.filter((one) => one !== bit)) {
    const moves = new Map<number, boolean>();
    const isFunction = samples.every(([mode, result]) => {
      const isMoved = (mode & bit) !== (result & bit);
      const seen = moves.get(mode & (bit | other));
      moves.set(mode & (bit | other), isMoved);
      return seen === undefined || seen === isMoved;
    });
    if (!isFunction) continue;
    const is = (value: number, one: number): Sh => sh`${(value & one) === 0 ? ["!"] : []} -perm ${`-${one.toString(8)}`}`;
    return [...moves].flatMap(([value, isMoved]) => (isMoved ? [sh`\\( ${is(value, bit)} ${is(value, other)} \\)`] : []));
  }
  throw new ModuleFailure(`mode "${wanted}" is too intricate for recurse; split it into several tasks`);
}

function anyOf(tests: readonly Sh[]): Sh {
  const joined = joinSh(
    tests.flatMap((test, index) => (index === 0 ? [test] : [sh`-o`, test])),
    " ",
  );
  return sh`\\( ${joined} \\)`;
}

// Symbolic, because what is kept differs from file to file, and numbers leave a directory's setgid bit alone.
function symbolic(sets: number, clears: number): string {
  const clauses = (operator: "+" | "-", bits: number): string[] =>
    (["u", "g", "o"] as const).flatMap((who, index) => {
      const three = (bits >> (6 - 3 * index)) & 7;
      const special = index < 2 ? (bits & (0o4000 >> index)) !== 0 : (bits & 0o1000) !== 0;
      const letters = `${three & 4 ? "r" : ""}${three & 2 ? "w" : ""}${three & 1 ? "x" : ""}${special ? (index < 2 ? "s" : "t") : ""}`;
      return letters === "" ? [] : [`${who}${operator}${letters}`];
    });
  return [...clauses("+", sets), ...clauses("-", clears)].join(",");
}

/** Is there anything in the mode, owner or group to look for? */
export function hasCriteria(wanted: WantedAttributes): boolean {
  return wanted.mode !== undefined || wanted.owner !== undefined || wanted.group !== undefined;
}
