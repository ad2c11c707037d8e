import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localTraits, runScript } from "../../../../test/local-shell.ts";
import { type Answer, firewalldQuestion, type Scope } from "./firewalld-questions.ts";

// As firewalld 1.3 prints it. Before 0.9 there was no line "forward".
const LIST = `edge (active)
  target: %%REJECT%%
  icmp-block-inversion: no
  interfaces: eth7
  sources: 198.51.100.0/24 2001:db8::/64
  services: dhcpv6-client https
  ports: 99/udp RANGE
  protocols: gre
  masquerade: yes
  forward-ports: 
	port=80:proto=tcp:toport=8080:toaddr=
	port=81:proto=tcp:toport=8080:toaddr=192.0.2.1
  source-ports: 7/tcp
  icmp-blocks: echo-request
  rich rules: 
	rule family="ipv4" source address="192.0.2.7" port port="6443" protocol="tcp" accept
`;

describe("questions to firewalld", () => {
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-firewalld-"));
  const calls = join(folder, "calls");
  beforeAll(() => {
    mkdirSync(join(folder, "bin"));
    const program = join(folder, "bin", "firewall-cmd");
    writeFileSync(
      program,
      `#!/bin/sh
case "$*" in --state) exit 0 ;; esac
printf '%s\\n' "$*" >>${calls}
case "$*" in
*none*) echo "Error: INVALID_ZONE: none" >&2; exit 112 ;;
*--list-all) cat ${folder}/list ;;
*) echo asked; exit 1 ;;
esac
`,
    );
    chmodSync(program, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const ask = (words: readonly (readonly string[])[], ports = "", scope: Scope = "permanent") => {
    writeFileSync(join(folder, "list"), LIST.replace("RANGE", ports));
    writeFileSync(calls, "");
    const questions = words.map((one) => firewalldQuestion(scope, one));
    const { collector } = firewalldQuestion(scope, []);
    const items = questions.map(({ item }) => item);
    const output = runScript(
      { script: collector.script(items, localTraits()) },
      { PATH: `${folder}/bin:${process.env["PATH"]}` },
    );
    const answers = collector.decode(output, items, localTraits());
    return { answers, calls: readFileSync(calls, "utf8").split("\n").slice(0, -1) };
  };
  const answer = (status: number, said: string): Answer => ({ daemon: "running", status, said });
  const [yes, no, asked] = [answer(0, "yes"), answer(1, "no"), answer(1, "asked")];

  it.each<[string, Answer, string?]>([
    ["--query-service=https", yes],
    ["--query-service=http", no],
    ["--query-service=client", no],
    ["--query-port=99/udp", yes],
    ["--query-port=99/tcp", no],
    ["--query-port=8000-8010/tcp", yes, "8000-8010/tcp"],
    // Newer releases know ports of a range.
    ["--query-port=8005/tcp", asked, "8000-8010/tcp"],
    ["--query-port=8000-8010/tcp", asked],
    ["--query-port=7/tcp", no],
    ["--query-protocol=gre", yes],
    ["--query-source=2001:db8::/64", yes],
    ["--query-source=2001:DB8::/64", asked],
    ["--query-interface=eth7", yes],
    ["--query-interface=eth", asked],
    ["--query-icmp-block=echo-request", yes],
    ["--query-forward-port=port=80:proto=tcp:toport=8080", yes],
    ["--query-forward-port=port=81:proto=tcp:toport=8080", asked],
    ["--query-forward-port=port=81:proto=tcp:toport=8080:toaddr=192.0.2.1", yes],
    ['--query-rich-rule=rule family="ipv4" source address="192.0.2.7" port port="6443" protocol="tcp" accept', yes],
    ["--query-rich-rule=rule family=ipv4 source address=192.0.2.7 port port=6443 protocol=tcp accept", asked],
    ["--query-rich-rule=rule *", asked],
    ["--query-masquerade", yes],
    ["--query-icmp-block-inversion", no],
    ["--query-forward", asked],
    ["--get-target", answer(0, "%%REJECT%%")],
  ])("are answered by one list of a zone where it tells: %s", (option, expected, ports) => {
    const zone = ["--zone=edge"];
    const { answers, calls: called } = ask(
      [
        [...zone, option],
        [...zone, "--query-service=ssh"],
      ],
      ports,
    );
    expect(answers).toEqual([expected, no]);
    expect(called).toEqual([
      "--permanent --zone=edge --list-all",
      ...(expected === asked ? [`--permanent --zone=edge ${option}`] : []),
    ]);
  });

  it("are asked one by one where there is one, and where no list can be had", () => {
    expect(ask([["--query-service=https"], ["--get-zones"]], "", "runtime")).toEqual({
      answers: [asked, asked],
      calls: ["--query-service=https", "--get-zones"],
    });
    const invalid = answer(112, "Error: INVALID_ZONE: none");
    expect(
      ask([
        ["--zone=none", "--query-service=https"],
        ["--zone=none", "--query-port=1/tcp"],
      ]),
    ).toEqual({
      answers: [invalid, invalid],
      calls: ["--list-all", "--query-service=https", "--query-port=1/tcp"].map((option) => `--permanent --zone=none ${option}`),
    });
  });

  it("are answered by a list for each zone", () => {
    const words = ["--zone=edge", "--zone=work"].flatMap((zone) => [
      [zone, "--query-service=https"],
      [zone, "--query-port=99/udp"],
    ]);
    const zones = ["--permanent --zone=edge --list-all", "--permanent --zone=work --list-all"];
    expect(ask(words)).toEqual({ answers: [yes, yes, yes, yes], calls: zones });
  });
});
