import type { EngineEvent } from "../engine/events.ts";
import type { Play, Playbook } from "../playbook/model.ts";
import { selectedTasks } from "./listing.ts";
import type { Settings } from "./options.ts";

/**
 * Adds to each `play-started` how many tasks a host will come to, where the engine has not said so. Plays come in the order of the
 * playbooks, and each is either started or told to be empty.
 */
export function withTaskCounts(
  playbooks: readonly Playbook[],
  settings: Pick<Settings, "tags" | "skip-tags">,
): (event: EngineEvent) => EngineEvent {
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  let next = 0;
  return (event) => {
    if (event.type !== "play-started" && event.type !== "play-empty") return event;
    const play = plays[next];
    next += 1;
    if (event.type === "play-empty" || event.tasks !== undefined || play === undefined) return event;
    return { ...event, tasks: selectedTasks(play, settings).length + (gathersFacts(play) ? 1 : 0) };
  };
}

function gathersFacts({ gatherFacts }: Play): boolean {
  return gatherFacts !== false;
}
