import { listAt, parseFields, textAt } from "../fields.ts";
import { aligned } from "../kubectl/print.ts";
import { Fatal, info } from "../log.ts";
import { Paths } from "../paths.ts";
import { asServer } from "./certificate.ts";
import { parseFlags } from "./flags.ts";

// Older releases call it `--server`. Neither config.yaml nor the environment says another one.
const SHORT = {
  d: "data-dir",
  dir: "snapshot-dir",
  "etcd-snapshot-dir": "snapshot-dir",
  s: "etcd-server",
  server: "etcd-server",
};
const PATH = "/db/snapshot";

/** Has a server do it that runs. */
export async function snapshots(argv: readonly string[]): Promise<number> {
  const [command = "save", ...rest] = argv;
  const flags = parseFlags(rest, { ...SHORT, t: "etcd-token", token: "etcd-token" });
  const operation = ["ls", "list", "l"].includes(command) ? "list" : command;
  if (operation !== "save" && operation !== "list") throw new Fatal(`No help topic for '${command}'`);
  const server = flags.text("etcd-server") || "https://127.0.0.1:6443";
  const request = { operation, name: flags.text("name"), dir: flags.text("snapshot-dir") };
  const asking = { server, token: flags.text("etcd-token"), method: "POST" };
  const { status, body } = await asServer(new Paths(flags.text("data-dir")), asking, PATH, request);
  if (status === 401) throw new Fatal(`Error: see server log for details: ${server}${PATH}: 401 Unauthorized`);
  const answer = parseFields(body);
  if (status !== 200) throw new Fatal(`Error: see server log for details: ${textAt(answer, "message")}`);
  for (const name of listAt(answer, "created")) info(`Snapshot ${String(name)} saved.`);
  if (operation === "save") return 0;
  const rows = listAt(answer, "snapshots").map((one) => ["name", "location", "size", "createdAt"].map((key) => textAt(one, key)));
  process.stdout.write(aligned([["Name", "Location", "Size", "Created"], ...rows]));
  return 0;
}
