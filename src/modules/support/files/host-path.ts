import type { HostTraits } from "../../contract.ts";

/**
 * An absolute path on the host: "~", "$HOME" and relative paths start at the home directory of the user, double slashes, "/./" and a
 * trailing slash go. ".." stays, because it may lead through a symbolic link.
 */
export function hostPath(path: string, traits: Pick<HostTraits, "home">): string {
  const home = traits.home === "" ? "/" : traits.home;
  let full = path;
  const atHome = /^(?:~|\$HOME|\$\{HOME\})(?:\/|$)/.exec(path)?.[0];
  if (atHome !== undefined) full = `${home}/${path.slice(atHome.length)}`;
  else if (!path.startsWith("/")) full = `${home}/${path}`;
  const parts = full.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}

/** How results show a path: as the task has it, or absolute where the task's is not. */
export function shownPath(path: string, traits: Pick<HostTraits, "home">): string {
  return path.startsWith("/") ? path : hostPath(path, traits);
}

/** The directory that an absolute, normalised path is in; "/" for "/". */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The last part of a path; "" for "/". */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Every directory above a path but "/", outermost first: "/a/b/c" -> ["/a", "/a/b"]. */
export function ancestorsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

export function joinPath(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}
