import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Prediction, type Question, Unknown } from "../../contract.ts";
import {
  bytesOf,
  type Content,
  contentQuestion,
  decodeContent,
  encodeFunction,
  readArguments,
} from "../files/content-collector.ts";
import { sha256 } from "../files/content-difference.ts";
import { digestQuestion } from "../files/digest-collector.ts";
import type { Known } from "../files/known.ts";
import { missingPathFunction } from "../files/missing-path.ts";
import { absent, decodePaths, type PathState, pathQuestion, statArguments } from "../files/path-collector.ts";
import { groupQuestion, type UserAccount, userQuestion } from "./accounts-collector.ts";

/** A file in the `.ssh` of a user's home, whose path is known only to the host. */
export type LoginFile = {
  /** null: there is no such user. */
  readonly user: UserAccount | null;
  readonly home: PathState;
  readonly directory: PathState;
  readonly file: PathState;
  readonly content: Content;
};

/** The paths that belong to an answer. */
export function loginPaths(
  user: UserAccount,
  name: string,
): { readonly home: string; readonly directory: string; readonly file: string } {
  const home = user.home.replace(/\/+$/, "");
  return { home: home === "" ? "/" : home, directory: `${home}/.ssh`, file: `${home}/.ssh/${name}` };
}

const noUser: LoginFile = { user: null, home: absent, directory: absent, file: absent, content: { kind: "none" } };

/** Item: "USER FILE". */
const collector: Collector<LoginFile> = {
  name: "login-file",
  beforeTraits: true,
  script: (items) => joinSh([missingPathFunction, encodeFunction, entryFunction, ...items.map(itemScript), sh`:`]),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    const said = output.stderr.toString("utf8").trim();
    return items.map((item) => decodeItem(item, tokens, said));
  },
};

export function loginFile(user: string, name: string): Question<LoginFile> {
  return { collector, item: `${user} ${name}` };
}

// getent also knows LDAP and its like; status 2 says that the name was not found.
const entryFunction = sh`k3_entry() {
k3_line=
if command -v getent >/dev/null 2>&1; then
k3_line=$(getent passwd "$1"); s=$?
[ $s -eq 0 ] || [ $s -eq 2 ] || k3_line=?
elif [ ! -r /etc/passwd ]; then k3_line=?
else while IFS= read -r l || [ -n "$l" ]; do case $l in "$1":*) k3_line=$l; break;; esac; done < /etc/passwd
fi
}`;

function itemScript(item: string): Sh {
  const [user = "", name = ""] = item.split(" ");
  return sh`k3_entry ${user}; printf '%s\\0' "$k3_line"
case $k3_line in ''|'?') ;; *)
h=\${k3_line%:*} h=\${h##*:}; while :; do case $h in */) h=\${h%/};; *) break;; esac; done
set -- "\${h:-/}" "$h/.ssh" "$h/.ssh"/${name}
${statArguments}
set -- "$h/.ssh"/${name}
${readArguments}
esac`;
}

function decodeItem(item: string, tokens: string[], said: string): LoginFile | Unknown {
  const [name = "", fileName = ""] = item.split(" ");
  const line = tokens.shift() ?? "?";
  if (line === "?") return new Unknown(`cannot look up the account "${name}": ${said || "no answer"}`);
  if (line === "") return noUser;
  const [login = name, , uid, gid, comment = "", homePath = "", shell = ""] = line.split(":");
  const user: UserAccount = { name: login, uid: Number(uid), gid: Number(gid), comment, home: homePath, shell };
  const paths = loginPaths(user, fileName);
  const [home = absent, directory = absent, file = absent] = decodePaths([paths.home, paths.directory, paths.file], tokens);
  const content = decodeContent(paths.file, tokens, said);
  if (home instanceof Unknown) return home;
  if (directory instanceof Unknown) return directory;
  if (file instanceof Unknown) return file;
  return content instanceof Unknown ? content : { user, home, directory, file, content };
}

/** The answer as answers about its paths, so that the functions that place files can be asked. */
export function asPathAnswers(answer: LoginFile, user: UserAccount, name: string): Prediction[] {
  const paths = loginPaths(user, name);
  const bytes = bytesOf(answer.content);
  return [
    { question: userQuestion(user.name), answer: user },
    { question: userQuestion(""), answer: null },
    { question: groupQuestion(""), answer: null },
    { question: pathQuestion(paths.home), answer: answer.home },
    { question: pathQuestion(paths.directory), answer: answer.directory },
    { question: pathQuestion(paths.file), answer: answer.file },
    { question: contentQuestion(paths.file), answer: answer.content },
    { question: digestQuestion(paths.file), answer: bytes === undefined ? null : sha256(bytes) },
  ];
}

/** The other way round: what the question about the file will answer, when that is known of its paths. */
export function fromPathAnswers(known: Known, user: UserAccount, name: string): Prediction {
  const paths = loginPaths(user, name);
  const answer: LoginFile = {
    user,
    home: known.path(paths.home),
    directory: known.path(paths.directory),
    file: known.path(paths.file),
    content: known.content(paths.file),
  };
  return { question: loginFile(user.name, name), answer };
}
