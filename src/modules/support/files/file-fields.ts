import type { JsonObject } from "../../contract.ts";
import type { PathState, Present } from "./path-collector.ts";

/** Fields that Ansible adds to the result of every module that is about a file; none for what is not there. */
export function fileFields(state: PathState): JsonObject {
  if (state.kind === "absent") return {};
  return {
    owner: state.owner,
    group: state.group,
    ...(state.uid === null ? {} : { uid: state.uid }),
    ...(state.gid === null ? {} : { gid: state.gid }),
    // A zero and at least three digits: "0644", and "02755", where stat has "2755".
    mode: `0${state.mode.toString(8).padStart(3, "0")}`,
    size: state.size,
    state: stateName(state),
  };
}

/** Ansible's word for what is at a path. */
export function stateName(state: PathState): "absent" | "file" | "directory" | "link" | "hard" {
  if (state.kind === "absent" || state.kind === "directory" || state.kind === "link") return state.kind;
  return state.links > 1 ? "hard" : "file";
}

/** What is there once links are followed: undefined when nothing is, or when the link dangles. */
export function followed(state: PathState): Present | undefined {
  if (state.kind === "absent") return undefined;
  return state.link === undefined ? state : (state.link.inode ?? undefined);
}
