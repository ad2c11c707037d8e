import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { onHosts } from "../bad-inputs/on-hosts.ts";
import { apply } from "./cli.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

/** What the rows speak of; see OnHost. */
const PREPARE = `set -e
mkdir -p /mnt/full /mnt/fixed /srv/parts
mount -t tmpfs -o size=64k tmpfs /mnt/full
echo old >/mnt/full/old
dd if=/dev/zero of=/mnt/full/filler bs=4k 2>/dev/null || :
mount -t tmpfs -o size=64k tmpfs /mnt/fixed
echo old >/mnt/fixed/old
mount -o remount,ro /mnt/fixed
echo file >/srv/file
echo kept >/srv/kept
echo part >/srv/parts/1
echo secret >/root/secret
truncate -s 11M /var/tmp/large
printf '[Service]\\nType=simple\\n' >/etc/systemd/system/bad-setting.service
systemctl daemon-reload
`;

/** What a snapshot of the host leaves out: other file systems. */
const MOUNTS = `cd /mnt && find . -printf '%p %y %m %u:%g %l\\n' | sort && find . -type f -exec sha256sum {} + | sort && cat /proc/mounts`;

const FILES = {
  "new.j2": "new\n",
  large: "x".repeat(200_000),
  "run.sh": "#!/bin/sh\n:\n",
  "badline.sh": "#!/no/such/interpreter\n",
};

const report = z.object({
  tasks: z.array(
    z.object({
      title: z.string(),
      results: z.array(z.object({ status: z.string(), result: z.looseObject({ msg: z.unknown().optional() }) })),
    }),
  ),
});

// dash begins with the line of its input, of which nobody can know the number.
const plain = (message: unknown): unknown =>
  typeof message === "string" ? message.replaceAll(/\/bin\/sh: \d+: /g, "/bin/sh: ") : message;

describe("what goes wrong on a host", () => {
  const host = freshHost();
  beforeAll(async () => {
    expect(await host().exec(PREPARE)).toMatchObject({ rc: 0 });
  });

  it("is said in whole, and leaves the host as it was", { timeout: 600_000 }, async () => {
    const rows = Object.entries(onHosts).flatMap(([module, { root = [], deploy = [] }]) => [
      ...root.map(([task, message]) => ({ title: `${module}: ${task}`, task, message, as: "root" })),
      ...deploy.map(([task, message]) => ({ title: `${module} as deploy: ${task}`, task, message, as: "deploy" })),
    ]);
    const tasks = rows.map(
      ({ task, as }, index) =>
        `    - ${task}\n      name: "${index}"\n      become: true\n      become_user: ${as}\n      ignore_errors: true\n`,
    );
    const text = `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join("")}`;
    const look = async () => ({ host: await host().snapshot(), mounts: (await host().exec(MOUNTS)).stdout });
    const before = await look();
    const run = await apply(host(), text, { files: FILES, timeoutMs: 500_000 });
    const after = await look();
    const told = new Map(
      report.parse(JSON.parse(run.stdout)).tasks.map(({ title, results }) => {
        const [one] = results;
        return [title, one?.status === "failed" ? plain(one.result.msg) : `${one?.status}, which it should not be`];
      }),
    );
    expect(rows.map(({ title }, index) => [title, told.get(String(index))])).toEqual(
      rows.map(({ title, message }) => [title, message]),
    );
    expect(diffSnapshots(before.host, after.host, { by: "state" })).toEqual([]);
    expect(after.mounts).toBe(before.mounts);
  });
});
