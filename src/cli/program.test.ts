import { describe, expect, it } from "vitest";
import { commands } from "./command-table.ts";
import { helpOf, parseCommandLine } from "./program.ts";
import { UsageError } from "./usage.ts";

function parsed(line: string) {
  const found = parseCommandLine(line.split(" "));
  if (found.kind !== "command") throw new Error(`not a command: ${found.text}`);
  const { definition, args, flags, own } = found;
  return { command: definition.name, args, flags, own };
}

describe("parseCommandLine", () => {
  it.each<[string, ReturnType<typeof parsed>]>([
    [
      "apply -i a -i b site.yaml more.yaml -CDvvv",
      {
        command: "apply",
        args: ["site.yaml", "more.yaml"],
        flags: { inventory: ["a", "b"], check: true, diff: true, verbose: 3 },
        own: {},
      },
    ],
    ["apply --dry-run x", { command: "apply", args: ["x"], flags: { check: true }, own: {} }],
    ["apply --key-file=id x", { command: "apply", args: ["x"], flags: { "private-key": "id" }, own: {} }],
    ["apply --no-color --progress x", { command: "apply", args: ["x"], flags: { color: false, progress: true }, own: {} }],
    ["apply -e a=1 -e @f -f5 x", { command: "apply", args: ["x"], flags: { "extra-vars": ["a=1", "@f"], forks: "5" }, own: {} }],
    ["exec web -b -- ls -l /", { command: "exec", args: ["web", "ls", "-l", "/"], flags: { become: true }, own: {} }],
    ["facts --filter ansible_mem*", { command: "facts", args: [], flags: {}, own: { filter: "ansible_mem*" } }],
    [
      "kubeconfig server1 -o file --merge",
      { command: "kubeconfig", args: ["server1"], flags: {}, own: { output: "file", merge: true } },
    ],
    ["__complete -- apply --ch", { command: "__complete", args: ["apply", "--ch"], flags: {}, own: {} }],
    ["check x", { command: "check", args: ["x"], flags: {}, own: {} }],
  ])("%s", (line, expected) => {
    expect(parsed(line)).toEqual(expected);
  });

  it.each([
    ["aply x", 'unknown command "aply"; did you mean apply?', "k3sprov --help"],
    ["apply --chek x", 'unknown option "--chek"; did you mean --check?', "k3sprov apply --help"],
    ["apply", 'missing required argument "playbook"', "k3sprov apply --help"],
    ["completion bash zsh", 'too many arguments for "completion". Expected 1 argument but got 2.', "k3sprov completion --help"],
    ["apply --forks", 'option "-f, --forks <NUMBER>" argument missing', "k3sprov apply --help"],
    ["list --check", 'unknown option "--check"', "k3sprov list --help"],
  ])("refuses: %s", (line, message, help) => {
    const error = (() => {
      try {
        return parseCommandLine(line.split(" "));
      } catch (caught) {
        return caught;
      }
    })();
    expect(error instanceof UsageError ? { message: error.message, help: error.help } : error).toEqual({ message, help });
  });

  it.each([[["--help"]], [["apply", "--help"]], [[]]])("gives help for %j", (argv) => {
    expect(parseCommandLine(argv)).toMatchObject({ kind: "help", text: expect.stringContaining("Usage: k3sprov") });
  });

  it("names every command in the help, but not what is for scripts", () => {
    const help = helpOf("");
    for (const { name, hidden } of commands) expect(help.includes(`\n  ${name} `)).toBe(hidden !== true);
  });
});
