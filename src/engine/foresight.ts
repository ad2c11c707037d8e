import type { Prediction, Resource } from "../modules/contract.ts";
import { Forecast } from "./path-forecast.ts";

/** What the tasks of a dry run would have done to a host. It outlives the host's connection. */
export class Foresight {
  /** What would have been provided. */
  readonly provided = new Set<Resource | "*">();
  /** Paths that would have been changed, and when. */
  readonly wouldChange = new Map<string, number>();
  /** Paths that would have been made or removed. */
  readonly paths = new Forecast();
  /** Answers that changes not made would have led to. */
  readonly predictions = new Map<string, Prediction["answer"]>();

  /** Would there be what a task relies on? */
  provides(resource: Resource): boolean {
    return [...this.provided].some(
      (one) =>
        one === "*" ||
        one === resource ||
        (one.endsWith("/*") && resource.startsWith(one.slice(0, -1))) ||
        (resource.startsWith("command:") && isProgram(one, resource.slice("command:".length))),
    );
  }
}

/** Something of that name in a directory that is commonly in PATH. */
function isProgram(provided: Resource, command: string): boolean {
  return /^path:\/(?:usr\/(?:local\/)?)?s?bin\/(.+)$/.exec(provided)?.[1] === command;
}
