import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modeFrom, octal } from "./symbolic-mode.ts";

describe("modeFrom", () => {
  it.each<[string, number, boolean, string]>([
    ["0644", 0o755, false, "0644"],
    ["2755", 0, true, "2755"],
    ["u=rw,go=r", 0o777, false, "0644"],
    ["u=rwX,go=rX", 0o600, false, "0644"],
    ["u=rwX,go=rX", 0o600, true, "0755"],
    ["a+X", 0o744, false, "0755"],
    ["+w", 0, false, "0200"],
    ["+x", 0o644, false, "0755"],
    ["a+w", 0, false, "0222"],
    ["u+s,g+s,o+t", 0o755, false, "7755"],
    ["u-s", 0o4755, false, "0755"],
    ["g=u", 0o640, false, "0660"],
    ["o=", 0o777, false, "0770"],
    ["u=rw-x+x", 0o000, false, "0700"],
  ])("%s of %o (directory: %s) is %s", (wanted, current, isDirectory, expected) => {
    expect(octal(modeFrom(wanted, current, isDirectory))).toBe(expected);
  });

  it("does what chmod does with a file", () => {
    const directory = mkdtempSync(join(tmpdir(), "k3sprov-mode-"));
    const file = join(directory, "f");
    writeFileSync(file, "");
    for (const wanted of ["u=rwX,go=rX", "go-rwx", "a=r,u+w", "ug+x,o=g", "u+s", "g=o,o=", "a-x+X"]) {
      for (const before of [0, 0o644, 0o755, 0o4711, 0o640]) {
        chmodSync(file, before);
        execFileSync("chmod", [wanted, file]);
        expect(octal(modeFrom(wanted, before, false)), `${wanted} of ${octal(before)}`).toBe(octal(statSync(file).mode & 0o7777));
      }
    }
    rmSync(directory, { recursive: true });
  });
});
