import { dirname } from "node:path";
import type { Connector } from "../connection/connection.ts";
import type { Include, Scope, Task } from "../playbook/model.ts";
import { searchPath } from "../playbook/search-path.ts";
import type { EvaluationContext, LookupEnvironment, Names } from "../template/context.ts";
import { renderValue } from "../template/template.ts";
import { VariableStore } from "../vars/store.ts";
import type { PlayContext, RunContext, RunOptions } from "./context.ts";
import { Emitter } from "./emitter.ts";
import { Evaluator } from "./evaluator.ts";
import { HostRoles } from "./host-roles.ts";
import type { Limits } from "./host-session.ts";
import { HostState } from "./host-state.ts";
import { Sessions } from "./sessions.ts";

const PROBE_MS = 120_000;
const TASK_MS = 3_600_000;

/** Puts together what all plays of a run share. */
export function runContext(options: RunOptions, connect: Connector): RunContext {
  const limits: Limits = { probeMs: options.limits?.probeMs ?? PROBE_MS, taskMs: options.limits?.taskMs ?? TASK_MS };
  const emitter = new Emitter(options.listener, options.redactor);
  const hosts = new Map<string, HostState>();
  const hostRoles = new HostRoles(() => run);
  const inContext = (names: Names, lookups: LookupEnvironment): EvaluationContext => ({
    names,
    lookups,
    decrypt: (vault) => options.vault.decrypt(vault),
    onSecret: (text) => options.redactor.add(text),
  });
  const store = new VariableStore({
    inventory: options.inventory,
    run: {
      checkMode: options.checkMode,
      diff: options.diff,
      forks: options.forks,
      verbosity: options.verbosity,
      tags: options.tags,
      skipTags: options.skipTags,
      version: options.version,
      rolesOf: (host) => hostRoles.of(host),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    },
    extraVars: options.extraVars,
    render: (value, names) => renderValue(value, inContext(names, NO_FILES)),
  });
  if (options.promptedVars !== undefined) store.setPrompted(undefined, options.promptedVars);
  const hostState = (name: string): HostState => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const state = new HostState(name);
    hosts.set(name, state);
    return state;
  };
  const namesOf = (play: PlayContext, host: string, scope: Scope) =>
    store.names({ host, play: play.play, scope, hosts: playHosts(play) });
  const evaluator = (play: PlayContext, host: string, scope: Scope): Evaluator => {
    const names = namesOf(play, host, scope);
    return new Evaluator(inContext(names, lookupsOf(play, scope)), options.redactor);
  };
  const run: RunContext = {
    options,
    limits,
    store,
    emitter,
    hosts,
    slowest: [],
    startedAtTask: { done: options.startAtTask === undefined },
    host: hostState,
    global: new Evaluator(inContext(extraNames(options), NO_FILES), options.redactor),
    evaluator,
    delegate: evaluator,
    definedAt: (play, host, scope, name) =>
      namesOf(play, host, scope)
        .definitionsOf(name)
        .find((one) => one.position !== undefined)?.position,
    sessions: new Sessions({
      connect,
      defaults: options.connection,
      limits,
      emitter,
      signal: options.signal,
      lock: !options.checkMode,
    }),
  };
  return run;
}

const NO_FILES: LookupEnvironment = { searchPath: () => [process.cwd()], workingDirectory: process.cwd() };

function playHosts(play: PlayContext) {
  return {
    all: play.allHosts,
    active: () => play.allHosts.filter((name) => !play.failures.has(name)),
    batch: () => play.hosts.filter((host) => host.out === undefined).map((host) => host.name),
  };
}

function lookupsOf(play: PlayContext, scope: Scope): LookupEnvironment {
  const playFolder = dirname(play.play.file);
  const folder = hasFolder(scope) ? scope.folder : playFolder;
  return { searchPath: (kind) => searchPath(scope, folder, kind), workingDirectory: playFolder };
}

function hasFolder(scope: Scope): scope is Task | Include {
  return (scope.kind === "task" || scope.kind === "include") && "folder" in scope;
}

function extraNames(options: RunOptions): Names {
  const layers = options.extraVars.toReversed();
  return {
    lookup(name) {
      for (const layer of layers) {
        const value = layer.get(name);
        if (value !== undefined) return value;
      }
      return undefined;
    },
    names: () => layers.flatMap((layer) => [...layer.keys()].map(String)),
  };
}
