import { lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { toText } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

const path = (run: (path: string) => boolean): Test => ({ parameters: [], run: (input) => run(toText(input)) });
const look = (name: string) => statSync(name, { throwIfNoEntry: false });

/** Tests of files on the control node. */
export const fileTests: TestTable = {
  exists: path((name) => look(name) !== undefined),
  link_exists: path((name) => lstatSync(name, { throwIfNoEntry: false }) !== undefined),
  file: path((name) => look(name)?.isFile() ?? false),
  directory: path((name) => look(name)?.isDirectory() ?? false),
  link: path((name) => lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() ?? false),
  abs: path((name) => name.startsWith("/")),
  mount: path((name) => {
    const own = look(name);
    return own !== undefined && (own.dev !== look(dirname(name))?.dev || name === "/");
  }),
  same_file: {
    parameters: ["other"],
    run: (input, call) => {
      const [a, b] = [look(toText(input)), look(call.text("other"))];
      return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
    },
  },
};
