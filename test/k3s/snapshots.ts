import { existsSync, readdirSync, statSync } from "node:fs";
import { failure, type Reply } from "./api.ts";
import { type Fields, textAt } from "./fields.ts";
import { info } from "./log.ts";
import { Paths } from "./paths.ts";

/** What a server with etcd makes snapshots of, and where it keeps them unless it is told. */
export type Snapshots = { readonly node: string; readonly folder: string; readonly content: () => string };

/** What `k3s etcd-snapshot` asks for: it is the server that does it. */
export function answerSnapshot(snapshots: Snapshots, given: Fields): Reply {
  const folder = textAt(given, "dir") || snapshots.folder;
  switch (given["operation"]) {
    case "save": {
      const name = `${textAt(given, "name") || "on-demand"}-${snapshots.node}-${Math.floor(Date.now() / 1000)}`;
      info(`Saving etcd snapshot to ${folder}/${name}`);
      Paths.write(`${folder}/${name}`, snapshots.content());
      return { status: 200, body: { created: [name] } };
    }
    case "list": {
      const names = existsSync(folder) ? readdirSync(folder).sort() : [];
      const found = names.map((name) => {
        const { size, mtime } = statSync(`${folder}/${name}`);
        return { name, location: `file://${folder}/${name}`, size, createdAt: mtime.toISOString().replace(/\.\d+Z$/, "Z") };
      });
      return { status: 200, body: { snapshots: found } };
    }
    default:
      return failure(400, "BadRequest", "invalid snapshot operation");
  }
}
