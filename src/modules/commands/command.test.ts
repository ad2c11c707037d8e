import { describe, expect, it } from "vitest";
import { act } from "../../../test/local-shell.ts";
import { command } from "./command.ts";

const times = { start: expect.any(String), end: expect.any(String), delta: "0:00:01.250000" };

describe("command", () => {
  it("runs words, not a shell line", async () => {
    expect(await act(command, { cmd: "echo 'a  b' $HOME | ~ *" }, { HOME: "/h" })).toEqual({
      changed: true,
      cmd: ["echo", "a  b", "$HOME", "|", "~", "*"],
      rc: 0,
      stdout: "a  b /h | /h *",
      stderr: "",
      msg: "",
      ...times,
    });
  });

  it("leaves variables alone when told to", async () => {
    expect(await act(command, { argv: ["echo", "$HOME ~"], expand_argument_vars: false })).toMatchObject({ stdout: "$HOME ~" });
  });

  it("does not take a shell builtin for a command", async () => {
    expect(await act(command, { argv: ["printf", "%s", "x"] })).toMatchObject({ rc: 0, stdout: "x" });
  });

  it("fails with the exit status", async () => {
    expect(await act(command, { argv: ["sh", "-c", "echo out; echo err >&2; exit 3"] })).toMatchObject({
      failed: true,
      changed: true,
      rc: 3,
      stdout: "out",
      stderr: "err",
      msg: "non-zero return code",
    });
  });

  it.each([
    [{ cmd: "no-such-command a" }, 2, "[Errno 2] No such file or directory: b'no-such-command'"],
    [{ cmd: "/no/such/command a" }, 2, "[Errno 2] No such file or directory: b'/no/such/command'"],
    [{ cmd: "/etc/passwd" }, 13, "[Errno 13] Permission denied: b'/etc/passwd'"],
    [
      { cmd: "true", chdir: "/no/where" },
      1,
      "Unable to change directory before execution: no such directory, or no permission: '/no/where'",
    ],
  ])("%j cannot start", async (parameters, rc, msg) => {
    expect(await act(command, parameters)).toMatchObject({ failed: true, changed: false, rc, msg });
  });

  it("tells a missing command from a command that answers 127", async () => {
    expect(await act(command, { argv: ["sh", "-c", "exit 127"] })).toMatchObject({ rc: 127, msg: "non-zero return code" });
  });

  it("hands over stdin", async () => {
    expect(await act(command, { cmd: "cat", stdin: "a'b\n$x" })).toMatchObject({ stdout: "a'b\n$x" });
    expect(await act(command, { cmd: "wc -c", stdin: "abc", stdin_add_newline: false })).toMatchObject({ stdout: "3" });
    expect(await act(command, { cmd: "cat", stdin: "a\n\n", strip_empty_ends: false })).toMatchObject({ stdout: "a\n\n\n" });
  });

  it.each([
    [{ cmd: "false", creates: "/etc/passwd" }, "skipped, since /etc/passwd exists"],
    [{ cmd: "false", creates: "/etc/pass*" }, "skipped, since /etc/pass* exists"],
    [{ cmd: "false", creates: "passwd", chdir: "/etc" }, "skipped, since passwd exists"],
    [{ cmd: "false", removes: "/etc/no-such/a b" }, "skipped, since /etc/no-such/a b does not exist"],
  ])("%j has nothing to do", async (parameters, skipped) => {
    expect(await act(command, parameters)).toEqual({ skipped });
  });

  it.each([
    [{ cmd: "true", creates: "/etc/no-such" }],
    [{ cmd: "true", creates: "/etc/no-such-*" }],
    [{ cmd: "true", removes: "/etc/passwd" }],
  ])("%j runs", async (parameters) => expect(await act(command, parameters)).toMatchObject({ rc: 0, changed: true }));

  it("refuses an open quote", async () => {
    await expect(act(command, { cmd: "echo 'a" })).rejects.toThrow(
      "the command cannot be split into words: a quotation is not closed: echo 'a",
    );
  });
});
