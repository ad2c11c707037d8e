import type { Position } from "../diagnostic.ts";
import { keyPosition, positionAt, sourceMapOf } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { readAction } from "./action.ts";
import { checkArguments } from "./check-arguments.ts";
import { checkFiles } from "./check-files.ts";
import { readConditions } from "./conditions.ts";
import { described, field, isTemplated, memberPosition, staticText, texts } from "./fields.ts";
import { importRole, importTasks } from "./imports.ts";
import { blockKeywords, includeKeywords, taskKeywords } from "./keyword-tables.ts";
import { checkKeys, checkVariableName, labelOf, readScopeParts, type ScopeParts } from "./keywords.ts";
import { type Loading, problem, warning, within } from "./loading.ts";
import { makeInclude } from "./make-include.ts";
import type { Block, Condition, Inheritable, Node, Scope, Task } from "./model.ts";
import { bareName } from "./module-names.ts";
import { nextId } from "./node-id.ts";
import { readLoop, readUntil } from "./read-loop.ts";
import { checkTemplates } from "./syntax.ts";

/** A list of tasks and blocks. Wrong ones are told and left out. */
export function loadNodes(loading: Loading, list: Value | undefined, parent: Scope, position: Position | undefined): Node[] {
  if (list === undefined || list === null) return [];
  if (!isList(list)) {
    problem(loading, {
      code: "tasks-not-a-list",
      message: `a list of tasks is expected here, but this is ${described(list)}`,
      position,
      ...(isMap(list) ? { help: 'begin each task with "- "' } : {}),
    });
    return [];
  }
  return list.flatMap((item, index) => loadNode(loading, item, parent, positionAt(list, [index]) ?? position));
}

function loadNode(loading: Loading, item: Value, parent: Scope, position: Position | undefined): readonly Node[] {
  if (!isMap(item)) {
    problem(loading, {
      code: "task-not-a-mapping",
      message: `a task must be a mapping, but is ${described(item)}`,
      position,
      ...(typeof item === "string" && /^\S+$/.test(item) ? { help: `write "- ${item}: …"` } : {}),
    });
    return [];
  }
  const at = sourceMapOf(item)?.position ?? position;
  if (at === undefined) throw new TypeError("a task without a position: it does not come from a file");
  if (item.has("block")) return loadBlock(loading, item, parent, at);
  for (const key of ["rescue", "always"]) {
    if (!item.has(key)) continue;
    problem(loading, { code: "block", message: `"${key}" needs a "block" beside it`, position: keyPosition(item, key) });
    return [];
  }
  return loadTask(loading, item, parent, at);
}

function loadBlock(outer: Loading, map: ValueMap, parent: Scope, position: Position): readonly Node[] {
  const name = map.get("name") ?? undefined;
  const loading = within(outer, labelOf("block", name, ""));
  checkKeys(loading, map, [...blockKeywords, "block", "rescue", "always"], "a block");
  checkTemplates(loading, name);
  const children: { block: Node[]; rescue: Node[]; always: Node[] } = { block: [], rescue: [], always: [] };
  const scope = { parent, kind: "block" as const, ...readScopeParts(loading, map, parent), role: undefined, position };
  const block: Block = { ...scope, name: field(loading, map, "name", "text"), ...children };
  const inside = { ...loading, notify: [...loading.notify, ...readNotify(loading, map)] };
  for (const part of ["block", "rescue", "always"] as const) {
    children[part].push(...loadNodes(inside, map.get(part), block, memberPosition(map, part)));
  }
  return [block];
}

function loadTask(outer: Loading, map: ValueMap, parent: Scope, position: Position): readonly Node[] {
  const name = map.get("name") ?? undefined;
  const loading = within(outer, labelOf(outer.isHandler ? "handler" : "task", name, actionNameOf(map)));
  checkTemplates(loading, name);
  const action = readAction(loading, map, taskKeywords, position);
  if (map.has("listen") && !loading.isHandler) {
    problem(loading, { code: "keyword-place", message: '"listen" is for handlers only', position: keyPosition(map, "listen") });
  }
  const parts = readScopeParts(loading, map, parent);
  const shown = field(loading, map, "name", "text");
  if (action === undefined) {
    // What else is wrong with the task is told in the same run.
    const { listen } = readRest(loading, map);
    if (loading.isHandler) loading.parts.brokenHandlers.push(...(shown === undefined ? [] : [String(shown)]), ...listen);
    return [];
  }
  if (action.kind !== "module") {
    const written = { map, action, parts, parent, name: shown, position };
    if (action.kind === "import_tasks") return importTasks(loading, written, loadNodes);
    if (action.kind === "import_role") return importRole(loading, written, loadNodes);
    const include = makeInclude(
      loading,
      written,
      { loop: readLoop(loading, map), register: readRegister(loading, map), listen: readListen(loading, map) },
      loadNodes,
    );
    checkIncludeKeywords(loading, map, action.kind);
    return include === undefined ? [] : [include];
  }
  const { module, moduleName, args, templatedArgs } = action;
  const scope: Scope = {
    parent,
    kind: "task",
    ...parts,
    keywords: keywordsOf(loading, map, parts, action.isLocal),
    role: undefined,
    position,
  };
  const task: Task = {
    ...scope,
    kind: "task",
    id: nextId(),
    name: shown,
    module,
    moduleName,
    args,
    templatedArgs,
    ...readRest(loading, map),
    isHandler: loading.isHandler,
    position,
    folder: loading.folder,
  };
  const call = { module, moduleName, args, templatedArgs, scope: task, position: action.position ?? position };
  checkArguments(loading, call);
  checkFiles(loading, call);
  return [task];
}

type Rest = Pick<Task, "loop" | "until" | "register" | "notify" | "changedWhen" | "failedWhen" | "listen">;

function readRest(loading: Loading, map: ValueMap): Rest {
  const optional = (key: string): readonly Condition[] | undefined =>
    map.get(key) === undefined || map.get(key) === null ? undefined : readConditions(loading, map, key);
  const notify = [...readNotify(loading, map), ...loading.notify];
  return {
    loop: readLoop(loading, map),
    until: readUntil(loading, map),
    register: readRegister(loading, map),
    notify: notify.length === 0 ? undefined : notify,
    changedWhen: optional("changed_when"),
    failedWhen: optional("failed_when"),
    listen: readListen(loading, map),
  };
}

/** `async` with a poll interval is a time limit; without one it would leave something running that nobody proves. */
function keywordsOf(loading: Loading, map: ValueMap, parts: ScopeParts, isLocal: boolean): Inheritable {
  const local = isLocal && parts.keywords.delegateTo === undefined ? { delegateTo: "localhost" } : {};
  const limit = field(loading, map, "async", "int");
  const poll = field(loading, map, "poll", "int");
  checkTemplates(loading, limit);
  if (limit === undefined || limit === 0) return { ...parts.keywords, ...local };
  if (poll === 0 || poll === "0") {
    problem(loading, {
      code: "async-poll",
      message: '"poll: 0" would leave the task running unwatched, which k3sprov does not do',
      position: memberPosition(map, "poll"),
      help: 'leave "poll" out to wait for the task, at most as long as "async" says; for something that keeps running, write a service',
    });
  }
  return { timeout: limit, ...parts.keywords, ...local };
}

function readRegister(loading: Loading, map: ValueMap): string | undefined {
  const name = staticText(loading, map, "register");
  if (name !== undefined) checkVariableName(loading, name, memberPosition(map, "register"), '"register":');
  return name;
}

function readListen(loading: Loading, map: ValueMap): readonly string[] {
  return texts(loading, map, "listen", false).flatMap((one) => {
    if (!isTemplated(one)) return [String(one)];
    problem(loading, {
      code: "keyword-template",
      message: '"listen" cannot be a template',
      position: memberPosition(map, "listen"),
    });
    return [];
  });
}

/** `notify`, each name noted for the check that its handler exists. */
function readNotify(loading: Loading, map: ValueMap): readonly Value[] {
  const names = texts(loading, map, "notify", false);
  const written = map.get("notify");
  for (const [index, name] of names.entries()) {
    checkTemplates(loading, name);
    if (isTemplated(name)) continue;
    const position = positionAt(map, isList(written ?? null) ? ["notify", index] : ["notify"]);
    loading.parts.notified.push({ name: String(name), position, trail: loading.trail });
  }
  return names;
}

function checkIncludeKeywords(loading: Loading, map: ValueMap, kind: string): void {
  for (const key of map.keys()) {
    const name = String(key);
    if (!taskKeywords.includes(name) || includeKeywords.includes(name)) continue;
    const isForApply = blockKeywords.includes(name);
    problem(loading, {
      code: "keyword-place",
      message: `"${name}" has no meaning on ${kind}`,
      position: keyPosition(map, key),
      ...(isForApply ? { help: `to hand it to the included tasks, write it below "apply:" of ${kind}` } : {}),
    });
  }
  if (map.has("notify")) {
    warning(loading, {
      code: "keyword-ignored",
      message: `"notify" of ${kind} notifies nobody`,
      position: keyPosition(map, "notify"),
    });
  }
}

/** What a task without a name is called in messages: its module. */
function actionNameOf(map: ValueMap): string {
  const action = map.get("action") ?? map.get("local_action");
  if (typeof action === "string") return action.split(/\s/)[0] ?? "";
  const own = [...map.keys()].map(String).find((key) => !taskKeywords.includes(key) && !key.startsWith("with_"));
  return own === undefined ? "" : bareName(own);
}
