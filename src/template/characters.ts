const surrogate = /[\ud800-\udfff]/;

/** The characters of a text as Python counts them: code points, not UTF-16 units. */
export function characters(text: string): readonly string[] {
  return surrogate.test(text) ? Array.from(text) : text.split("");
}

export function textLength(text: string): number {
  return surrogate.test(text) ? Array.from(text).length : text.length;
}

/** Python's order of strings: by code point. */
export function compareText(a: string, b: string): number {
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const left = Array.from(a, (one) => one.codePointAt(0) ?? 0);
  const right = Array.from(b, (one) => one.codePointAt(0) ?? 0);
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
