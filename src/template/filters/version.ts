import type { Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { toText } from "../repr.ts";
import { testVersion } from "../version.ts";
import type { Filter, FilterTable } from "./filter.ts";

export const versionParameters = ["version", "operator?", "strict?", "version_type?"];

/** The test `version`, and the filter of the same name that older playbooks use. */
export function runVersion(input: Value, call: Call): boolean {
  const order = call.flag("strict", false) ? "strict" : call.text("version_type", "loose");
  return testVersion(toText(input), toText(call.value("version")), call.text("operator", "=="), order);
}

const version: Filter = { parameters: versionParameters, run: runVersion };

export const versionFilters: FilterTable = { version, version_compare: version };
