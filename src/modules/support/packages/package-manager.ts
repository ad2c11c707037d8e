import type { Sh } from "../../../sh.ts";
import type { Collector, HostTraits } from "../../contract.ts";

/** One package as a task names it: `nginx`, `nginx=1.22*`. `spec` is what the package manager is given. */
export type WantedPackage = { readonly spec: string; readonly name: string; readonly version: string | undefined };

/** What is installed under a name. */
export type InstalledPackage = {
  readonly kind: "installed";
  /** Versions that are installed; several when it is installed for several architectures. */
  readonly versions: readonly string[];
  /** Installed packages that provide the name, when nothing is installed under it. */
  readonly providers: readonly string[];
  /** Removed, but its configuration files were left (dpkg's "rc"). */
  readonly isResidual: boolean;
};

/** The newest version that the host's own copy of the package lists knows. `null`: it knows none, or has no lists. */
export type Candidate = { readonly kind: "candidate"; readonly version: string | null };

/** When the package lists were last fetched, and by what they are outdated. */
export type Lists = {
  readonly kind: "lists";
  readonly ageSeconds: number | null;
  readonly areOlderThanSources: boolean;
  readonly predictedAtMs?: number;
};

/** What a command would change, by the package manager's own simulation. */
export type Simulated = {
  readonly kind: "simulated";
  readonly changes: readonly { readonly name: string; readonly before: string; readonly after: string }[];
};

/** A package file on the host; `found` is null when there is no such file. */
export type DebFile = {
  readonly kind: "deb";
  readonly found: {
    readonly name: string;
    readonly version: string;
    readonly installed: string;
    /** The installed version, compared with the file's. */
    readonly relation: "absent" | "older" | "same" | "newer";
  } | null;
};

export type PackageAnswer = InstalledPackage | Candidate | Lists | Simulated | DebFile;

export type Transaction = {
  readonly refresh: boolean;
  readonly install: readonly WantedPackage[];
  readonly remove: readonly WantedPackage[];
  readonly state: "present" | "latest" | "absent";
};

/** Options that several package managers know, and their modules' own as ready words. */
export type TransactionOptions = {
  readonly flags: readonly string[];
  readonly lockTimeoutSeconds: number;
};

/** A back end. Names are checked by `parse`, which throws ModuleFailure for what it does not know. */
export type PackageManager = {
  readonly name: HostTraits["packageManager"];
  /** Given when a task says nothing else. */
  readonly defaultFlags?: readonly string[];
  /** Files that say where packages come from. */
  readonly sources: readonly string[];
  parse(spec: string): WantedPackage;
  readonly installed: Collector<InstalledPackage>;
  readonly candidate: Collector<Candidate>;
  readonly lists: Collector<Lists>;
  /** Are the installed versions what a task asks by `version`? */
  matches(installed: readonly string[], version: string): boolean;
  transaction(transaction: Transaction, options: TransactionOptions): Sh;
};
