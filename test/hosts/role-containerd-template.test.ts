import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { containerdConfig, installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { messagesOf } from "./messages.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";

const DIRECTORY = "/var/lib/rancher/k3s/agent/etc/containerd";
const MARK = "# Written by k3sprov, role containerd-template.";
const BASE = '{{ template "base" . }}';
const NEW = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";
const OLD = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';

const play = (vars: Readonly<Record<string, unknown>>) => `
- hosts: all
  become: true
  roles:
    - role: containerd-template
      vars:
${Object.entries(vars)
  .map(([name, value]) => `        ${name}: ${JSON.stringify(value)}\n`)
  .join("")
  // What is for K3s to render.
  .replace('content: "', 'content: !unsafe "')}`;
const kata = `[${NEW}.kata]\nruntime_type = "io.containerd.kata.v2"\n`;
const crun = (plugin: string) =>
  `[${plugin}.crun-debug]\nruntime_type = "io.containerd.runc.v2"\n[${plugin}.crun-debug.options]\nBinaryName = "/opt/crun"\n`;
const content = `oom_score = -999\n${BASE}\n{{ if .NodeConfig.SELinux }}\n[debug]\nlevel = "info"\n{{ else }}\n[debug]\nlevel = "warn"\n{{ end }}\n[${NEW}."runsc"]\n  runtime_type = "{{ .Program }}"\n`;
const task = (name: string): string => `containerd-template : ${name}`;

describe("role containerd-template", () => {
  const host = freshHost();

  it("prepares a host that has no K3s yet, and undoes itself", { timeout: 120_000 }, async () => {
    const vars = {
      k3s_server_version: "v1.36.1+k3s1",
      containerd_template_content: content,
      containerd_template_dropins: { "10-kata.toml": kata, "20-crun.toml": `version = 3\n${crun(NEW)}` },
    };
    await converges(host(), play(vars), {
      changed: ["Create the directories of containerd's configuration", "Write the template", "Write the drop-ins"].map(task),
      disturb: [
        { by: `sed -i s/-999/-1/ ${DIRECTORY}/config-v3.toml.tmpl`, repairedBy: task("Write the template") },
        {
          by: `rm ${DIRECTORY}/config-v3.toml.d/10-kata.toml; chmod 644 ${DIRECTORY}/config-v3.toml.d/20-crun.toml`,
          repairedBy: task("Write the drop-ins"),
        },
        {
          by: `cp ${DIRECTORY}/config-v3.toml.d/20-crun.toml ${DIRECTORY}/config-v3.toml.d/30-old.toml`,
          repairedBy: task("Remove what is not asked for any more"),
        },
      ],
      absent: play({ containerd_template_state: "absent" }),
    });
  });

  it("goes by what the host really runs, before and after an upgrade", { timeout: 120_000 }, async () => {
    const generate = (text: string) =>
      host().read(`mkdir -p ${DIRECTORY} && printf '%s\\n' "${MARK}" '${text}' >${DIRECTORY}/config.toml`);
    const changes = async (vars: Readonly<Record<string, unknown>>) => (await apply(host(), play(vars))).changes["fresh1"];
    const refused = async (vars: Readonly<Record<string, unknown>>) => {
      const report = await apply(host(), play(vars), { rc: 2 });
      expect(report.changes).toEqual({});
      return report.stdout.replaceAll('\\"', '"');
    };

    // containerd 1.7: no drop-ins, so they become part of the template.
    await generate("version = 2");
    expect(await refused({ containerd_template_dropins: { "kata.toml": kata } })).toContain(
      "kata.toml configures io.containerd.cri.v1.runtime, which containerd silently ignores in version 2, where it is io.containerd.grpc.v1.cri",
    );
    expect(await refused({ containerd_template_dropins: { "a.toml": "oom_score = 1\n" } })).toContain(
      "K3s on this host reads no drop-ins yet, so they become part of the template, where keys outside of a table have no place (a.toml: oom_score); use K3s v1.36 or later here, or leave that out",
    );
    expect(await refused({ containerd_template_dropins: { "a.toml": `[${OLD}.runc]\nx = 1\n` } })).toContain(
      `K3s on this host reads no drop-ins yet, so they become part of the template, where the table [${OLD}.runc] would be a second one; use K3s v1.36 or later here, or leave that out`,
    );
    expect(await refused({ containerd_template_dropins: { "a.toml": "[a]\nx = 1\n", "b.toml": "[a]\ny = 1\n" } })).toMatch(
      /K3s on this host reads no drop-ins yet, so they become part of the template, which is not TOML then: line 8, column \d+: .*; use K3s v1.36 or later here, or write each table once/,
    );
    const dropins = { containerd_template_dropins: { "crun.toml": `version = 2\n${crun(OLD)}` } };
    expect(await changes(dropins)).toEqual([task("Write the template")]);
    expect(await host().read(`cat ${DIRECTORY}/config.toml.tmpl`)).toBe(`${MARK}\n${BASE}\n\n# crun.toml\n${crun(OLD).trim()}`);
    expect(await changes(dropins)).toBeUndefined();

    // K3s has been upgraded: containerd 2 with drop-ins, on the old format as long as there is a template of it.
    const pinned = { k3s_server_version: "v1.36.1+k3s1", containerd_template_dropins: { "crun.toml": crun(NEW) } };
    await generate(`version = 2\nimports = ["${DIRECTORY}/config.toml.d/*.toml"]`);
    expect(await changes(pinned)).toEqual(
      ["Create the directories of containerd's configuration", "Write the drop-ins", "Remove what is not asked for any more"].map(
        task,
      ),
    );
    expect(await host().read(`cd ${DIRECTORY} && find . -type f | sort && cat config-v3.toml.d/crun.toml`)).toBe(
      `./config-v3.toml.d/crun.toml\n./config.toml\n${MARK}\n${crun(NEW).trim()}`,
    );

    // What is not ours is neither replaced nor removed, but told about where it matters.
    await generate(`version = 3\nimports = ["${DIRECTORY}/config-v3.toml.d/*.toml"]`);
    await host().read(
      `echo '# mine' | tee ${DIRECTORY}/config-v3.toml.tmpl ${DIRECTORY}/config.toml.tmpl ${DIRECTORY}/config-v3.toml.d/z.toml`,
    );
    expect(await refused({ containerd_template_content: content })).toContain(
      `${DIRECTORY}/config-v3.toml.tmpl is there, and is not from the role containerd-template; take what it says into containerd_template_content or containerd_template_dropins, and move it away`,
    );
    const warned = await apply(host(), play(pinned));
    expect(warned.changes).toEqual({});
    expect(warned.stdout).toContain(
      `warning: ${DIRECTORY}/config.toml.tmpl, which is not from k3sprov, keeps containerd on configuration version 2`,
    );
    expect(await changes({ containerd_template_state: "absent" })).toEqual([task("Remove templates and drop-ins")]);
    expect(await host().read(`cd ${DIRECTORY} && find . -type f | sort`)).toBe(
      "./config-v3.toml.d/z.toml\n./config-v3.toml.tmpl\n./config.toml\n./config.toml.tmpl",
    );
    await host().read("rm -r /var/lib/rancher");
  });

  it("knows before the first start which releases read drop-ins", { timeout: 120_000 }, async () => {
    const dropins = (version: string) =>
      play({ k3s_server_version: version, containerd_template_dropins: { "nvidia.toml": `[${NEW}.nvidia]\nx = 1\n` } });
    for (const version of ["v1.34.9+k3s1", "v1.35.2+k3s1"]) {
      const refused = await apply(host(), dropins(version), { rc: 2 });
      expect(refused.changes).toEqual({});
      expect(messagesOf(refused)).toContain(
        `K3s on this host reads no drop-ins yet, so they become part of the template, where the table [${NEW.replaceAll("'", '"')}.nvidia] would be a second one`,
      );
    }
    for (const version of ["v1.35.3+k3s1", "v1.36.0+k3s1"]) {
      const check = await apply(host(), dropins(version), { check: true });
      expect(check.changes["fresh1"]).toContain(task("Write the drop-ins"));
    }
  });

  it("lets K3s read it, once", { timeout: 120_000 }, async () => {
    await installK3s(host(), "agent");
    const options = { groups: { agent: [host()] } };
    const restart = "k3s-host : Restart K3s with its new configuration";
    // Its service counts as started before it has written anything.
    await host().read("until [ -e /run/k3s/containerd/containerd.sock ]; do sleep 0.1; done");
    expect(await containerdConfig(host())).toContain("version = 3");
    const wanted = play({ containerd_template_dropins: { "kata.toml": kata } });
    expect((await apply(host(), wanted, options)).changes["fresh1"]?.slice(1)).toEqual([task("Write the drop-ins"), restart]);
    const again = await apply(host(), wanted, options);
    expect(again.changes).toEqual({});
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(3);
    const gone = await apply(host(), play({ containerd_template_state: "absent" }), options);
    expect(gone.changes["fresh1"]).toEqual([task("Remove templates and drop-ins"), restart]);
    expect(await k3sStarts(host())).toBe(3);
  });
});

describe("what role containerd-template refuses before it touches a host", () => {
  const table: readonly (readonly [message: string, vars: Readonly<Record<string, unknown>>])[] = [
    [
      "containerd_template_content or containerd_template_dropins is needed; to remove them say containerd_template_state absent",
      {},
    ],
    [
      "K3s' configuration has docker: True, so K3s' containerd is not used; leave out one of them on this host",
      { k3s_server_config: { docker: true }, containerd_template_dropins: { "kata.toml": kata } },
    ],
    [
      "K3s' configuration has container-runtime-endpoint: unix:///run/crio.sock, so K3s' containerd is not used; leave out one of them on this host",
      {
        k3s_server_config: { "container-runtime-endpoint": "unix:///run/crio.sock" },
        containerd_template_dropins: { "kata.toml": kata },
      },
    ],
    ...["Kata.toml", "kata.conf", "../kata.toml", "config.toml"].map(
      (name) =>
        [
          `containerd_template_dropins has "${name}", and a name must begin with a small letter or a digit, go on with these and . _ -, end in .toml, and not be config.toml`,
          { containerd_template_dropins: { [name]: kata } },
        ] as const,
    ),
    [
      'containerd_template_dropins["a.toml"] is not TOML: line 2, column 5: invalid value',
      { containerd_template_dropins: { "a.toml": "[a]\nb = \n" } },
    ],
    [
      'containerd_template_dropins["a.toml"] says version = 2, and containerd reads version 3 on this host',
      { k3s_server_version: "v1.33.0+k3s1", containerd_template_dropins: { "a.toml": "version = 2\n" } },
    ],
    ...[0, 2].map(
      (times) =>
        [
          `containerd_template_content includes the base ${times} times, and must do so once, by a line ${BASE}: without it the node has neither its network nor its sandbox image, and a config.toml that K3s has generated breaks with the next upgrade`,
          { containerd_template_content: `# ${`${BASE}\n`.repeat(times)}` },
        ] as const,
    ),
    [
      "containerd_template_content is not TOML: line 3, column 5: invalid value",
      { containerd_template_content: `${BASE}\n[a]\nb = \n` },
    ],
    [
      "containerd_template_content is not TOML: an action {{ … }} of the template, or a block that one begins, does not end",
      { containerd_template_content: `${BASE}\n{{ if .X }}\n` },
    ],
    [
      "containerd_template_content has oom_score behind the base and in no table; write that before the base",
      { containerd_template_content: `${BASE}\noom_score = -999\n` },
    ],
    [
      "containerd_template_content sets version, which the base sets as well, and containerd reads no file with a key twice; take it out",
      { containerd_template_content: `version = 3\n${BASE}\n` },
    ],
    [
      `containerd_template_content has the table [${NEW.replaceAll("'", '"')}.runc], which the base has as well, and containerd reads no file with a table twice; change it by containerd_template_dropins`,
      { containerd_template_content: `${BASE}\n  [ ${NEW}."runc" ] # mine\n` },
    ],
    ...(
      [
        [`${NEW}.crun`, {}],
        [`${NEW}.'nvidia-cdi'.options`, { k3s_server_version: "v1.36.1+k3s1" }],
        [`${OLD}."wasmtime"`, { k3s_server_version: "v1.31.1+k3s1" }],
        [`${OLD}.nvidia.options`, { k3s_server_version: "v1.31.1+k3s1" }],
        ["plugins.'io.containerd.snapshotter.v1.stargz'.'registry'", { k3s_server_config: { snapshotter: "stargz" } }],
      ] as const
    ).map(
      ([table, vars]) =>
        [
          `containerd_template_content has the table [${table.replaceAll("'", '"').replace(/"(nvidia-cdi|wasmtime|registry)"/, "$1")}], which the base has as well, and containerd reads no file with a table twice; change it by containerd_template_dropins`,
          { ...vars, containerd_template_content: `${BASE}\n[${table}]\nx = 1\n` },
        ] as const,
    ),
    [
      "containerd_template_config_version is 3, and K3s v1.32.1+k3s1 has a containerd that knows 2 at most; v1.31.6, v1.32.2 and v1.33 came with a newer one",
      { k3s_server_version: "v1.32.1+k3s1", containerd_template_config_version: "3", containerd_template_content: BASE },
    ],
    [
      "K3s v1.25.12+k3s1 has no base template that another one could include; use v1.25.13 or later",
      { k3s_server_version: "v1.25.12+k3s1", containerd_template_content: BASE },
    ],
    [
      "containerd_template_config_version is 2, and K3s v1.31.6+k3s1 reads drop-ins of that version only beside a template of it; give containerd_template_content, or write the drop-ins for version 3",
      {
        k3s_server_version: "v1.31.6+k3s1",
        containerd_template_config_version: "2",
        containerd_template_dropins: { "a.toml": "[a]\n" },
      },
    ],
    [
      "a.toml configures io.containerd.grpc.v1.cri, which containerd silently ignores in version 3, where it is io.containerd.cri.v1.runtime and io.containerd.cri.v1.images",
      { containerd_template_config_version: "3", containerd_template_dropins: { "a.toml": crun(OLD) } },
    ],
    [
      "containerd_template_content configures io.containerd.cri.v1.runtime, which containerd silently ignores in version 2, where it is io.containerd.grpc.v1.cri",
      { k3s_server_version: "v1.30.9+k3s1", containerd_template_content: `${BASE}\n${kata}` },
    ],
  ];
  const inventory = JSON.stringify({ server: { hosts: { one: { ansible_host: "192.0.2.1" } } } });

  it("all of it, in one run", async () => {
    const accepted = play({
      k3s_server_version: "v1.36.1-rc1+k3s1",
      containerd_template_content: content,
      containerd_template_dropins: { "a.toml": `version = 3\n[plugins.'io.containerd.grpc.v1.cri']\nstream_server_port = "0"\n` },
    });
    // containerd merges the tables of drop-ins; without stargz K3s writes none of its tables.
    const merged = play({
      k3s_server_version: "v1.36.1+k3s1",
      containerd_template_content: `${BASE}\n[plugins.'io.containerd.snapshotter.v1.stargz']\nx = 1\n[${NEW}.nvidia.mine]\nx = 1\n`,
      containerd_template_dropins: { "a.toml": `[${NEW}.nvidia]\nx = 1\n[${NEW}.crun.options]\nx = 1\n` },
    });
    const said = await refusals(inventory, [...table.map(([, vars]) => play(vars)), accepted, merged].join(""));
    expect(said).toEqual(table.map(([message]) => `one: ${message}`));
  });

  it("actions in drop-ins, and roles that bring another runtime", async () => {
    const braces = play({ containerd_template_dropins: {} }).replace("{}", `{ a.toml: !unsafe "a = {{ .X }}" }`);
    const docker = play({ containerd_template_dropins: { "kata.toml": kata } });
    const said = await refusals(inventory, braces + docker + docker.replace("role: containerd-template", "role: docker-runtime"));
    expect(said).toContain(
      'one: containerd_template_dropins["a.toml"] has an action in double braces, which K3s renders only in containerd_template_content',
    );
    expect(said).toContain(
      "one: the roles containerd-template and docker-runtime exclude each other: Docker runs the containers instead of K3s' containerd; leave out one of them on this host",
    );
  });
});
