type Frame = { readonly keeps: boolean; readonly inElse: boolean };

const action = /\{\{-?\s*(?:\/\*[\s\S]*?\*\/|(?:"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|[^"'`])*?)\s*-?\}\}/g;

/**
 * What a Go template may come to, as a text of the same lines: actions that stand alone on their lines go, those within a line become `0`, of alternatives
 * the first stays, and so does the body of a loop, once. For a look at the format of the rest; undefined where an action does not end.
 */
export function withoutActions(template: string): string | undefined {
  let left = "";
  let at = 0;
  const frames: Frame[] = [];
  const keeps = (): boolean => frames.every((frame) => frame.keeps && !frame.inElse);
  const add = (text: string): void => {
    left += keeps() ? text : text.replace(/[^\n]/g, "");
  };
  for (const match of template.matchAll(action)) {
    const [whole] = match;
    add(template.slice(at, match.index));
    at = match.index + whole.length;
    const word = /^\{\{-?\s*(\w+)?/.exec(whole)?.[1];
    if (word === "if" || word === "range" || word === "with" || word === "block") frames.push({ keeps: true, inElse: false });
    else if (word === "define") frames.push({ keeps: false, inElse: false });
    else if (word === "else") frames.push({ keeps: frames.pop()?.keeps ?? true, inElse: true });
    else if (word === "end") frames.pop();
    const line = `${template.slice(template.lastIndexOf("\n", match.index - 1) + 1, match.index)}${restOfLine(template, at)}`;
    const isValue = !["if", "range", "with", "block", "define", "else", "end"].includes(word ?? "") && !whole.includes("/*");
    add(isValue && line.replace(action, "").trim() !== "" ? "0" : "");
    left += "\n".repeat(whole.split("\n").length - 1);
  }
  const rest = template.slice(at);
  add(rest);
  return rest.includes("{{") || template.replace(action, "").includes("{{") || frames.length > 0 ? undefined : left;
}

function restOfLine(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(at, end < 0 ? undefined : end);
}
