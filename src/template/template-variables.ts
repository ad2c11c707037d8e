import { statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { Value } from "../vars/value.ts";
import { currentTime } from "./datetime.ts";

/** What Ansible tells a template about itself. Variables of the user's with such names win: `ansible_managed` is often set. */
export function templateVariables(
  path: string,
  named: { readonly given?: string; readonly destination?: string } = {},
): ReadonlyMap<string, () => Value> {
  return new Map<string, () => Value>([
    ["ansible_managed", () => "Ansible managed"],
    ["template_host", () => hostname()],
    ["template_uid", () => ownerOf(path)],
    ["template_path", () => named.given ?? path],
    ["template_fullpath", () => path],
    ["template_destpath", () => named.destination ?? null],
    ["template_run_date", () => currentTime(false)],
  ]);
}

function ownerOf(path: string): Value {
  const { uid } = statSync(path);
  const own = userInfo();
  return uid === own.uid ? own.username : uid;
}
