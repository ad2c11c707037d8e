import type { Value } from "../../vars/value.ts"; import type { Runtime } from "../runtime.ts";
export const lookupNames = (): readonly string[] => ["items", "dict", "file"];
export function runLookupPlugin(_r: Runtime, name: string, terms: readonly Value[], _o: ReadonlyMap<string, Value>): readonly Value[] { if (name==="dict") return terms.flatMap((t)=> t instanceof Map ? [...t].map(([k,v])=>new Map<string, Value>([["key",k],["value",v]])):[]); return terms.flatMap((t)=>Array.isArray(t)?t:[t]); }
