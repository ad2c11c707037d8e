import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { MissingPrerequisite } from "../contract.ts";
import { type AlternativesState, NO_ALTERNATIVES } from "../support/alternatives/alternatives-question.ts";
import { alternatives } from "./alternatives.ts";

const one = { path: "/opt/one", priority: 10, family: undefined, subcommands: {} };
const two = { path: "/opt/two", priority: 20, family: undefined, subcommands: {} };
const known: AlternativesState = {
  link: "/usr/bin/x",
  subcommandLinks: {},
  mode: "auto",
  current: "/opt/two",
  all: [one, two],
};
const file = { kind: "file", mode: 0o755 };
const raw = { name: "x", path: "/opt/one", link: "/usr/bin/x" };

describe("alternatives", () => {
  it.each([
    [
      "new and selected by its priority",
      {},
      NO_ALTERNATIVES,
      ["/opt/one: absent -> present"],
      "--install /usr/bin/x x /opt/one 50",
    ],
    ["selected", {}, known, ["selected: /opt/two -> /opt/one"], "--set x /opt/one"],
    [
      "priority",
      { priority: 5, state: "present" },
      known,
      ["priority of /opt/one: 10 -> 5"],
      "--install /usr/bin/x x /opt/one 5",
    ],
    [
      "a new one that does not win",
      { path: "/opt/three", priority: 1, state: "present" },
      known,
      ["/opt/three: absent -> present"],
      "/opt/three 1",
    ],
    [
      "a new one that is to win",
      { path: "/opt/three", priority: 1 },
      known,
      ["/opt/three: absent -> present", "selected: /opt/two -> /opt/three"],
      "--set x /opt/three",
    ],
    [
      "a new one that wins by itself",
      { path: "/opt/three", priority: 99 },
      known,
      ["/opt/three: absent -> present"],
      "/opt/three 99",
    ],
    ["auto", { state: "auto" }, { ...known, mode: "manual", current: "/opt/one" }, ["mode: manual -> auto"], "--auto x"],
    ["absent", { state: "absent", path: "/opt/two" }, known, ["/opt/two: present -> absent"], "--remove x /opt/two"],
    [
      "subcommands",
      { state: "present", subcommands: [{ name: "x.1", path: "/opt/one.1", link: "/usr/man/x.1" }] },
      known,
      ["subcommand x.1: null -> /opt/one.1"],
      "--slave /usr/man/x.1 x.1 /opt/one.1",
    ],
  ])("%s", async (_name, more, state, differences, part) => {
    const result = await planned(alternatives, { ...raw, ...more }, { alternatives: state, path: file });
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["present", { state: "present" }, known],
    ["in use by its priority", { path: "/opt/two" }, known],
    ["auto already", { state: "auto" }, known],
    ["absent already", { state: "absent", path: "/opt/three" }, known],
    ["selected by its family", { path: null, family: "f" }, { ...known, all: [one, { ...two, family: "f" }] }],
  ])("converged: %s", async (_name, more, state) => {
    const answers = { alternatives: state, path: file };
    expect((await planned(alternatives, { ...raw, ...more }, answers)).differences).toEqual([]);
  });

  it.each([
    ["no path and no family", { path: null }, 'alternatives needs one of "path" or "family"'],
    ["absent without a path", { path: null, family: "f", state: "absent" }, 'alternatives: with state: absent it needs "path"'],
    [
      "an unknown state",
      { state: "gone" },
      'alternatives: "state" is "gone", but must be one of present, selected, absent, auto',
    ],
    ["an unknown name", { family: "f", path: null }, 'x has no alternative of the family "f"'],
  ])("refuses %s", async (_name, more, message) => {
    await expect(planned(alternatives, { ...raw, ...more }, { alternatives: known, path: file })).rejects.toThrow(message);
  });

  it("says what is missing", async () => {
    await expect(planned(alternatives, raw, { alternatives: NO_ALTERNATIVES, path: { kind: "absent" } })).rejects.toThrow(
      new MissingPrerequisite("path:/opt/one", "Specified path /opt/one does not exist"),
    );
    await expect(planned(alternatives, raw, { alternatives: "no-command", path: file })).rejects.toThrow(MissingPrerequisite);
  });
});
