import type { Sh } from "../../../sh.ts";
import type { Collector, HostTraits, Question } from "../../contract.ts";

/** One package as a task names it: `nginx`, `nginx=1.22*`. `spec` is what the package manager is given. */
export type WantedPackage = {
  readonly spec: string;
  readonly name: string;
  readonly version: string | undefined;
  /** `name` is a pattern: all packages that match. */
  readonly isPattern?: true;
  /** Asked instead of the manager's `installed`: for what is no plain name (a group, a file, an address). */
  readonly question?: Question<InstalledPackage>;
};

/** What is installed under a name. */
export type InstalledPackage = {
  readonly kind: "installed";
  /** Versions that are installed; several when it is installed for several architectures. */
  readonly versions: readonly string[];
  /** Installed packages that provide the name, when nothing is installed under it. */
  readonly providers: readonly string[];
  /** Removed, but its configuration files were left (dpkg's "rc"). */
  readonly isResidual: boolean;
  /** On hold: the package manager leaves its version alone. */
  readonly isHeld?: true;
  /** Of a file: the version it holds; `isEnough` when what is installed is that or newer. */
  readonly offered?: { readonly version: string; readonly isEnough: boolean };
  /** Installed only because something else needs it (apk: it is not in the "world"). */
  readonly isDependency?: true;
  /** Another version than the one that the name says is installed. */
  readonly other?: { readonly version: string; readonly wanted: string };
  /** The file that was to be looked at is not there. */
  readonly missingFile?: string;
};

/** What a pattern matches among the packages that are installed and those that can be. */
export type Matches = {
  readonly kind: "matches";
  readonly found: readonly { readonly name: string; readonly versions: readonly string[]; readonly candidate: string | null }[];
};

/** The newest version that the host's own copy of the package lists knows. `null`: it knows none, or has no lists. */
export type Candidate = {
  readonly kind: "candidate";
  readonly version: string | null;
  /** The lists do not even know the name; told by those managers that can tell. */
  readonly isUnknown?: true;
};

/** When the package lists were last fetched, and by what they are outdated. */
export type Lists = {
  readonly kind: "lists";
  readonly ageSeconds: number | null;
  readonly areOlderThanSources: boolean;
  /** In seconds since 1970, on the host's clock. */
  readonly fetchedAt?: number;
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

/** A package that is to be fetched: by what its address says, is it installed already? `known` is null when the address says nothing. */
export type RemoteDeb = {
  readonly kind: "remote-deb";
  readonly known: {
    readonly name: string;
    readonly version: string;
    readonly installed: string;
    readonly isEnough: boolean;
  } | null;
};

export type PackageAnswer = InstalledPackage | Candidate | Lists | Simulated | DebFile | RemoteDeb | Matches;

export type Transaction = {
  readonly refresh: boolean;
  readonly install: readonly WantedPackage[];
  readonly remove: readonly WantedPackage[];
  readonly state: "present" | "latest" | "absent";
  /** Install nothing that is not there. */
  readonly onlyUpgrade?: boolean;
};

/** Options that several package managers know, and their modules' own as ready words. */
export type TransactionOptions = {
  readonly flags: readonly string[];
  /** For those whose other verbs know fewer flags: of removing, and of fetching the lists. */
  readonly removeFlags?: readonly string[];
  readonly cacheFlags?: readonly string[];
  /** Before the verb. */
  readonly globalFlags?: readonly string[];
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
  /** For managers that take patterns as names. */
  readonly matching?: Collector<Matches>;
  /** A candidate's `isUnknown` can be relied on, so that check mode can say that nobody has a package. */
  readonly knowsUnknown?: true;
  /** For managers that refuse to install an older version than there is unless told to: is the installed version newer? */
  isNewer?(installed: string, wanted: string): boolean;
  /** Are the installed versions what a task asks by `version`? */
  matches(installed: readonly string[], version: string): boolean;
  transaction(transaction: Transaction, options: TransactionOptions): Sh;
};
