import type { Sh } from "../sh.ts";

/** What a section of a script printed. */
export type Output = { readonly rc: number; readonly stdout: Buffer; readonly stderr: Buffer };

/** A probe could not tell. Never decode "permission denied" or "command missing" as "absent": answer this. */
export class Unknown {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Predicted: only an apply can give the answer. A task of a dry run that needs it "may change". */
export class PendingAnswer extends Unknown {}

/** What is known about a host before its first task: asked once, in the connection's first round trip. */
export type HostTraits = {
  /** `uname -s`, `uname -m` */
  readonly kernel: string;
  readonly machine: string;
  /** Lower case ID and ID_LIKE of os-release, the most specific first: ["ubuntu", "debian"]. */
  readonly osFamily: readonly string[];
  readonly serviceManager: "systemd" | "openrc" | "sysvinit" | "none";
  readonly packageManager: "apt" | "dnf" | "yum" | "zypper" | "apk" | "pacman" | "none";
  readonly selinux: boolean;
  readonly userId: number;
  readonly home: string;
  /** Commands found in PATH, out of the list in support/traits.ts. */
  readonly commands: ReadonlySet<string>;
};

/**
 * Answers many questions of one kind with few processes: one `stat` for many paths, one `dpkg-query` for many names.
 * `script` is read-only, POSIX sh. `decode` gives one answer per item, in order. An item is plain text, so that answers can
 * be cached under (collector, item), recorded, and predicted.
 */
export type Collector<Answer> = {
  readonly name: string;
  /** The script does not look at the traits, so it can travel in the very first round trip, before they are known. */
  readonly beforeTraits?: true;
  /**
   * It asks something beyond the host, such as a web server: only when a task's turn has come, never ahead, and the answer stays
   * when the host changes.
   */
  readonly outside?: true;
  /**
   * It looks at a few entries of the file system or of a database, with hardly a process for an item: cheaper than a round trip, so it is
   * asked ahead also for a task of which nobody knows yet whether it will run.
   */
  readonly light?: true;
  script(items: readonly string[], traits: HostTraits): Sh;
  decode(output: Output, items: readonly string[], traits: HostTraits): readonly (Answer | Unknown)[];
};

/** A read-only question to a host. Equal (collector, item) means equal answer until something changes. */
export type Question<Answer> = {
  readonly collector: Collector<Answer>;
  readonly item: string;
  /** The plan does without the answer: one that is pending reaches it, instead of leaving open what the whole task would do. */
  readonly mayBePending?: true;
};
export type Questions = { readonly [name: string]: Question<unknown> };
export type Answers<Q extends Questions> = { readonly [N in keyof Q]: Q[N] extends Question<infer A> ? A : never };
