import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { typeName } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

function of(check: (stat: Stats | undefined, path: string) => boolean): Test {
  return { parameters: [], run: (input) => check(statOf(pathOf(input)), pathOf(input)) };
}

const exists = of((stat) => stat !== undefined);
const file = of((stat) => stat?.isFile() ?? false);
const directory = of((stat) => stat?.isDirectory() ?? false);
const link: Test = {
  parameters: [],
  run: (input) => lstatSync(pathOf(input), { throwIfNoEntry: false })?.isSymbolicLink() ?? false,
};
const mount = of((stat, path) => stat?.isDirectory() === true && isMount(resolve(path), stat));
const same: Test = {
  parameters: ["other"],
  run: (input, call) => {
    const [a, b] = [statOf(pathOf(input)), statOf(call.text("other"))];
    return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
  },
};
const absolute: Test = { parameters: [], run: (input) => isAbsolute(pathOf(input)) };

/** Tests of files on the control node. */
export const fileTests: TestTable = {
  exists,
  file,
  is_file: file,
  directory,
  is_dir: directory,
  link,
  is_link: link,
  link_exists: { parameters: [], run: (input) => lstatSync(pathOf(input), { throwIfNoEntry: false }) !== undefined },
  mount,
  is_mount: mount,
  same_file: same,
  is_same_file: same,
  abs: absolute,
  is_abs: absolute,
};

function pathOf(value: Value): string {
  return typeof value === "string" ? value : badValue(`a path must be a string, not ${typeName(value)}`);
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isMount(path: string, stat: Stats): boolean {
  const parent = statOf(dirname(path));
  return parent !== undefined && (parent.dev !== stat.dev || parent.ino === stat.ino);
}
