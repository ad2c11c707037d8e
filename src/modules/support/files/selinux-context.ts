import { sh } from "../../../sh.ts";
import { type Collector, type HostTraits, type Question, Unknown } from "../../contract.ts";

/** Parts of a context that a task asks for; missing ones stay as they are. */
export type WantedContext = { readonly user?: string; readonly role?: string; readonly type?: string; readonly level?: string };

/** SELinux context of a path, links not followed. "": nothing is there. Item "" asks nothing and answers "". */
export const contextCollector: Collector<string> = {
  name: "selinux-context",
  light: true,
  script: (items) => {
    const paths = items.filter((item) => item !== "");
    if (paths.length === 0) return sh`:`;
    return sh`for p in ${paths}; do if [ -e "$p" ] || [ -L "$p" ]; then stat -c %C -- "$p" || exit 1; fi; printf '\\0'; done`;
  },
  decode: (output, items) => {
    if (output.rc !== 0)
      return items.map(() => new Unknown(`cannot read SELinux contexts: ${output.stderr.toString("utf8").trim()}`));
    const contexts = output.stdout.toString("utf8").split("\0");
    return items.map((item) => (item === "" ? "" : (contexts.shift() ?? "").trim()));
  },
};

/** Asks for the context of a path where SELinux is on and a part of it is wanted. */
export function contextQuestion(path: string, wanted: WantedContext | undefined, traits: HostTraits): Question<string> {
  return { collector: contextCollector, item: wanted !== undefined && traits.selinux ? path : "" };
}

/** The whole context that is wanted, or undefined when it is there already. A level may hold colons: "s0:c1,c2". */
export function contextAfter(current: string, wanted: WantedContext): string | undefined {
  const [user = "", role = "", type = "", ...level] = current.split(":");
  const after = [wanted.user ?? user, wanted.role ?? role, wanted.type ?? type, wanted.level ?? level.join(":")];
  const text = after.filter((part, index) => part !== "" || index < 3).join(":");
  return text === current ? undefined : text;
}
