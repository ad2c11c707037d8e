const UMASK = 0o022;
const EXECUTE = 0o111;

const BITS = {
  u: { r: 0o400, w: 0o200, x: 0o100, s: 0o4000, t: 0, all: 0o4700, shift: 6 },
  g: { r: 0o040, w: 0o020, x: 0o010, s: 0o2000, t: 0, all: 0o2070, shift: 3 },
  o: { r: 0o004, w: 0o002, x: 0o001, s: 0, t: 0o1000, all: 0o1007, shift: 0 },
} as const;
type Who = keyof typeof BITS;
const isWho = (letter: string): letter is Who => letter === "u" || letter === "g" || letter === "o";

/**
 * The permission bits that a wanted mode ("0644" or "u=rw,go=rX") makes of the current ones. Who-less clauses ("+w") heed the
 * umask of our sessions, 022; "X" is "x" for directories and for what somebody may execute already.
 */
export function modeFrom(wanted: string, current: number, isDirectory: boolean): number {
  if (/^[0-7]+$/.test(wanted)) return Number.parseInt(wanted, 8) & 0o7777;
  let mode = current;
  for (const clause of wanted.split(",")) {
    const who = /^[ugoa]*/.exec(clause)?.[0] ?? "";
    const users: readonly Who[] = who === "" || who.includes("a") ? ["u", "g", "o"] : [...who].filter(isWho);
    const mask = who === "" ? ~UMASK : -1;
    for (const [, operator = "", letters = ""] of clause.slice(who.length).matchAll(/([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g)) {
      const before = mode;
      for (const user of users) mode = applied(mode, operator, bitsOf(letters, user, before, isDirectory) & mask, user);
    }
  }
  return mode;
}

function applied(mode: number, operator: string, bits: number, user: Who): number {
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  return (mode & ~BITS[user].all) | bits;
}

function bitsOf(letters: string, user: Who, current: number, isDirectory: boolean): number {
  if (isWho(letters)) return ((current >> BITS[letters].shift) & 7) << BITS[user].shift;
  let bits = 0;
  for (const letter of letters) {
    if (letter === "X") bits |= isDirectory || (current & EXECUTE) !== 0 ? BITS[user].x : 0;
    else if (letter === "r" || letter === "w" || letter === "x" || letter === "s" || letter === "t") bits |= BITS[user][letter];
  }
  return bits;
}

/** "0644", as results and differences show it. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
