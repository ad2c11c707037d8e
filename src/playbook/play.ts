import type { Position } from "../diagnostic.ts";
import { toBoolean } from "../modules/parameters.ts";
import { didYouMean } from "../suggest.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { checkNotified } from "./check-notify.ts";
import { described, field, isTemplated, memberPosition, staticBool, staticText } from "./fields.ts";
import { playKeywords } from "./keyword-tables.ts";
import { checkKeys, checkVariableName, labelOf, readScopeParts, type ScopeParts, warnIgnored } from "./keywords.ts";
import { type Loading, problem, within } from "./loading.ts";
import { mergeMaps } from "./merge.ts";
import type { Node, Play, Role, VarsPrompt } from "./model.ts";
import { loadNodes } from "./nodes.ts";
import { readRoleList } from "./role-meta.ts";
import { loadRole } from "./roles.ts";
import { renderText } from "./static-value.ts";
import { checkTemplates } from "./syntax.ts";
import { checkVarsFiles } from "./vars-files.ts";

/** Loads one play. `imported` is what the `import_playbook` around it hands down. */
export function loadPlay(
  outer: Loading,
  map: ValueMap,
  file: string,
  position: Position,
  imported: ScopeParts | undefined,
): Play | undefined {
  const name = map.get("name") ?? undefined;
  const loading = within(outer, labelOf("play", name, hostsOf(map)));
  checkKeys(loading, map, playKeywords, "a play");
  checkTemplates(loading, name);
  if (map.has("fact_path")) warnIgnored(loading, map, "fact_path");
  const own = readScopeParts(loading, map, undefined);
  const hosts = readHosts(loading, map, position);
  const lists: { [K in "preTasks" | "roleTasks" | "tasks" | "postTasks" | "handlers"]: Node[] } = {
    preTasks: [],
    roleTasks: [],
    tasks: [],
    postTasks: [],
    handlers: [],
  };
  const roles: Role[] = [];
  const play: Play = {
    parent: undefined,
    kind: "play",
    keywords: { ...own.keywords },
    // As in Ansible: what the import says wins over the play.
    vars: mergeOptional(own.vars, imported?.vars),
    when: imported?.when ?? [],
    tags: [...new Set([...(imported?.tags ?? []), ...own.tags])],
    role: undefined,
    name: field(loading, map, "name", "text"),
    hosts: hosts ?? [],
    ...readPlayFields(loading, map),
    strategy: readStrategy(loading, map, own.vars),
    varsPrompt: readPrompts(loading, map),
    roles,
    ...lists,
    file,
    position,
  };
  checkVarsFiles(loading, play);
  loadRoles(loading, map, play, lists.roleTasks);
  for (const [list, key] of sections) lists[list].push(...loadNodes(loading, map.get(key), play, memberPosition(map, key)));
  const ownHandlers = loadNodes({ ...loading, isHandler: true }, map.get("handlers"), play, memberPosition(map, "handlers"));
  const { parts } = loading;
  roles.push(...parts.roles);
  lists.handlers.push(...parts.roleHandlers, ...ownHandlers, ...parts.importedHandlers);
  checkNotified(loading, lists.handlers);
  return hosts === undefined ? undefined : play;
}

const sections = [
  ["preTasks", "pre_tasks"],
  ["tasks", "tasks"],
  ["postTasks", "post_tasks"],
] as const;

function loadRoles(loading: Loading, map: ValueMap, play: Play, roleTasks: Node[]): void {
  const requests = readRoleList(loading, map.get("roles"), play, memberPosition(map, "roles"), "roles");
  for (const request of requests) {
    const loaded = loadRole(loading, request, loadNodes);
    if (loaded === undefined) continue;
    loading.parts.roles.push(...loaded.roles);
    loading.parts.roleHandlers.push(...loaded.handlers);
    roleTasks.push(...loaded.nodes);
  }
}

function hostsOf(map: ValueMap): string {
  const hosts = map.get("hosts");
  return typeof hosts === "string" ? hosts : "";
}

function mergeOptional(first: ValueMap | undefined, second: ValueMap | undefined): ValueMap | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return mergeMaps([first, second]);
}

function readHosts(loading: Loading, map: ValueMap, position: Position): Value | undefined {
  const hosts = map.get("hosts");
  if (hosts === undefined || hosts === null || hosts === "" || (isList(hosts) && hosts.length === 0)) {
    problem(loading, {
      code: "play-hosts",
      message: hosts === undefined ? 'a play needs "hosts"' : '"hosts" is empty',
      position: keyPosition(map, "hosts") ?? position,
      help: 'name a host, a group or a pattern of the inventory, such as "all"',
    });
    return undefined;
  }
  checkTemplates(loading, hosts);
  const all = isList(hosts) ? hosts : [hosts];
  if (all.every((one) => typeof one === "string" || typeof one === "number" || isTemplated(one))) return hosts;
  problem(loading, {
    code: "keyword-type",
    message: `"hosts" must be a pattern or a list of patterns, but ${isList(hosts) ? "holds" : "is"} ${described(all.find((one) => typeof one !== "string"))}`,
    position: positionAt(map, ["hosts"]),
  });
  return undefined;
}

type PlayFields = Pick<
  Play,
  "gatherFacts" | "gatherSubset" | "gatherTimeout" | "serial" | "order" | "maxFailPercentage" | "forceHandlers" | "varsFiles"
>;

function readPlayFields(loading: Loading, map: ValueMap): PlayFields {
  const read = (name: string, kind: Parameters<typeof field>[3]): Value | undefined => {
    const value = field(loading, map, name, kind);
    checkTemplates(loading, value);
    return value;
  };
  return {
    gatherFacts: read("gather_facts", "bool"),
    gatherSubset: read("gather_subset", "any"),
    gatherTimeout: read("gather_timeout", "int"),
    serial: readSerial(loading, map),
    order: readOrder(loading, map),
    maxFailPercentage: read("max_fail_percentage", "number"),
    forceHandlers: read("force_handlers", "bool"),
    varsFiles: read("vars_files", "any"),
  };
}

function readSerial(loading: Loading, map: ValueMap): Value | undefined {
  const value = map.get("serial");
  if (value === undefined || value === null) return undefined;
  checkTemplates(loading, value);
  for (const [index, one] of (isList(value) ? value : [value]).entries()) {
    if (isTemplated(one) || (typeof one === "number" && one >= 0)) continue;
    if (typeof one === "string" && /^\d+(\.\d+)?%?$/.test(one.trim())) continue;
    problem(loading, {
      code: "keyword-type",
      message: `"serial" must be a number of hosts or a percentage, but is ${described(one)}`,
      position: positionAt(map, isList(value) ? ["serial", index] : ["serial"]),
      help: 'write serial: 2, serial: "30%", or a list of such',
    });
  }
  return value;
}

const orders = ["inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle"];

function readOrder(loading: Loading, map: ValueMap): Value | undefined {
  const value = field(loading, map, "order", "text");
  if (value === undefined || isTemplated(value) || orders.includes(String(value))) return value;
  problem(loading, {
    code: "keyword-value",
    message: `there is no order "${String(value)}"${didYouMean(String(value), orders)}`,
    position: positionAt(map, ["order"]),
    help: `one of ${orders.join(", ")}`,
  });
  return undefined;
}

const strategies = ["linear", "free", "host_pinned", "debug"] as const;

function readStrategy(loading: Loading, map: ValueMap, vars: ValueMap | undefined): Play["strategy"] {
  const value = field(loading, map, "strategy", "text");
  if (value === undefined) return "linear";
  const position = positionAt(map, ["strategy"]);
  const text = renderText(loading, value, { parent: undefined, vars, what: '"strategy"', position });
  if (text === undefined) return "linear";
  const bare = text.replace(/^ansible\.builtin\./, "");
  const strategy = strategies.find((one) => one === bare);
  if (strategy !== undefined) return strategy;
  problem(loading, {
    code: "keyword-value",
    message: `there is no strategy "${text}"${didYouMean(bare.replace(/^mitogen_/, ""), strategies)}`,
    position,
    help: `one of ${strategies.join(", ")}`,
  });
  return "linear";
}

const promptKeys = ["name", "prompt", "private", "default", "confirm", "encrypt", "salt", "salt_size", "unsafe"];

function readPrompts(loading: Loading, map: ValueMap): readonly VarsPrompt[] {
  const list = map.get("vars_prompt");
  if (list === undefined || list === null) return [];
  if (!isList(list)) {
    const position = positionAt(map, ["vars_prompt"]);
    problem(loading, { code: "keyword-type", message: `"vars_prompt" must be a list, but is ${described(list)}`, position });
    return [];
  }
  return list.flatMap((one, index) => readPrompt(loading, one, positionAt(list, [index])) ?? []);
}

function readPrompt(loading: Loading, map: Value, position: Position | undefined): VarsPrompt | undefined {
  if (!isMap(map)) {
    problem(loading, { code: "keyword-type", message: `a prompt must be a mapping, but is ${described(map)}`, position });
    return undefined;
  }
  checkKeys(loading, map, promptKeys, "a prompt");
  for (const key of ["encrypt", "salt", "salt_size"]) {
    if (!map.has(key)) continue;
    problem(loading, {
      code: "keyword-value",
      message: `"${key}" of a prompt is not supported`,
      position: keyPosition(map, key),
      help: "use the filter password_hash where the value is needed",
    });
  }
  const name = staticText(loading, map, "name");
  if (name === undefined) {
    problem(loading, { code: "keyword-type", message: 'a prompt needs "name"', position });
    return undefined;
  }
  checkVariableName(loading, name, memberPosition(map, "name"), "the variable");
  return {
    name,
    prompt: field(loading, map, "prompt", "text"),
    isPrivate: staticBool(loading, map, "private", true),
    default: map.get("default") ?? undefined,
    confirm: toBoolean(map.get("confirm")) ?? false,
  };
}
