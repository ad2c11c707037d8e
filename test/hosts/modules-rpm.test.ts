import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { freshHost } from "./pool.ts";

const play = (tasks: string): string => `
- hosts: all
  become: true
  gather_facts: false
  tasks:
${tasks.replace(/^/gm, "    ")}
`;

const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

const results = z.object({
  tasks: z.array(z.object({ results: z.array(z.object({ result: z.looseObject({ msg: z.unknown().optional() }) })) })),
});

/** All messages of all results, one a line. */
function messagesOf(report: RunReport): string {
  const { tasks } = results.parse(JSON.parse(report.stdout));
  return tasks.flatMap((task) => task.results.map(({ result }) => [result.msg, result["assertion"]].join(" "))).join("\n");
}

/** The first who reads rpm's data base writes beside it, and so gives the directories above it new inodes in a container. */
const openDatabases = async (host: TestHost): Promise<void> =>
  void (await host.read(
    "rpm -qa >/dev/null; dnf -C -q list --installed >/dev/null 2>&1; zypper --quiet packages >/dev/null 2>&1; :",
  ));

/** What rpm, dnf and zypper keep for themselves. */
const OWN = ["/var/lib/rpm", "/var/lib/dnf", "/var/lib/zypp", "/var/cache", "/var/log", "/etc/zypp"];
const REPOSITORY = `- name: Repository
  yum_repository: { name: demo, description: Demo packages, baseurl: "file:///srv/rpm/main", gpgcheck: true, gpgkey: "file:///srv/rpm/key.asc" }`;

describe("yum_repository, rpm_key and dnf", () => {
  const host = freshHost({ image: "rpm" });
  beforeAll(() => openDatabases(host()));

  it("bring packages that only the repository has, and go again", async () => {
    await converges(
      host(),
      play(`${REPOSITORY}
- name: Another in the same file
  yum_repository: { name: extra, file: demo, description: More, baseurl: "file:///srv/rpm/extra", enabled: false, mode: "0640" }
- name: Key
  rpm_key: { key: /srv/rpm/key.asc }
- name: Two packages
  dnf: { name: [demo-extra, demo-tool-1.0], state: present }
- name: By what it provides
  package: { name: demo-web }`),
      {
        changed: ["Repository", "Another in the same file", "Key", "Two packages", "By what it provides"],
        disturb: [
          { by: "sed -i 's/^enabled = 0/enabled = 1/' /etc/yum.repos.d/demo.repo", repairedBy: "Another in the same file" },
          { by: "sed -i 's/^gpgcheck = 1/gpgcheck = 0/' /etc/yum.repos.d/demo.repo", repairedBy: "Repository" },
          { by: "rpm -e --allmatches gpg-pubkey", repairedBy: "Key" },
          { by: "rpm -e demo-extra", repairedBy: "Two packages" },
        ],
        absent: play(`- dnf: { name: [demo-extra, demo-tool, demo-web], state: absent }
- rpm_key: { key: /srv/rpm/key.asc, state: absent }
- yum_repository: { name: extra, file: demo, state: absent }
- yum_repository: { name: demo, state: absent }`),
        ignore: OWN,
      },
    );
    expect(await host().read("ls -A /etc/yum.repos.d; rpm -q gpg-pubkey || :")).toBe("package gpg-pubkey is not installed");
  });

  it("fetch a key by URL, and refuse another than the one that is meant", async () => {
    const key = (more: string): string => play(`- name: Key\n  rpm_key: { key: "file:///srv/rpm/key.asc"${more} }`);
    const print = await host().read(
      "gpg --with-colons --show-keys /srv/rpm/key.asc 2>/dev/null | awk -F: '$1 == \"fpr\" {print $10; exit}'",
    );
    const wrong = await apply(host(), key(`, fingerprint: "${"0".repeat(40)}"`), { rc: 2 });
    expect(messagesOf(wrong)).toContain(`the key has the fingerprint ${print}, but must have ${"0".repeat(40)}`);
    expect(await host().read("rpm -q gpg-pubkey || :")).toBe("package gpg-pubkey is not installed");
    for (const more of ["", `, fingerprint: "${print}"`]) {
      expect(changesOf(await apply(host(), key(more)))).toEqual(["Key"]);
      expect(changesOf(await apply(host(), key(more)))).toEqual([]);
      const gone = play(`- name: Gone\n  rpm_key: { key: "0x${print.slice(-8).toLowerCase()}", state: absent }`);
      expect(changesOf(await apply(host(), gone))).toEqual(["Gone"]);
      expect(changesOf(await apply(host(), gone))).toEqual([]);
    }
  });
});

describe("zypper and zypper_repository", () => {
  const host = freshHost({ image: "rpm" });
  beforeAll(() => openDatabases(host()));

  it("bring packages that only the repository has, and go again", async () => {
    await converges(
      host(),
      play(`- name: Repository
  zypper_repository: { name: demo, repo: "file:///srv/rpm/main", auto_import_keys: true }
- name: Two packages
  zypper: { name: [demo-extra, demo-tool=1.1], state: present }`),
      {
        changed: ["Repository", "Two packages"],
        disturb: [
          { by: "zypper --non-interactive modifyrepo --disable demo", repairedBy: "Repository" },
          { by: "rpm -e demo-extra", repairedBy: "Two packages" },
        ],
        absent: play(`- zypper: { name: [demo-extra, demo-tool], state: absent }
- zypper_repository: { name: demo, state: absent }`),
        ignore: OWN,
      },
    );
  });
});
