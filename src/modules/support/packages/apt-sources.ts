import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type HostTraits, ModuleFailure, type Question, Unknown } from "../../contract.ts";
import { writeScript } from "../files/atomic-write.ts";
import { INODE_FORMAT, type Inode, readInode } from "../files/path-collector.ts";
import { ask } from "../question.ts";
import { globWord } from "../words.ts";
import { aptUpdate, type Retries } from "./apt.ts";

/** A file in apt's one-line format. */
export type SourceList = { readonly path: string; readonly inode: Inode; readonly text: string };

export const MAIN_LIST = "/etc/apt/sources.list";
export const LIST_DIRECTORY = "/etc/apt/sources.list.d";

/** Every file in the one-line format that apt reads, with what it says. */
export const sourceLists: Question<readonly SourceList[]> = ask(
  "apt sources",
  sh`for f in ${MAIN_LIST} ${globWord(`${LIST_DIRECTORY}/*.list`)}; do
[ -f "$f" ] || continue
[ -r "$f" ] || { echo "cannot read $f: permission denied" >&2; exit 1; }
stat -L -c ${INODE_FORMAT} "$f" && printf '%s\\0' "$f" && cat "$f" && printf '\\0' || exit
done`,
  (output) => {
    if (output.rc !== 0) return new Unknown(`cannot read apt's sources: ${output.stderr.toString("utf8").trim()}`);
    const parts = output.stdout.toString("utf8").split("\0");
    const lists: SourceList[] = [];
    for (let at = 0; at + 1 < parts.length; at += 2) {
      const [head = "", text = ""] = [parts[at], parts[at + 1]];
      const inode = readInode(head);
      const path = head.slice(head.indexOf("\n") + 1);
      if (inode === undefined) return new Unknown(`cannot look at ${path}`);
      lists.push({ path, inode, text });
    }
    return lists;
  },
);

/** One line of such a file, taken apart so that two ways to write the same are equal. */
export type Source = {
  readonly type: string;
  readonly options: readonly string[];
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
};

/** undefined: no source (a comment, an empty line, or nothing that apt would take). */
export function parseSource(line: string): Source | undefined {
  const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)\s*(?:#.*)?$/.exec(line);
  if (match === null) return undefined;
  const [, type = "", options = "", uri = "", suite = "", components = ""] = match;
  const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
  return { type, options: words(options), uri, suite, components: words(components) };
}

/** The source that a task names; throws ModuleFailure for what apt would not take. */
export function wantedSource(repo: string): Source {
  const ppa = /^ppa:(?:~?([^/\s]+)(?:\/(?:ubuntu\/)?([^/\s]+))?)?/.exec(repo.trim());
  if (ppa !== null) {
    const [, owner = "OWNER", name = "ppa"] = ppa;
    throw new ModuleFailure(
      `"repo: ${repo}": personal package archives of Launchpad are not resolved, since that would take the key that signs them from a third place over the network; use deb822_repository with "uris: https://ppa.launchpadcontent.net/${owner}/${name}/ubuntu", the release of Ubuntu as "suites", "components: main", and as "signed_by" the key itself (Launchpad shows its fingerprint under "Technical details about this PPA")`,
    );
  }
  const source = parseSource(repo);
  if (source === undefined || repo.includes("\n"))
    throw new ModuleFailure(`"repo: ${repo}" is no source of apt; it has the form "deb [options] URI suite component …"`);
  if (!/^[a-z][a-z0-9+.-]*:/.test(source.uri))
    throw new ModuleFailure(`"repo: ${repo}": "${source.uri}" is no URI; it begins with https:, http:, file: or the like`);
  if (source.suite.endsWith("/") !== (source.components.length === 0)) {
    throw new ModuleFailure(
      source.components.length === 0
        ? `"repo: ${repo}" names no component; only a suite that ends in "/" goes without one`
        : `"repo: ${repo}": a suite that ends in "/" has no components`,
    );
  }
  return source;
}

/** How a source is written into a file. */
export function sourceLine({ type, options, uri, suite, components }: Source): string {
  return [type, ...(options.length === 0 ? [] : [`[${options.join(" ")}]`]), uri, suite, ...components].join(" ");
}

const isSame = (a: Source | undefined, b: Source): boolean => a !== undefined && sourceLine(a) === sourceLine(b);

export const hasSource = (text: string, source: Source): boolean =>
  text.split("\n").some((line) => isSame(parseSource(line), source));

export function withSource(text: string, source: Source): string {
  return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${sourceLine(source)}\n`;
}

export function withoutSource(text: string, source: Source): string {
  return text
    .split("\n")
    .filter((line) => !isSame(parseSource(line), source))
    .join("\n");
}

/** Ansible's name for the file of a source: its address without scheme and password, all else than letters and digits an underscore. */
export function listPath(source: Source, filename: string | undefined): string {
  const address = source.uri.replace(/^[a-z0-9+.-]+:(\/\/)?/, "").replace(/^[^/@]*@/, "");
  const name =
    filename ??
    address
      .split(/[^A-Za-z0-9]+/)
      .filter((part) => part !== "")
      .join("_");
  if (name === "" || name.includes("/") || name.startsWith("."))
    throw new ModuleFailure(`"filename: ${filename ?? name}" is no name of a file in ${LIST_DIRECTORY}`);
  return `${LIST_DIRECTORY}/${name.replace(/\.list$/, "")}.list`;
}

/** A file to write; `text` undefined removes it. */
export type ListEdit = {
  readonly path: string;
  readonly before: SourceList | undefined;
  readonly text: string | undefined;
  readonly mode: number | undefined;
};

/**
 * Writes the files and, where `update` is given, fetches the package lists. When those cannot be had, the files are put back as they were:
 * a source that does not work would stand in the way of every other task about packages.
 */
export function editLists(
  edits: readonly ListEdit[],
  update: (Retries & { readonly lockSeconds: number }) | undefined,
  traits: HostTraits,
): { readonly script: Sh; readonly payloads: Record<string, { readonly content: Uint8Array }> } {
  const payloads: Record<string, { readonly content: Uint8Array }> = {};
  const writes = edits.map((edit, index) => {
    if (edit.text === undefined) return sh`rm -f -- ${edit.path} || exit`;
    const content = new TextEncoder().encode(edit.text);
    payloads[`list${index}`] = { content };
    return writeScript(
      {
        dest: edit.path,
        from: { payload: `list${index}`, size: content.byteLength },
        previous: edit.before?.inode,
        replaces: edit.before !== undefined,
        set: edit.mode === undefined ? {} : { mode: edit.mode },
        wanted: {},
        backup: false,
        unsafeWrites: false,
      },
      traits,
    );
  });
  const paths = edits.map((edit) => edit.path);
  if (update === undefined) return { script: joinSh([sh`mkdir -p ${LIST_DIRECTORY} || exit`, ...writes]), payloads };
  const script = joinSh([
    sh`mkdir -p ${LIST_DIRECTORY} || exit
k3_old=$(mktemp -d) || exit
trap 'rm -rf "$k3_old"' EXIT
trap 'exit 1' HUP INT TERM
for p in ${paths}; do if [ -e "$p" ]; then cp -p "$p" "$k3_old" || exit; fi; done`,
    ...writes,
    sh`(
${aptUpdate(update.lockSeconds, update)}
) || { for p in ${paths}; do if [ -e "$k3_old/\${p##*/}" ]; then cp -p "$k3_old/\${p##*/}" "$p"; else rm -f -- "$p"; fi; done
echo 'the sources were put back as they were' >&2; exit 100; }`,
  ]);
  return { script, payloads };
}
