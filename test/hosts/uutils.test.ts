import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { fileFamily } from "./file-family.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

// A host whose stat, mv, cp and their like are those of uutils, as on recent Ubuntu; find, sed and tar stay GNU's there too.
describe("a host with uutils", () => {
  const host = freshHost({ image: "uutils" });

  it("has them first in its PATH", async () => {
    expect(await host().read("stat --version")).toMatch(/^stat 0\./);
    expect(await host().read("stat --version")).not.toContain("GNU");
  });

  it("takes every module of the file family", async () => {
    await converges(host(), play(fileFamily.tasks), fileFamily.expected);
  });

  it("keeps owner and mode of a file that is replaced, and a backup", async () => {
    await host().read("echo one >/etc/kept; chown 1:2 /etc/kept; chmod 2640 /etc/kept; chmod 0750 /srv");
    const report = await apply(host(), play("- copy: { dest: /etc/kept, content: two, backup: true }"));
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0, changed: 1 });
    expect(await host().read("stat -c '%a %u %g' /etc/kept; cat /etc/kept; cat /etc/kept.*~")).toBe("2640 1 2\ntwoone");
    await host().read("rm /etc/kept*");
  });

  it("gathers facts, and runs commands in time", async () => {
    const report = await apply(
      host(),
      play(`- setup:
- assert:
    that:
      - ansible_facts.os_family == 'Debian' and ansible_facts.memtotal_mb > 100
      - ansible_facts.default_ipv4.address in ansible_facts.all_ipv4_addresses
      - ansible_facts.date_time.epoch | int > 1600000000
- command: sleep 60
  timeout: 2
  ignore_errors: true
  register: slept
- assert: { that: slept is failed }`),
    );
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0 });
  });
});
