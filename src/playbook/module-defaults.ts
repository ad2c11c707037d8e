import type { Module } from "../modules/contract.ts";
import { keyPosition } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { described } from "./fields.ts";
import { type Loading, problem, warning } from "./loading.ts";
import type { Scope } from "./model.ts";
import { unknownModule } from "./module-names.ts";
import { keywordOf } from "./scope.ts";

/** Checks the names in `module_defaults`; the parameters are checked with each task that they apply to. */
export function checkModuleDefaults(loading: Loading, value: Value): void {
  for (const layer of layersOf(value)) {
    for (const [key, defaults] of layer) {
      const name = String(key);
      const position = keyPosition(layer, key);
      if (name.startsWith("group/")) {
        warning(loading, {
          code: "keyword-ignored",
          message: `module_defaults of ${name} are ignored: k3sprov knows no action groups`,
          position,
        });
      } else if (loading.options.registry.findModule(name) === undefined) {
        // Defaults for modules that no task uses do no harm, but a slip of the pen must not go unnoticed.
        const unknown = unknownModule(name, loading.options.registry);
        if (unknown.isAnsible) continue;
        problem(loading, { code: "unknown-module", message: unknown.message, position });
      } else if (!isMap(defaults) && defaults !== null && !(typeof defaults === "object" && "source" in defaults)) {
        problem(loading, {
          code: "keyword-type",
          message: `module_defaults of ${name} must be a mapping, but is ${described(defaults)}`,
          position,
        });
      }
    }
  }
}

/** What defaults a task gets: the parameters that are known to be among them, and whether there may be others. */
export function defaultsFor(
  scope: Scope,
  module: Module,
  moduleName: string,
): { readonly names: ReadonlySet<string>; readonly open: boolean } {
  const declared = keywordOf(scope, "moduleDefaults");
  if (declared === undefined) return { names: new Set(), open: false };
  const names = new Set<string>();
  let open = !isMap(declared) && !isList(declared);
  for (const layer of layersOf(declared)) {
    for (const name of [module.name, `ansible.builtin.${module.name}`, moduleName]) {
      const defaults = layer.get(name);
      if (isMap(defaults)) for (const key of defaults.keys()) names.add(String(key));
      else if (defaults !== undefined && defaults !== null) open = true;
    }
  }
  if (isList(declared) && !declared.every(isMap)) open = true;
  return { names, open };
}

function layersOf(value: Value): readonly ValueMap[] {
  return (isList(value) ? value : [value]).filter(isMap);
}
