// C0 but tab and line feed, DEL, C1, and the characters that reorder text on the screen (CVE-2021-42574).
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Makes text that a host has said safe for a terminal: control characters become `\u001b` and the like, so that no
 * output of a host can move the cursor, set the title or hide a line. Line feeds and tabs stay.
 */
export function terminalSafe(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(unsafe, escapeCharacter);
}

/** The same for text that must stay on one line. */
export function oneLine(text: string): string {
  return terminalSafe(text).replace(/[\n\t]+/g, " ");
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
