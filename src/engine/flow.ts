import type { JsonObject } from "../modules/contract.ts";
import type { TaskRef } from "./events.ts";

/** A task failed and nothing ignored it: the nearest rescue section takes it, or the host leaves the run. */
export class TaskFailed extends Error {
  readonly task: TaskRef;
  readonly result: JsonObject;
  /** `any_errors_fatal` holds for the task, or `run_once`: the play is over for all hosts. */
  readonly isFatalForAll: boolean;
  constructor(task: TaskRef, result: JsonObject, isFatalForAll: boolean) {
    super(`task "${task.title}" failed`);
    this.name = "TaskFailed";
    this.task = task;
    this.result = result;
    this.isFatalForAll = isFatalForAll;
  }
}

/** `meta: end_host`, `end_play`, `end_batch`, the host cannot be reached, or another host has ended the play: no rescue takes this. */
export class HostEnded extends Error {
  /** As of TaskFailed, where a task could not reach its host. */
  readonly isFatalForAll: boolean;
  constructor(isFatalForAll = false) {
    super("host ended");
    this.name = "HostEnded";
    this.isFatalForAll = isFatalForAll;
  }
}

/** `meta: end_role`: the rest of the role's tasks is left out. */
export class RoleEnded extends Error {
  /** Path of the role. */
  readonly role: string;
  constructor(role: string) {
    super("role ended");
    this.name = "RoleEnded";
    this.role = role;
  }
}
