import { beforeAll, describe, expect, it } from "vitest";
import { armouredKey, binaryKey, fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { freshHost } from "./pool.ts";

type Variables = Readonly<Record<string, unknown>>;

const play = (vars: Variables): string => JSON.stringify([{ hosts: "all", become: true, vars, roles: ["docker-runtime"] }]);
const of = (...names: readonly string[]) => names.map((name) => `docker-runtime : ${name}`);
const K3S = of("Create the directories of K3s' settings", "Tell K3s to use Docker", "Start K3s after Docker");
/** The bridge is not where the test hosts themselves are. */
const DAEMON = { docker_runtime_daemon: { "log-driver": "local", bip: "10.200.0.1/24" } };
/** What dnf and zypper keep for themselves. */
const OWN = ["/var/cache", "/var/lib/rpm", "/var/lib/dnf", "/var/lib/zypp", "/root"];

describe("role docker-runtime on the families of RedHat and Suse", () => {
  const host = freshHost({ image: "rpm" });
  let print = "";
  beforeAll(async () => {
    print = fingerprintsOf(binaryKey(armouredKey(await host().read("cat /srv/rpm/key.asc"), "key")))?.[0] ?? "";
    await host().read("rpm -qa >/dev/null; dnf -q repolist; :");
  });

  it("takes Docker's own packages with dnf, and a key that is known", { timeout: 600_000 }, async () => {
    const vars = {
      ...DAEMON,
      docker_runtime_version: "27.5.1",
      docker_runtime_users: ["deploy"],
      docker_runtime_repo_url: "file:///srv/rpm/docker",
      docker_runtime_repo_key: "/srv/rpm/key.asc",
      docker_runtime_repo_key_fingerprint: print,
    };
    await converges(host(), play(vars), {
      changed: [
        ...of(
          "Trust the key of Docker's packages",
          "Add Docker's rpm repository",
          "Create Docker's directory",
          "Configure Docker",
        ),
        ...of("Install Docker", "Start Docker now and at boot", "Let users at Docker"),
        ...K3S,
      ],
      disturb: [
        {
          by: "rpm -e --allmatches gpg-pubkey; sed -i s/^gpgcheck.*/gpgcheck=0/ /etc/yum.repos.d/docker-ce.repo; rpm -e docker-buildx-plugin",
          repairedBy: of("Trust the key of Docker's packages", "Add Docker's rpm repository", "Install Docker"),
        },
      ],
      absent: play({ ...vars, docker_runtime_state: "absent" }),
      ignore: OWN,
    });
  });

  it("takes the distribution's package with zypper", { timeout: 600_000 }, async () => {
    await host().read(`printf 'NAME="openSUSE Leap"\\nID=opensuse-leap\\nID_LIKE="suse opensuse"\\nVERSION_ID="15.6"\\n' >/etc/os-release
rpm --import /srv/rpm/key.asc
printf '[suse]\\nname=suse\\nbaseurl=file:///srv/rpm/suse\\nenabled=1\\nautorefresh=0\\ngpgcheck=1\\n' >/etc/zypp/repos.d/suse.repo
zypper --non-interactive --quiet refresh`);
    const vars = { ...DAEMON, docker_runtime_version: "28.3.3" };
    await converges(host(), play(vars), {
      changed: [...of("Create Docker's directory", "Configure Docker", "Install Docker", "Start Docker now and at boot"), ...K3S],
      absent: play({ ...vars, docker_runtime_state: "absent" }),
      ignore: OWN,
    });
  });
});

describe("role docker-runtime on Alpine", () => {
  const host = freshHost({ image: "openrc" });

  it("takes the distribution's package with apk, and OpenRC's services", { timeout: 600_000 }, async () => {
    // apk is no Debian package: this one keeps its data base where apk's is, and knows one package, whose service sleeps.
    await host().read(`rm /etc/os-release; printf 'NAME="Alpine Linux"\\nID=alpine\\nVERSION_ID=3.20.3\\nPRETTY_NAME="Alpine Linux v3.20"\\n' >/etc/os-release
mkdir -p /lib/apk/db /etc/apk /var/cache/apk && touch /etc/apk/world /etc/apk/repositories /var/cache/apk/APKINDEX.x
printf 'P:busybox\\nV:1.36.1-r2\\n\\n' >/lib/apk/db/installed
cat >/sbin/apk <<'APK'
#!/bin/sh
while [ "$1" = --wait ]; do shift 2; done
case $1 in
add)
  printf 'P:docker\\nV:28.3.3-r1\\n\\n' >>/lib/apk/db/installed
  echo "$2" >/etc/apk/world
  sed 's/demo/dockerd/' /etc/init.d/demo >/etc/init.d/docker && chmod 755 /etc/init.d/docker
  addgroup -S docker ;;
del) sed -i '/^P:docker/,$d' /lib/apk/db/installed; : >/etc/apk/world; rc-service docker stop; rc-update delete docker; rm /etc/init.d/docker ;;
esac
APK
chmod 755 /sbin/apk`);
    const vars = { ...DAEMON, docker_runtime_version: "28.3.3", docker_runtime_users: ["deploy"] };
    await converges(host(), play(vars), {
      changed: [
        ...of(
          "Create Docker's directory",
          "Configure Docker",
          "Install Docker",
          "Start Docker now and at boot",
          "Let users at Docker",
        ),
        ...K3S,
      ],
      disturb: [
        {
          by: "rc-service docker stop; delgroup deploy docker; echo >>/etc/rc.conf.d/10-docker-k3s.conf",
          repairedBy: of("Start Docker now and at boot", "Let users at Docker", "Start K3s after Docker"),
        },
      ],
    });
    expect(await host().read("cat /etc/apk/world /etc/rc.conf.d/10-docker-k3s.conf")).toBe(`docker~28.3.3
# Written by k3sprov, role docker-runtime: K3s asks Docker for its settings when it starts.
rc_k3s_want="docker"
rc_k3s_after="docker"`);
    const kept = await apply(host(), play({ ...vars, docker_runtime_state: "absent", docker_runtime_keep_packages: true }));
    expect(kept.changes["fresh1"]).toContain("docker-runtime : Take users away from Docker");
    expect(await host().read("id -nG deploy")).not.toContain("docker");
    await apply(host(), play({ ...vars, docker_runtime_state: "absent" }));
    expect(await host().read("cat /etc/apk/world; ls -d /etc/docker /etc/rc.conf.d /etc/rancher 2>/dev/null || :")).toBe("");
  });
});
