import { displayWidth } from "../report/display-width.ts";

/** Text in lines of at most `columns`, each after `indent`; words longer than a line stay whole. */
export function wrap(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((one) => one !== "")) {
    if (line !== "" && displayWidth(`${indent}${line} ${word}`) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((one) => `${indent}${one}`).join("\n");
}
