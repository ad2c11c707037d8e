/** Paints text, or leaves it as it is. */
export type Palette = {
  readonly enabled: boolean;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly red: Paint;
  readonly cyan: Paint;
  readonly magenta: Paint;
  readonly bold: Paint;
  readonly dim: Paint;
};
type Paint = (text: string) => string;

/** Select Graphic Rendition: code to switch on, code to switch off (ECMA-48 8.3.117). */
const codes = {
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
  cyan: [36, 39],
  magenta: [35, 39],
  bold: [1, 22],
  dim: [2, 22],
} as const;

export function createPalette(enabled: boolean): Palette {
  const paint = (name: keyof typeof codes): Paint => {
    const [on, off] = codes[name];
    // A paint never spans lines: pagers and log viewers cut at the line end.
    return enabled ? (text) => text.replace(/[^\n]+/g, (line) => `\u001b[${on}m${line}\u001b[${off}m`) : (text) => text;
  };
  return {
    enabled,
    green: paint("green"),
    yellow: paint("yellow"),
    red: paint("red"),
    cyan: paint("cyan"),
    magenta: paint("magenta"),
    bold: paint("bold"),
    dim: paint("dim"),
  };
}
