import { mkdirSync } from "node:fs";
import { runAgent } from "./agent.ts";
import type { Loaded } from "./config.ts";
import { parsedToken, tokenSetting } from "./datastore.ts";
import type { Knobs } from "./knobs.ts";
import { Fatal } from "./log.ts";
import { notifyReady } from "./notify.ts";
import { Paths } from "./paths.ts";
import { unpack } from "./userland.ts";

export async function startAgent(loaded: Loaded, knobs: Knobs): Promise<void> {
  const { settings } = loaded;
  const paths = new Paths(settings.text("data-dir"));
  const token = tokenSetting(settings, "token");
  const server = settings.text("server").replace(/\/$/, "");
  if (token === "") throw new Fatal("--token is required");
  if (server === "") throw new Fatal("--server is required");
  if (!server.startsWith("https://")) throw new Fatal(`only https:// URLs are supported, invalid scheme: ${server}`);
  parsedToken(token, "node");
  unpack(paths);
  mkdirSync(paths.agent(), { recursive: true, mode: 0o755 });
  await runAgent({ loaded, paths, knobs, server, token, isServer: false }, notifyReady);
}
