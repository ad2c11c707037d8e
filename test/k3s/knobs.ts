import { readFileSync } from "node:fs";
import { at, type Fields, parseFields, textAt } from "./fields.ts";

/** What a test wants to be different on a host. The file is absent on normal hosts. */
export type Knobs = {
  /** How long the start takes before anything listens. */
  readonly startDelayMs: number;
  /** Ends each start with this line and exit status 1. */
  readonly failAtStart: string;
  /** Certificates are issued as if it had been so many days ago. */
  readonly issuedDaysAgo: number;
  /** What the file system of the data directory claims to be; asked for with statfs unless given. */
  readonly filesystem: string;
  /** 1: the host claims to have the old control groups, with which the kubelet of K3s 1.35 and later does not start. */
  readonly cgroupVersion: number;
  /** The node registers, and is never Ready. */
  readonly staysNotReady: boolean;
  /** The kubelet starts and never says anything. */
  readonly kubeletHangs: boolean;
  /** How long a joining server stays a learner. */
  readonly learnerMs: number;
  /** How long the API answers 500 after the supervisor listens. */
  readonly apiDelayMs: number;
};

export const KNOBS_FILE = "/etc/k3s-stand-in.json";

export function readKnobs(file = KNOBS_FILE): Knobs {
  const given = readOrNothing(file);
  const number = (name: string, or: number): number => {
    const value = at(given, name);
    return typeof value === "number" ? value : or;
  };
  return {
    startDelayMs: number("startDelayMs", 0),
    failAtStart: textAt(given, "failAtStart"),
    issuedDaysAgo: number("issuedDaysAgo", 0),
    filesystem: textAt(given, "filesystem"),
    cgroupVersion: number("cgroupVersion", 2),
    staysNotReady: at(given, "staysNotReady") === true,
    kubeletHangs: at(given, "kubeletHangs") === true,
    learnerMs: number("learnerMs", 800),
    apiDelayMs: number("apiDelayMs", 0),
  };
}

function readOrNothing(file: string): Fields {
  try {
    return parseFields(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}
