import { describe, expect, it } from "vitest";
import { debian } from "../../../test/module-cases.ts";
import { addressesByIp, addressesByTables, compressIpv6, networkOf } from "./addresses.ts";
import { distributionFacts } from "./distribution.ts";
import { hardwareFacts } from "./hardware.ts";
import { localFacts } from "./local.ts";
import { networkFacts } from "./network.ts";
import { rawFacts } from "./raw.ts";
import { systemFacts } from "./system.ts";
import { timeFacts } from "./time.ts";
import { virtualizationFacts } from "./virtualization.ts";

const files = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .flatMap(([path, text]) => text.split("\n").map((line) => `${path}:${line}`))
    .join("\n");
const raw = (sections: Readonly<Record<string, string>>) =>
  rawFacts(
    Object.entries(sections)
      .map(([name, text]) => `\n@k3sprov:${name}\n${text}\n`)
      .join(""),
  );

describe("distribution", () => {
  it.each([
    [
      "Debian 12",
      { "/etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm', "/etc/debian_version": "12.11" },
      ["Debian", "12.11", "12", "bookworm", "Debian"],
    ],
    [
      "Debian testing",
      { "/etc/os-release": "ID=debian\nVERSION_CODENAME=trixie", "/etc/debian_version": "trixie/sid" },
      ["Debian", "trixie/sid", "trixie/sid", "trixie", "Debian"],
    ],
    [
      "Ubuntu 24.04",
      {
        "/etc/os-release": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble',
        "/etc/debian_version": "trixie/sid",
      },
      ["Ubuntu", "24.04", "24", "noble", "Debian"],
    ],
    [
      "Rocky 9",
      {
        "/etc/os-release": 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"',
        "/etc/redhat-release": "Rocky Linux release 9.3 (Blue Onyx)",
      },
      ["Rocky", "9.3", "9", "Blue Onyx", "RedHat"],
    ],
    [
      "CentOS 7",
      { "/etc/os-release": 'ID="centos"\nVERSION_ID="7"', "/etc/redhat-release": "CentOS Linux release 7.9.2009 (Core)" },
      ["CentOS", "7.9", "7", "Core", "RedHat"],
    ],
    ["Amazon Linux", { "/etc/os-release": 'ID="amzn"\nVERSION_ID="2023"' }, ["Amazon", "2023", "2023", "NA", "RedHat"]],
    [
      "openSUSE Leap",
      { "/etc/os-release": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.5"' },
      ["openSUSE Leap", "15.5", "15", "5", "Suse"],
    ],
    [
      "Alpine",
      { "/etc/os-release": "ID=alpine\nVERSION_ID=3.20.1", "/etc/alpine-release": "3.20.1" },
      ["Alpine", "3.20.1", "3", "NA", "Alpine"],
    ],
    [
      "one that nobody knows",
      { "/etc/os-release": 'NAME="My OS"\nID=myos\nID_LIKE=ubuntu\nVERSION_ID=1' },
      ["My OS", "1", "1", "NA", "Debian"],
    ],
  ])("%s", (_name, all, expected) => {
    const facts = distributionFacts(raw({ files: files(all) }), debian);
    const names = ["distribution", "distribution_version", "distribution_major_version", "distribution_release", "os_family"];
    expect(names.map((name) => facts[name])).toEqual(expected);
  });
});

const ip = `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
4: eth0@if7    inet 192.0.2.5/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
4: eth0@if7    inet 192.0.2.6/24 scope global secondary eth0\\       valid_lft forever preferred_lft forever
4: eth0    inet6 fd00::2/64 scope global nodad \\       valid_lft forever preferred_lft forever
5: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0\\       valid_lft forever preferred_lft forever
8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.6 uid 0 \\    cache 
2404:6800:400a:800::1012 from :: via fd00::1 dev eth0 src fd00::2 metric 1024 pref medium`;

describe("network", () => {
  const facts = networkFacts(
    raw({
      files: files({
        "/sys/class/net/eth0/address": "02:fc:00:00:00:01",
        "/sys/class/net/eth0/mtu": "1400",
        "/sys/class/net/eth0/flags": "0x1003",
        "/sys/class/net/eth0/operstate": "up",
        "/sys/class/net/eth0/type": "1",
        "/sys/class/net/eth0/speed": "-1",
        "/sys/class/net/lo/flags": "0x9",
        "/sys/class/net/lo/operstate": "unknown",
        "/sys/class/net/lo/type": "772",
      }),
      marks:
        "/sys/class/net/br-1.2/bridge\n/sys/class/net/br-1.2\n/sys/class/net/eth0\n/sys/class/net/lo\n/sys/class/net/bonding_masters",
      ip,
    }),
    debian,
  );

  it("names the way to the world", () => {
    expect(facts["default_ipv4"]).toEqual({
      interface: "eth0",
      alias: "eth0",
      address: "192.0.2.6",
      gateway: "192.0.2.1",
      macaddress: "02:fc:00:00:00:01",
      mtu: 1400,
      type: "ether",
      prefix: "24",
      netmask: "255.255.255.0",
      network: "192.0.2.0",
      broadcast: "192.0.2.255",
    });
    expect(facts["default_ipv6"]).toMatchObject({
      interface: "eth0",
      address: "fd00::2",
      gateway: "fd00::1",
      prefix: "64",
      scope: "global",
    });
  });

  it("describes interfaces by names that templates can use", () => {
    expect(facts["interfaces"]).toEqual(["br-1.2", "eth0", "lo"]);
    expect(facts["br_1_2"]).toMatchObject({ device: "br-1.2", type: "bridge" });
    expect(facts["eth0"]).toMatchObject({
      active: true,
      ipv4: { address: "192.0.2.5" },
      ipv4_secondaries: [{ address: "192.0.2.6" }],
    });
    expect(facts["eth0"]).not.toHaveProperty("speed");
    expect(facts["lo"]).toMatchObject({ type: "loopback", active: true, ipv4: { address: "127.0.0.1", netmask: "255.0.0.0" } });
    expect(facts["all_ipv4_addresses"]).toEqual(["192.0.2.5", "192.0.2.6", "10.8.0.2"]);
    expect(facts["all_ipv6_addresses"]).toEqual(["fd00::2"]);
  });

  it("reads the kernel's tables where there is no ip", () => {
    const tables = `/proc/net/route:Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
/proc/net/route:eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
/proc/net/route:eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
/proc/net/if_inet6:fd000000000000000000000000000002 04 40 00 80     eth0
/proc/net/fib_trie:           |-- 127.0.0.1
/proc/net/fib_trie:              /32 host LOCAL
/proc/net/fib_trie:           |-- 192.0.2.5
/proc/net/fib_trie:              /32 host LOCAL
/proc/net/fib_trie:           |-- 192.0.2.255
/proc/net/fib_trie:              /32 link BROADCAST`;
    const found = addressesByTables(tables.split("\n"));
    expect(found.default4).toEqual({ family: 4, device: "eth0", gateway: "192.0.2.1", source: undefined });
    expect(found.addresses).toEqual([
      { device: "lo", family: 4, address: "127.0.0.1", prefix: 8, broadcast: undefined, scope: "host" },
      { device: "eth0", family: 4, address: "192.0.2.5", prefix: 24, broadcast: undefined, scope: "global" },
      { device: "eth0", family: 6, address: "fd00::2", prefix: 64, broadcast: undefined, scope: "global" },
    ]);
  });

  it("has nothing to say without a way to the world", () => {
    expect(addressesByIp(["1: lo    inet 127.0.0.1/8 scope host lo"]).default4).toBeUndefined();
  });

  it.each([
    ["fe800000000000000000000000000001", "fe80::1"],
    ["00000000000000000000000000000001", "::1"],
    ["20010db8000000010000000000000000", "2001:db8:0:1::"],
    ["20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6"],
  ])("%s is %s", (hex, address) => expect(compressIpv6(hex)).toBe(address));

  it.each([
    ["192.0.2.77", 26, { network: "192.0.2.64", netmask: "255.255.255.192", broadcast: "192.0.2.127" }],
    ["10.1.2.3", 8, { network: "10.0.0.0", netmask: "255.0.0.0", broadcast: "10.255.255.255" }],
    ["10.1.2.3", 32, { network: "10.1.2.3", netmask: "255.255.255.255", broadcast: "10.1.2.3" }],
    ["10.1.2.3", 0, { network: "0.0.0.0", netmask: "0.0.0.0", broadcast: "255.255.255.255" }],
  ])("%s/%d", (address, prefix, expected) => expect(networkOf(address, prefix)).toEqual(expected));
});

describe("hardware", () => {
  it("counts processors, sockets and threads", () => {
    const one = (id: number, socket: number): string =>
      `processor\t: ${id}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: ${socket}\nsiblings\t: 4\ncore id\t: 0\ncpu cores\t: 2`;
    const facts = hardwareFacts(raw({ cpu: [0, 1, 2, 3, 4, 5, 6, 7].map((id) => one(id, id < 4 ? 0 : 1)).join("\n\n") }), debian);
    expect(facts).toMatchObject({
      processor_count: 2,
      processor_cores: 2,
      processor_threads_per_core: 2,
      processor_vcpus: 8,
      processor_nproc: 8,
    });
    expect(facts["processor"]).toHaveLength(24);
    const arm = hardwareFacts(raw({ cpu: "processor\t: 0\nprocessor\t: 1\nCPU architecture: 8" }), debian);
    expect(arm).toMatchObject({ processor: ["0", "1"], processor_count: 2, processor_vcpus: 2, processor_nproc: 2 });
  });

  it("adds up memory in MiB", () => {
    const meminfo =
      "MemTotal:        2048000 kB\nMemFree:          1024000 kB\nBuffers:           10240 kB\nCached:           102400 kB\nSwapTotal:        4096 kB\nSwapFree:         1024 kB\nActive(file): 5 kB";
    expect(hardwareFacts(raw({ files: files({ "/proc/meminfo": meminfo }) }), debian)).toMatchObject({
      memtotal_mb: 2000,
      memfree_mb: 1000,
      swaptotal_mb: 4,
      memory_mb: {
        real: { total: 2000, used: 1000, free: 1000 },
        nocache: { free: 1110, used: 890 },
        swap: { total: 4, free: 1, used: 3, cached: 0 },
      },
    });
  });

  it("lists mounts of devices and of the network, with spaces in their names", () => {
    const facts = hardwareFacts(
      raw({
        files: files({
          "/proc/self/mounts": "proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw,relatime 0 1\nnas:/x /mnt/a\\040b nfs4 rw 0 0",
        }),
        sizes: "4096|1000|400|450|100|60|/\n1048576|10|5|5|0|0|/mnt/a b",
        uuids: "'/dev/disk/by-uuid/1234-ab' -> '../../sda1'",
      }),
      debian,
    );
    expect(facts["mounts"]).toMatchObject([
      {
        mount: "/",
        device: "/dev/sda1",
        fstype: "ext4",
        uuid: "1234-ab",
        size_total: 4_096_000,
        size_available: 1_638_400,
        inode_used: 40,
        passno: 1,
      },
      { mount: "/mnt/a b", device: "nas:/x", uuid: "N/A", block_size: 1_048_576 },
    ]);
  });

  it("names firmware and block devices", () => {
    const facts = hardwareFacts(
      raw({
        files: files({
          "/sys/class/dmi/id/product_name": "KVM Server",
          "/sys/class/dmi/id/board_name": "",
          "/sys/class/dmi/id/chassis_type": "1",
          "/sys/block/sda/size": "41943040",
          "/sys/block/sda/ro": "0",
          "/sys/block/sda/sda1/start": "2048",
          "/sys/block/sda/sda1/size": "2097152",
          "/sys/block/loop0/size": "0",
        }),
      }),
      debian,
    );
    expect(facts).toMatchObject({ product_name: "KVM Server", board_name: "NA", bios_vendor: "NA", form_factor: "Other" });
    expect(facts["devices"]).toEqual({
      sda: expect.objectContaining({
        size: "20.00 GB",
        sectors: "41943040",
        partitions: { sda1: { start: "2048", sectors: "2097152", sectorsize: 512, size: "1.00 GB" } },
      }),
    });
  });
});

describe("virtualization", () => {
  it.each([
    ["Docker", { marks: "/.dockerenv" }, "guest", "docker"],
    ["Podman", { marks: "/run/.containerenv" }, "guest", "podman"],
    ["nspawn", { files: "/run/systemd/container:systemd-nspawn" }, "guest", "systemd-nspawn"],
    [
      "QEMU",
      { files: "/sys/class/dmi/id/sys_vendor:QEMU\n/sys/class/dmi/id/product_name:Standard PC (Q35 + ICH9, 2009)" },
      "guest",
      "kvm",
    ],
    ["EC2", { files: "/sys/class/dmi/id/sys_vendor:Amazon EC2\n/sys/class/dmi/id/product_name:t3.micro" }, "guest", "kvm"],
    [
      "VMware",
      { files: "/sys/class/dmi/id/sys_vendor:VMware, Inc.\n/sys/class/dmi/id/product_name:VMware Virtual Platform" },
      "guest",
      "VMware",
    ],
    ["VirtualBox", { files: "/sys/class/dmi/id/product_name:VirtualBox" }, "guest", "virtualbox"],
    [
      "Hyper-V",
      { files: "/sys/class/dmi/id/sys_vendor:Microsoft Corporation\n/sys/class/dmi/id/product_name:Virtual Machine" },
      "guest",
      "VirtualPC",
    ],
    ["no firmware, but a hypervisor", { cpu: "flags\t: fpu hypervisor lahf" }, "guest", "kvm"],
    ["a host", { marks: "/dev/kvm", files: "/sys/class/dmi/id/product_name:PowerEdge R640" }, "host", "kvm"],
    ["neither", { files: "/sys/class/dmi/id/product_name:PowerEdge R640" }, "NA", "NA"],
  ])("%s", (_name, sections, role, type) => {
    expect(virtualizationFacts(raw(sections))).toMatchObject({ virtualization_role: role, virtualization_type: type });
  });
});

describe("system", () => {
  it("finds the full name in /etc/hosts, never by asking a server", () => {
    const of = (hosts: string) =>
      systemFacts(raw({ files: files({ "/proc/sys/kernel/hostname": "node1", "/etc/hosts": hosts }) }), debian);
    expect(of("127.0.0.1 localhost\n10.0.0.1 node1.example.org node1 # ours")).toMatchObject({
      hostname: "node1",
      fqdn: "node1.example.org",
      domain: "example.org",
    });
    expect(of("127.0.1.1 node1")).toMatchObject({ fqdn: "node1", domain: "" });
  });

  it("reads kernel parameters, user, environment, SELinux and DNS", () => {
    const facts = systemFacts(
      raw({
        files: files({
          "/proc/cmdline": 'root=/dev/vda console=tty0 console=ttyS0,115200 quiet dyndbg="file x +p"',
          "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1001:Bob,,,:/home/bob:/bin/sh",
          "/etc/resolv.conf": "# c\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a.example b.example\noptions ndots:5 rotate",
          "/sys/fs/selinux/enforce": "1",
          "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted",
          "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@x",
          "/proc/loadavg": "0.10 0.20 0.30 1/100 1",
        }),
        systemd: "systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT +SELINUX",
        id: "uid=1000(bob) gid=1001(bob) groups=1001(bob)",
        env: "A=1\nB=two\nlines\nC=",
      }),
      debian,
    );
    expect(facts).toMatchObject({
      cmdline: { root: "/dev/vda", console: "ttyS0,115200", quiet: true, dyndbg: "file x +p" },
      proc_cmdline: { console: ["tty0", "ttyS0,115200"] },
      user_id: "bob",
      user_uid: 1000,
      user_dir: "/home/bob",
      user_gecos: "Bob,,,",
      env: { A: "1", B: "two\nlines", C: "" },
      selinux: { status: "enabled", mode: "enforcing", config_mode: "enforcing", type: "targeted" },
      systemd: { version: 252, features: "+PAM +AUDIT +SELINUX" },
      dns: { nameservers: ["10.0.0.1", "10.0.0.2"], search: ["a.example", "b.example"], options: { ndots: "5", rotate: true } },
      ssh_host_key_ed25519_public: "AAAA",
      ssh_host_key_ed25519_public_keytype: "ssh-ed25519",
      loadavg: { "1m": 0.1 },
      service_mgr: "systemd",
      pkg_mgr: "apt",
    });
  });
});

describe("time and local facts", () => {
  it("tells the time", () => {
    const line = "2026 11 24 02 47 31 1795484851 770756311 Tuesday 2 47 CET +0100";
    expect(timeFacts(raw({ date: line }))["date_time"]).toMatchObject({
      date: "2026-11-24",
      time: "02:47:31",
      iso8601: "2026-11-24T01:47:31Z",
      iso8601_micro: "2026-11-24T01:47:31.770756Z",
      tz: "CET",
      tz_offset: "+0100",
      epoch: "1795484851",
      weekday: "Tuesday",
    });
  });

  it("reads facts of the host's own", () => {
    const text = raw({
      "fact:a.fact": '{"x": [1]}',
      "fact:b.fact": "[s]\nKey = v\n",
      "fact:c.fact": "neither",
      "fact:d.fact": "@k3sprov-failed:3",
    });
    expect(localFacts(text)).toEqual({
      local: {
        a: { x: [1] },
        b: { s: { key: "v" } },
        c: "error: c.fact is neither JSON nor INI",
        d: "error: d.fact ended with status 3",
      },
    });
  });
});
