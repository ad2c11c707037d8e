import { EventEmitter } from "node:events";

/**
 * A terminal that remembers everything written to it and keeps a picture of its screen: enough of ECMA-48 for what the live view
 * sends (cursor up, carriage return, erase line end and below, colours, modes).
 */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  written = "";
  /** Lines that have been wider than the terminal, which a real one would have wrapped. */
  readonly wrapped: string[] = [];
  #lines: string[] = [""];
  #row = 0;

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string | Uint8Array): boolean {
    this.written += String(text);
    for (const [token] of String(text).matchAll(/\u001b\[\??[0-9;]*[A-Za-z]|\r|\n|[^\u001b\r\n]+/g)) this.#take(token);
    return true;
  }

  /** The screen's lines, without colours, up to the last that is not empty. */
  get picture(): readonly string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #take(token: string): void {
    if (token === "\n") {
      this.#row += 1;
      this.#lines[this.#row] ??= "";
      this.#column = 0;
      return;
    }
    if (token === "\r") {
      this.#column = 0;
      return;
    }
    const sequence = /^\u001b\[(\??)([0-9;]*)([A-Za-z])$/.exec(token);
    if (sequence === null) {
      this.#print(token);
      return;
    }
    const [, , count, command] = sequence;
    if (command === "A") this.#row = Math.max(0, this.#row - Number(count === "" ? 1 : count));
    if (command === "K") this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    if (command === "J") {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
      this.#lines.length = this.#row + 1;
    }
  }

  #column = 0;

  #print(text: string): void {
    const line = this.#lines[this.#row] ?? "";
    const printed = line.slice(0, this.#column) + text;
    this.#lines[this.#row] = printed + line.slice(this.#column + text.length);
    this.#column += text.length;
    if (printed.length > this.columns) this.wrapped.push(printed);
  }
}
