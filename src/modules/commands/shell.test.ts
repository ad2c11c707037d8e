import { describe, expect, it } from "vitest";
import { act } from "../../../test/local-shell.ts";
import { shell } from "./shell.ts";

describe("shell", () => {
  it.each([
    ["echo a | tr a b", "b"],
    ["# a comment\necho $((1 + 2))", "3"],
    ["cat <<X\nit's $HOME\nX", "it's /h"],
    ["env | grep -c k3sprov_text; true", "0"],
    ["cat", ""],
    ["ps -o args= -p $$ | grep -c secret; : secret", "0"],
  ])("%s", async (cmd, stdout) => {
    expect(await act(shell, { cmd }, { HOME: "/h" })).toMatchObject({ changed: true, cmd, rc: 0, stdout, msg: "" });
  });

  it("uses another shell", async () => {
    expect(await act(shell, { cmd: "a=(1 2); echo ${a[1]}", executable: "/bin/bash" })).toMatchObject({ stdout: "2" });
    expect(await act(shell, { cmd: "{print $1}", executable: "/usr/bin/no-such" })).toMatchObject({ failed: true, rc: 2 });
  });

  it("fails with the exit status", async () => {
    expect(await act(shell, { cmd: "exit 4" })).toMatchObject({ failed: true, rc: 4, msg: "non-zero return code" });
  });

  it("says when the text does not fit", async () => {
    await expect(act(shell, { cmd: "x".repeat(140_000) })).rejects.toThrow("longer than 128 KiB");
  });
});
