import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, type Question, Unknown } from "../../contract.ts";

/** A line of the user database. `uid` and `gid` are null in predictions only, where the host will pick them. */
export type UserAccount = {
  readonly name: string;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
};

/** A line of the group database. */
export type GroupAccount = {
  readonly name: string;
  readonly gid: number | null;
  readonly members: readonly string[];
  /** In predictions: the number that the group would lose. groupmod gives the new one to the users whose primary group it is. */
  readonly formerGid?: number;
};

/** Users by name, or by number when the item is all digits. null: there is none. Item "" asks nothing and answers null. */
export const userCollector: Collector<UserAccount | null> = {
  name: "user-account",
  beforeTraits: true,
  light: true,
  script: (items) => lookup("passwd", items),
  decode: (output, items) =>
    decodeAccounts(output, items, ([name = "", , uid, gid, comment = "", home = "", shell = ""]) => {
      const account: UserAccount = { name, uid: Number(uid), gid: Number(gid), comment, home, shell };
      return { id: account.uid, account };
    }),
};

/** Groups by name, or by number when the item is all digits. null: there is none. Item "" asks nothing and answers null. */
export const groupCollector: Collector<GroupAccount | null> = {
  name: "group-account",
  beforeTraits: true,
  light: true,
  script: (items) => lookup("group", items),
  decode: (output, items) =>
    decodeAccounts(output, items, ([name = "", , gid, members = ""]) => {
      const account: GroupAccount = { name, gid: Number(gid), members: members === "" ? [] : members.split(",") };
      return { id: account.gid, account };
    }),
};

export function userQuestion(name: string): Question<UserAccount | null> {
  return { collector: userCollector, item: name };
}

export function groupQuestion(name: string): Question<GroupAccount | null> {
  return { collector: groupCollector, item: name };
}

// A name that starts with "-" cannot be an account and would be read as an option; musl's getent knows no "--".
const askable = (item: string): boolean => item !== "" && !/^-|[:\n\0]/.test(item);

// getent also knows LDAP and its like; status 2 says that a name was not found. Without it the files are all there is.
function lookup(database: "passwd" | "group", items: readonly string[]): Sh {
  const names = items.filter(askable);
  if (names.length === 0) return sh`:`;
  return joinSh([
    sh`if command -v getent >/dev/null 2>&1; then getent ${database} ${names}; s=$?; [ $s -eq 2 ] && s=0; exit $s; fi`,
    sh`cat ${`/etc/${database}`}`,
  ]);
}

function decodeAccounts<A extends { readonly name: string }>(
  output: Output,
  items: readonly string[],
  parse: (fields: readonly string[]) => { readonly id: number | null; readonly account: A },
): (A | null | Unknown)[] {
  if (output.rc !== 0) {
    const said = output.stderr.toString("utf8").trim();
    return items.map((item) => (askable(item) ? new Unknown(`cannot look up the account "${item}": ${said}`) : null));
  }
  const known = output.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => parse(line.split(":")));
  return items.map((item) => {
    if (!askable(item)) return null;
    const byName = known.find((one) => one.account.name === item);
    if (byName !== undefined) return byName.account;
    return /^\d+$/.test(item) ? (known.find((one) => one.id === Number(item))?.account ?? null) : null;
  });
}
