import { Sh, sh } from "../../../sh.ts";
import { type Collector, MissingPrerequisite, type Output, type Question, Unknown } from "../../contract.ts";
import { type Fields, isFields, textAt } from "../cluster/data.ts";

/** What `docker inspect` says. `no-docker`: there is no such command; `no-daemon`: nobody answers it. */
export type Inspected =
  | { readonly kind: "found"; readonly object: Fields; readonly overlay?: Overlay }
  | { readonly kind: "absent" }
  | { readonly kind: "no-docker" | "no-daemon"; readonly reason: string };

/** Predictions only: settings of a container that is yet to be made, by name. */
export type Overlay = { readonly [setting: string]: unknown };

type Item = { readonly host: string; readonly type: "container" | "image" | "network"; readonly name: string };

export const absentInspected: Inspected = { kind: "absent" };

/** Item: JSON of host ("" for docker's default), type and name. One process for all containers, one for all images, one for all networks of a daemon. */
const dockerCollector: Collector<Inspected> = {
  name: "docker",
  script: (items) => {
    const groups = groupsOf(items.map(parseItem));
    // The object's JSON has no line that begins with "#".
    const parts = groups.map(
      ({ host, type, names }) =>
        sh`{ err=$(docker ${host === "" ? [] : ["-H", host]} ${type} inspect ${[...new Set(names)]} 2>&1 >&3 3>&-); rc=$?; } 3>&1
printf '\\n'; printf '%s\\n' "$err" | while IFS= read -r line; do printf '#err %s\\n' "$line"; done; echo "#rc $rc"`,
    );
    const body = new Sh(parts.map((one) => one.text).join("\n"));
    return sh`if command -v docker >/dev/null 2>&1; then
${body}
else echo '#none'
fi`;
  },
  decode: (output, items) => {
    const parsed = items.map(parseItem);
    const groups = groupsOf(parsed);
    const text = output.stdout.toString("utf8");
    if (text.startsWith("#none")) {
      const reason = "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first";
      return items.map(() => ({ kind: "no-docker", reason }));
    }
    const sections = text.split(/^#rc \d+\n/m);
    return parsed.map((item) => {
      const index = groups.findIndex((one) => one.host === item.host && one.type === item.type);
      return decodeSection(item, sections[index] ?? "", output);
    });
  },
};

export const inspectQuestion = (type: Item["type"], name: string, host: string): Question<Inspected> => ({
  collector: dockerCollector,
  item: JSON.stringify({ host, type, name } satisfies Item),
});

/** The object or undefined; throws for a host without docker. */
export function present(answer: Inspected): Extract<Inspected, { kind: "found" }> | undefined {
  if (answer.kind === "no-docker") throw new MissingPrerequisite("command:docker", answer.reason);
  if (answer.kind === "no-daemon") throw new MissingPrerequisite("unit:docker", answer.reason);
  return answer.kind === "found" ? answer : undefined;
}

function parseItem(item: string): Item {
  // Made by inspectQuestion.
  return JSON.parse(item) as Item;
}

type Group = { readonly host: string; readonly type: Item["type"]; readonly names: string[] };

function groupsOf(items: readonly Item[]): readonly Group[] {
  const groups: Group[] = [];
  for (const { host, type, name } of items) {
    const group = groups.find((one) => one.host === host && one.type === type);
    if (group === undefined) groups.push({ host, type, names: [name] });
    else group.names.push(name);
  }
  return groups;
}

function decodeSection({ type, name }: Item, section: string, output: Output): Inspected | Unknown {
  const errors = section.split("\n").flatMap((line) => (line.startsWith("#err ") && line !== "#err " ? [line.slice(5)] : []));
  const json = section
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .trim();
  const found = parseList(json);
  if (found === undefined)
    return new Unknown(`docker ${type} inspect: ${errors.join(" ") || output.stderr.toString("utf8").trim() || "no answer"}`);
  const match = found.find((one) => IS[type](one, name, found));
  if (match !== undefined) return { kind: "found", object: match };
  if (errors.some((line) => isAbout(line, name))) return absentInspected;
  const away = errors.find((line) => /cannot connect to the docker daemon|is the docker daemon running/i.test(line));
  if (away !== undefined) return { kind: "no-daemon", reason: `docker ${type} inspect: ${away}` };
  return new Unknown(`docker ${type} inspect ${name}: ${errors.join(" ") || "no answer"}`);
}

function parseList(json: string): readonly Fields[] | undefined {
  if (json === "") return [];
  try {
    const parsed: unknown = JSON.parse(json);
    return Array.isArray(parsed) ? parsed.filter(isFields) : undefined;
  } catch {
    return undefined;
  }
}

// Docker 25 and later: "network x not found".
const isAbout = (line: string, name: string): boolean =>
  (/no such (container|image|network|object)/i.test(line) && line.endsWith(`: ${name}`)) ||
  line.endsWith(`network ${name} not found`);

function isContainer(object: Fields, name: string): boolean {
  return textAt(object, "Name") === `/${name}` || (name.length >= 12 && textAt(object, "Id").startsWith(name));
}

const isNetwork = (object: Fields, name: string): boolean => textAt(object, "Name") === name;

/** Docker says the same image by several names; those it does not list (by digest, by a short id) are told by elimination. */
function isImage(object: Fields, name: string, all: readonly Fields[]): boolean {
  const tags = Array.isArray(object["RepoTags"]) ? object["RepoTags"] : [];
  const digests = Array.isArray(object["RepoDigests"]) ? object["RepoDigests"] : [];
  const plain = name.replace(/^(docker\.io\/)?(library\/)?/, "");
  if ([...tags, ...digests].some((one) => one === plain || one === `${plain}:latest`)) return true;
  const id = textAt(object, "Id");
  if (id === name || (/^[0-9a-f]{6,}$/.test(name) && id.startsWith(`sha256:${name}`))) return true;
  return (
    all.length === 1 && name.includes("@sha256:") && digests.some((one) => String(one).endsWith(name.slice(name.indexOf("@"))))
  );
}

const IS: Readonly<Record<Item["type"], (object: Fields, name: string, all: readonly Fields[]) => boolean>> = {
  container: isContainer,
  image: isImage,
  network: isNetwork,
};
