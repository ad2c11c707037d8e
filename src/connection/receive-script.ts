import { privateDirectory } from "../private-directory.ts";
import { quote } from "../sh.ts";
import { delimiter } from "./framing.ts";

/** The receiving shell has lost its place in the stream: it must not take the rest for a program. */
const OUT_OF_STEP = 97;
/** How long a host keeps what has arrived of a file after the connection went, for us to come back. */
const KEPT_SECONDS = 900;

export type Receiving = {
  /** A directory of the host, or one that is yet to be made: the file is put together beside it, or where it will be. */
  readonly near: string;
  /** Of the directory that is made there; nobody can know it. */
  readonly name: string;
  /** The directory with what an earlier attempt has brought over. */
  readonly resume: string | undefined;
};

/**
 * Receives one file on the shell's own input. What it reads after its first note are lines `raw N` or `gzip N`, each followed by N bytes,
 * then `end DIGEST` or `drop`. Notes that it gives: `open SIZE EXACT UP` once it is ready (the directory lies UP levels above `near`), `got SIZE`
 * after each piece, `sum DIGEST`.
 *
 * It is one compound command, and nothing is sent after it before the first note: by then the shell has parsed all of its input, so
 * that the bytes which follow are still in the pipe for others to read. Each piece is read by `head` to its end, whatever becomes of
 * the writing; if `head` itself does not come through, the shell ends, because it would run the rest of the file as a program.
 *
 * The directory is 0700 and under a name that nobody can know, and the file stays open from the first byte to the last, so that nobody can put
 * another in its place. It is kept only for a connection that is lost (`k3_keep`), and for a while.
 */
export function receiveScript(nonce: string, { near, name, resume }: Receiving): string {
  return `{
(
umask 077
${privateDirectory}
k3_note() { printf '${nonce}:note:%s\\n' "$1"; }
k3_dir= k3_keep= k3_up=0 k3_old=${quote(resume ?? "")} k3_near=${quote(near)}
trap '[ -n "$k3_keep" ] || [ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' INT TERM
trap '' HUP PIPE
[ -z "$k3_old" ] || { [ -O "$k3_old" ] && [ ! -L "$k3_old" ] && [ -f "$k3_old/part" ]; } || k3_old=
while [ ! -d "$k3_near" ]
do k3_up=$((k3_up + 1)); case $k3_near in ?*/*) k3_near=\${k3_near%/*};; *) k3_near=/;; esac
done
k3_dir=\${k3_near%/}/${name}
mkdir "$k3_dir" </dev/null || { k3_dir=; exit 1; }
k3_enter "$k3_dir" && case $(ls -ld . </dev/null) in d????-??-*) ;; *) false;; esac || { echo "somebody interferes with the temporary directory in $k3_near" >&2; exit 1; }
if [ -n "$k3_old" ]; then
mv "$k3_old/part" part </dev/null; rm -rf "$k3_old"
{ [ -f part ] && [ ! -L part ] && [ -O part ]; } || rm -rf part
fi
exec 8>>part || exit 1
k3_size() { stat -c %s part </dev/null 2>/dev/null || wc -c <part; }
k3_exact=$(printf abcd | { head -c 2 >/dev/null 2>&1; cat; })
case $k3_exact in cd) k3_exact=exact;; *) case $(printf abcd | head -c 2 2>/dev/null) in ab) k3_exact=loose;; *) echo 'the host has no "head -c"' >&2; exit 1;; esac;; esac
k3_note "open $(k3_size) $k3_exact $k3_up"
while IFS=' ' read -r k3_do k3_what
do case $k3_do in
raw) k3_read=$({ { head -c "$k3_what" && printf ok >&4; } | { cat >&8 || cat >/dev/null; }; } 4>&1);;
gzip) k3_read=$({ { head -c "$k3_what" && printf ok >&4; } | { gzip -dc >&8 || cat >/dev/null; }; } 4>&1);;
end) exec 8>&-
k3_sum=$({ sha256sum <part || openssl dgst -sha256 -r <part; } 2>/dev/null)
k3_sum=\${k3_sum%%[!0-9a-f]*}
k3_note "sum $k3_sum"
[ "$k3_sum" != "$k3_what" ] || k3_keep=1
exit 0;;
*) exit 1;;
esac
[ "$k3_read" = ok ] || exit ${OUT_OF_STEP}
k3_note "got $(k3_size)"
done
k3_keep=1
(sleep ${KEPT_SECONDS}; rm -rf "$k3_dir") </dev/null >/dev/null 2>&1 8>&- &
exit ${OUT_OF_STEP}
) 9>&-
k3_rc=$?
[ "$k3_rc" -ne ${OUT_OF_STEP} ] || exit ${OUT_OF_STEP}
${delimiter(nonce, "0", "$k3_rc")}}
`;
}

/** The directory so many levels above an absolute one, "" for the root. */
export function above(directory: string, levels: number): string {
  let path = directory.replace(/\/+$/, "");
  for (let level = 0; level < levels; level += 1) path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return path;
}

/** Everywhere that the directory can be, as long as the host has not told. */
export function candidates(near: string, name: string): string[] {
  const levels = near.split("/").filter((part) => part !== "").length;
  return Array.from({ length: levels + 1 }, (_, level) => `${above(near, level)}/${name}`);
}
