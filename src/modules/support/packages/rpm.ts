import { type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, Unknown } from "../../contract.ts";
import type { InstalledPackage } from "./package-manager.ts";

/**
 * One `rpm -q` for all names; names that it does not know are looked up among what packages provide and, where they look like a name with a
 * version, by the name alone, since another version of it may be there.
 */
export const rpmInstalled: Collector<InstalledPackage> = {
  name: "rpm-package",
  beforeTraits: true,
  script: (items) => sh`command -v rpm >/dev/null || { echo 'the host has no "rpm" command' >&2; exit 127; }
set -- ${items}
rpm -q --qf '=%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n' -- "$@" 2>&1 && exit 0
for p do rpm -q --quiet -- "$p" >/dev/null 2>&1 || { echo "provides $p"; rpm -q --whatprovides --qf '>%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n' -- "$p" 2>&1
case $p in *-[0-9]*) for b in "\${p%-*}" "\${p%-*-*}"; do [ "$b" != "$p" ] && rpm -q --qf '<%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\n' -- "$b" 2>/dev/null && break; done ;; esac; }; done
:`,
  decode: decodeRpm,
};

export function decodeRpm(output: Output, items: readonly string[]): (InstalledPackage | Unknown)[] {
  const text = output.stdout.toString("utf8");
  const fault = /^error: .*$/m.exec(text)?.[0];
  if (output.rc !== 0 || fault !== undefined) {
    return items.map(() => new Unknown(`cannot list packages: ${fault ?? output.stderr.toString("utf8").trim()}`));
  }
  const [own = "", ...blocks] = text.split(/^provides /m);
  const rows = [...own.matchAll(/^=(.*)\t(.*)\t(.*)\t(.*)\t(.*)$/gm)];
  const providers = new Map(
    blocks.map((block): [string, string[]] => {
      const end = block.indexOf("\n");
      return [block.slice(0, end), [...block.matchAll(/^>([^\t]*)\t/gm)].map((match) => match[1] ?? "")];
    }),
  );
  const others = new Map(blocks.map((block): [string, string] => [block.slice(0, block.indexOf("\n")), block]));
  return items.map((item) => {
    const mine = rows.filter(([, name = "", , version = "", release = "", arch = ""]) =>
      [
        name,
        `${name}.${arch}`,
        `${name}-${version}`,
        `${name}-${version}-${release}`,
        `${name}-${version}-${release}.${arch}`,
      ].includes(item),
    );
    return {
      kind: "installed",
      versions: mine.map(
        ([, , epoch = "0", version = "", release = ""]) => `${epoch === "0" ? "" : `${epoch}:`}${version}-${release}`,
      ),
      providers: mine.length > 0 ? [] : (providers.get(item) ?? []),
      isResidual: false,
      ...(mine.length > 0 ? {} : otherVersion(item, others.get(item) ?? "")),
    };
  });
}

// "name-1.2" or "name-1.2-3" of which another version is installed. A name may end in a number too ("lib-2"), hence the point or the release.
function otherVersion(item: string, block: string): Pick<InstalledPackage, "other"> {
  const [, name = "", epoch = "0", version = "", release = ""] = /^<([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$/m.exec(block) ?? [];
  const wanted = item.slice(name.length + 1);
  if (name === "" || !item.startsWith(`${name}-`) || !/^\d+(\.\d|[^-]*-\d)/.test(wanted)) return {};
  return { other: { version: `${epoch === "0" ? "" : `${epoch}:`}${version}-${release}`, wanted } };
}

/** "1.2", "1.2-3" and "0:1.2-3" are the version 1.2-3. */
export function rpmMatches(installed: readonly string[], wanted: string): boolean {
  const plain = (version: string): string => version.replace(/^0:/, "");
  return installed.some((one) => plain(one) === plain(wanted) || plain(one).replace(/-[^-]*$/, "") === plain(wanted));
}

/** Reads `NAME.ARCH VERSION REPOSITORY` rows of `dnf list`. */
export function newerRpm(text: string, item: string): string | null {
  for (const line of text.split("\n")) {
    const [name = "", version] = line.trim().split(/\s+/);
    if (version !== undefined && (name === item || name.replace(/\.[^.]*$/, "") === item)) return version;
  }
  return null;
}

export function failOnMissing(command: string): Sh {
  return sh`command -v ${command} >/dev/null || { echo ${`the host has no "${command}" command`} >&2; exit 127; }`;
}
