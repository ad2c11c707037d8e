import { Sh, sh } from "../../../sh.ts";
import { ModuleFailure } from "../../contract.ts";

const ARMOUR = /^-----BEGIN PGP PUBLIC KEY BLOCK-----/m;

/** Is that text an ASCII-armoured public key? */
export const isArmoured = (text: string): boolean => ARMOUR.test(text);

/** A text that shall be an ASCII-armoured public key, without white space around it. Throws what is wrong with it. */
export function armouredKey(text: string, parameter: string): string {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  if (lines[0] !== "-----BEGIN PGP PUBLIC KEY BLOCK-----")
    throw new ModuleFailure(
      `"${parameter}": the key must begin with -----BEGIN PGP PUBLIC KEY BLOCK-----, but begins with "${lines[0]}"`,
    );
  if (lines.at(-1) !== "-----END PGP PUBLIC KEY BLOCK-----")
    throw new ModuleFailure(`"${parameter}": the key does not end with -----END PGP PUBLIC KEY BLOCK-----; was it cut off?`);
  if (!lines.includes("")) throw new ModuleFailure(`"${parameter}": the key lacks the empty line before its data`);
  return lines.join("\n");
}

/**
 * Shell functions. `k3_binary FILE`: writes the key in FILE to standard output in binary form, armoured or not. `k3_fingerprint FILE`: prints
 * the fingerprint (version 4: SHA-1 over its first packet) of a binary key. Neither needs gpg, which hosts of today seldom have.
 */
export const keyFunctions: Sh = new Sh(`k3_binary() {
if grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1"; then
tr -d '\\r' < "$1" | awk '/^-----BEGIN PGP PUBLIC/ {b=1; next} /^-----END PGP/ {exit} b==2 && /^=/ {next} b==2 {print} b==1 && /^[ \\t]*$/ {b=2}' | base64 -d
else cat "$1"
fi
}
k3_fingerprint() {
set -- "$1" $(od -An -v -tu1 -N 6 "$1")
case $2 in
152) k3_skip=2 k3_len=$3 ;;
153) k3_skip=3 k3_len=$(($3 * 256 + $4)) ;;
198) if [ "$3" -lt 192 ]; then k3_skip=2 k3_len=$3; else k3_skip=3 k3_len=$((($3 - 192) * 256 + $4 + 192)); fi ;;
*) return 1 ;;
esac
{ printf '\\231'; printf "\\\\$(printf '%03o' $((k3_len / 256)))\\\\$(printf '%03o' $((k3_len % 256)))"
tail -c +$((k3_skip + 1)) "$1" | head -c "$k3_len"; } | sha1sum | cut -c1-40 | tr 'a-f' 'A-F'
}`);

/** Puts `url` into the file "$k3_key/download", by whatever the host has for that. apt's own helper knows apt's proxies and needs no curl. */
export function downloadKey(url: string): Sh {
  return sh`k3_key=$(mktemp -d) || exit
trap 'rm -rf "$k3_key"' EXIT
trap 'exit 1' HUP INT TERM
if [ -x /usr/lib/apt/apt-helper ]; then k3_said=$(/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file ${url} "$k3_key/download" 2>&1)
elif command -v curl >/dev/null 2>&1; then k3_said=$(curl -fsSL -o "$k3_key/download" -- ${url} 2>&1)
elif command -v wget >/dev/null 2>&1; then k3_said=$(wget -q -O "$k3_key/download" -- ${url} 2>&1)
else k3_said='the host has neither apt-helper nor curl nor wget'; false
fi || { printf '%s\\n' ${`cannot fetch the key ${url}: `}"$k3_said" >&2; exit 1; }
k3_binary "$k3_key/download" > "$k3_key/binary" && [ "$(head -c 1 "$k3_key/binary" | od -An -tu1 | tr -d ' ')" -ge 128 ] 2>/dev/null || { echo ${`what ${url} answers is no public key of OpenPGP`} >&2; exit 1; }`;
}
