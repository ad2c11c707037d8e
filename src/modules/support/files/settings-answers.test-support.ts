import { createHash } from "node:crypto";
import type { Questions } from "../../contract.ts";
import { inodeOf } from "./inode.test-support.ts";

const directory = inodeOf("directory", 0o755);

/** Answers for `settingsQuestions` by a host that has these files, each 0600, and no others; `more`: answers by the questions' names. */
export function settingsAnswers(
  questions: Questions,
  files: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const isFile = (path: string): boolean =>
    Object.values(questions).some(({ collector, item }) => collector.name === "content" && item === path);
  const answerTo = (collector: string, item: string): unknown => {
    const text = files[item];
    switch (collector) {
      case "path":
        if (text !== undefined) return { ...directory, kind: "file", mode: 0o600, size: text.length };
        return isFile(item) ? { kind: "absent" } : directory;
      case "content":
        return text === undefined ? { kind: "none" } : { kind: "file", base64: Buffer.from(text).toString("base64") };
      case "selinux-context":
        return "";
      default:
        return text === undefined ? null : createHash("sha256").update(text).digest("hex");
    }
  };
  return Object.fromEntries(
    Object.entries(questions).map(([name, { collector, item }]) => [
      name,
      name in more ? more[name] : answerTo(collector.name, item),
    ]),
  );
}
