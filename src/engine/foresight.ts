import type { Prediction, Resource } from "../modules/contract.ts";
import { Forecast } from "./path-forecast.ts";

/** What the tasks of a dry run would have done to a host. It outlives the host's connection. */
export class Foresight {
  /** What would have been provided, and when. */
  readonly provided = new Map<Resource | "*", number>();
  /** Paths that would have been changed, and when. */
  readonly wouldChange = new Map<string, number>();
  /** Paths that would have been made or removed. */
  readonly paths = new Forecast();
  /** Answers that changes not made would have led to. */
  readonly predictions = new Map<string, Prediction["answer"]>();

  /** Would there be what a task relies on? */
  provides(resource: Resource): boolean {
    return [...this.provided.keys()].some(
      (one) =>
        one === "*" ||
        one === resource ||
        (one.endsWith("/*") && resource.startsWith(one.slice(0, -1))) ||
        (resource.startsWith("command:") && isProgram(one, resource.slice("command:".length))),
    );
  }

  /** When the package would have been installed that brings this: the one of the same name, else the last one. */
  packagedAt(resource: Resource): number | undefined {
    const named = this.provided.get(`package:${resource.slice(resource.indexOf(":") + 1).replace(/\.service$/, "")}`);
    const all = [...this.provided].flatMap(([one, when]) => (one.startsWith("package:") ? [when] : []));
    return named ?? (all.length === 0 ? undefined : Math.max(...all));
  }
}

/** Something of that name in a directory that is commonly in PATH. */
function isProgram(provided: Resource, command: string): boolean {
  return /^path:\/(?:usr\/(?:local\/)?)?s?bin\/(.+)$/.exec(provided)?.[1] === command;
}
