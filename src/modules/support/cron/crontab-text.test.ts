import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  environmentNames,
  isEmpty,
  jobLine,
  jobNames,
  linesOf,
  textOf,
  withJob,
  withoutJob,
  withoutVariable,
  withVariable,
} from "./crontab-text.ts";

const JOB = "5 * * * * new";
const none = { after: undefined, before: undefined };

describe("withJob", () => {
  it.each([
    ["an empty crontab", "", "#Ansible: a\n5 * * * * new\n"],
    ["others before it", "# mine\n1 1 * * * x\n", "# mine\n1 1 * * * x\n#Ansible: a\n5 * * * * new\n"],
    ["no line feed at the end", "1 1 * * * x", "1 1 * * * x\n#Ansible: a\n5 * * * * new\n"],
    ["an old job of that name", "#Ansible: a\n1 1 * * * old\n# end\n", "#Ansible: a\n5 * * * * new\n# end\n"],
    ["a disabled one", "#Ansible: a\n#5 * * * * new\n", "#Ansible: a\n5 * * * * new\n"],
    [
      "a marker that has lost its job",
      "#Ansible: a\n#Ansible: b\n1 1 * * * x\n",
      "#Ansible: a\n5 * * * * new\n#Ansible: b\n1 1 * * * x\n",
    ],
    ["a marker at the end", "#Ansible: a\n", "#Ansible: a\n5 * * * * new\n"],
    ["the same job without a marker", "x=1\n5 * * * * new\n", "x=1\n#Ansible: a\n5 * * * * new\n"],
    [
      "the same job under another name",
      "#Ansible: b\n5 * * * * new\n",
      "#Ansible: b\n5 * * * * new\n#Ansible: a\n5 * * * * new\n",
    ],
    ["a name that begins alike", "#Ansible: ab\n1 1 * * * x\n", "#Ansible: ab\n1 1 * * * x\n#Ansible: a\n5 * * * * new\n"],
    ["the job already", "#Ansible: a\n5 * * * * new\n", "#Ansible: a\n5 * * * * new\n"],
  ])("%s", (_name, before, after) => expect(textOf(withJob(linesOf(before), "a", JOB))).toBe(after));

  it("is done after one time, and undone by withoutJob", () => {
    const line = fc.constantFrom("#Ansible: a", "#Ansible: b", JOB, "1 1 * * * x", "", "# c", "A=1", "#5 * * * * new");
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const once = withJob(lines, "a", JOB);
        expect(withJob(once, "a", JOB)).toEqual(once);
        expect(once).toContain(JOB);
        const rest = withoutJob(once, "a");
        expect(rest.filter((one) => one === "#Ansible: b")).toEqual(lines.filter((one) => one === "#Ansible: b"));
      }),
    );
  });
});

describe("jobLine", () => {
  const job = { schedule: "* * * * *", command: "x y", user: undefined, disabled: false };
  it.each([
    [job, "* * * * * x y"],
    [{ ...job, user: "root" }, "* * * * * root x y"],
    [{ ...job, schedule: "@daily", disabled: true }, "#@daily x y"],
  ])("%o", (one, line) => expect(jobLine(one)).toBe(line));
});

describe("variables", () => {
  it.each([
    ["go to the top", "1 1 * * * x\n", none, 'A="1"\n1 1 * * * x\n'],
    ["stay where they are", "B=2\n A = 3\n1 1 * * * x\n", none, 'B=2\nA="1"\n1 1 * * * x\n'],
    ["go after another", "B=2\nC=3\n", { after: "B", before: undefined }, 'B=2\nA="1"\nC=3\n'],
    ["go before another", "B=2\nC=3\n", { after: undefined, before: "C" }, 'B=2\nA="1"\nC=3\n'],
    ["do not move", 'A="1"\nB=2\n', { after: "B", before: undefined }, 'A="1"\nB=2\n'],
  ])("%s", (_name, before, place, after) => expect(textOf(withVariable(linesOf(before), "A", 'A="1"', place))).toBe(after));

  it("need the other one", () => {
    expect(() => withVariable([], "A", 'A="1"', { after: "B", before: undefined })).toThrow("Variable named 'B' not found.");
  });

  it("go", () => {
    expect(withoutVariable(linesOf("A=1\nAB=2\n"), "A")).toEqual(["AB=2"]);
    expect(withoutVariable(["AB=2"], "A")).toEqual(["AB=2"]);
  });
});

describe("a crontab", () => {
  const lines = linesOf('A="1"\n#Ansible: one\n* * * * * x=1 y\n#Ansible: two\n#* * * * * z\n');
  it("tells the names of its jobs and variables", () => {
    expect(jobNames(lines)).toEqual(["one", "two"]);
    expect(environmentNames(lines)).toEqual(["A"]);
  });
  it("is empty when there is nothing but blanks", () => {
    expect([isEmpty([]), isEmpty(["", " "]), isEmpty(["#"])]).toEqual([true, true, false]);
  });
});
