/** Compares two versions as dpkg does (Debian policy 5.6.12): negative, 0 or positive. */
export function compareDebianVersions(a: string, b: string): number {
  const [left, right] = [debianParts(a), debianParts(b)];
  return (
    left.epoch - right.epoch ||
    compareDebianPart(left.upstream, right.upstream) ||
    compareDebianPart(left.revision, right.revision)
  );
}

function debianParts(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? "" : rest.slice(hyphen + 1),
  };
}

// Texts and numbers in turn; in a text "~" comes before its end, its end before letters, and letters before the rest.
function compareDebianPart(a: string, b: string): number {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [x, y] = [left[at] ?? "", right[at] ?? ""];
    const order = at % 2 === 1 ? Number(x || 0) - Number(y || 0) : compareDebianText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

const piecesOf = (text: string): string[] => text.split(/(\d+)/);

function compareDebianText(a: string, b: string): number {
  const weight = (char: string): number => {
    if (char === "~") return -1;
    if (char === "") return 0;
    return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
  };
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const order = weight(a.charAt(at)) - weight(b.charAt(at));
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares two versions, "epoch:version-release", as rpm does. A release that one of them does not name does not count. */
export function compareRpmVersions(a: string, b: string): number {
  const [left, right] = [rpmParts(a), rpmParts(b)];
  const order = left.epoch - right.epoch || compareRpmPart(left.version, right.version);
  if (order !== 0 || left.release === "" || right.release === "") return order;
  return compareRpmPart(left.release, right.release);
}

function rpmParts(version: string): { readonly epoch: number; readonly version: string; readonly release: string } {
  const [, epoch = "0", plain = "", release = ""] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(version) ?? [];
  return { epoch: Number(epoch), version: plain, release };
}

// Runs of digits and of letters, whatever separates them; digits beat letters; "~" comes before everything, "^" only before more text.
function compareRpmPart(a: string, b: string): number {
  const tokens = (text: string): string[] => text.match(/\d+|[A-Za-z]+|~|\^/g) ?? [];
  const [left, right] = [tokens(a), tokens(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [x, y] = [left[at], right[at]];
    if (x === y) continue;
    if (x === "~" || y === "~") return x === "~" ? -1 : 1;
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (x === "^" || y === "^") return x === "^" ? -1 : 1;
    const [isNumber, isOtherNumber] = [/^\d/.test(x), /^\d/.test(y)];
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
    const order = isNumber ? Number(x) - Number(y) : x < y ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}
