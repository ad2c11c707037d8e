import { bool, choice, dict, float, int, listOf, type ParametersOf, parameters, path, raw, str } from "../../parameters.ts";

/** Parameters of docker_container. Those without a default are compared only when they are given. */
export const containerParameters = parameters(
  {
    name: { ...str(), required: true, description: "The container." },
    image: { ...str(), description: "Image to make it from: a name with or without a tag, or an id. Needed only to make one." },
    state: {
      ...choice("started", "present", "stopped", "absent"),
      default: "started",
      description: "`present`: there, running or not. `stopped`: there and not running.",
    },
    command: { ...raw(), description: "What it runs: a list, or text that is split as a shell would." },
    entrypoint: { ...listOf(str()), description: "Its entry point, instead of the image's." },
    env: { ...dict(), description: "Environment variables. Quote numbers and booleans." },
    env_file: { ...path(), description: "File on the host with lines `NAME=value`; `env` wins over it." },
    published_ports: {
      ...listOf(str()),
      aliases: ["ports"],
      description: "Ports to publish: `80`, `8080:80`, `127.0.0.1:8080:80/tcp`, ranges.",
    },
    publish_all_ports: { ...bool(), description: "Publish every exposed port on a port of Docker's choice." },
    default_host_ip: { ...str(), description: "Address on which ports are published that name none." },
    exposed_ports: {
      ...listOf(str()),
      aliases: ["exposed", "expose"],
      description: "Further ports the container offers to others.",
    },
    volumes: {
      ...listOf(str()),
      description: "`source:target` or `source:target:options`; a target alone is an anonymous volume.",
    },
    mounts: {
      ...listOf(dict()),
      description:
        "Mounts as mappings: target, source, type (volume, bind, tmpfs), read_only, propagation, no_copy, volume_driver, volume_options, labels, tmpfs_size, tmpfs_mode.",
    },
    networks: {
      ...listOf(dict()),
      description: "Networks to be in, as mappings: name, aliases, links, ipv4_address, ipv6_address. They must exist.",
    },
    network_mode: {
      ...str(),
      description: "`bridge`, `host`, `none`, `container:NAME` or a network; the first of `networks` otherwise.",
    },
    restart_policy: { ...choice("no", "always", "on-failure", "unless-stopped"), description: "When Docker starts it again." },
    restart_retries: { ...int(), description: "How often `on-failure` tries." },
    labels: { ...dict(), description: "Labels." },
    user: { ...str(), description: "User and group that it runs as." },
    groups: { ...listOf(str()), description: "Further groups of that user." },
    working_dir: { ...str(), description: "Directory that it starts in." },
    hostname: { ...str(), description: "Its host name." },
    domainname: { ...str(), description: "Its domain." },
    privileged: { ...bool(), description: "With all rights on the host." },
    capabilities: { ...listOf(str()), aliases: ["cap_add"], description: "Capabilities to add." },
    cap_drop: { ...listOf(str()), description: "Capabilities to take away." },
    devices: { ...listOf(str()), description: "Devices of the host: `/dev/x`, `/dev/x:/dev/y:rwm`." },
    tmpfs: { ...listOf(str()), description: "File systems in memory: `/run`, `/run:size=64m`." },
    memory: { ...str(), description: "Limit: bytes, or with a unit (`512M`)." },
    memory_reservation: { ...str(), description: "Soft limit." },
    memory_swap: { ...str(), description: "Limit of memory and swap together; `unlimited` or -1 for none." },
    cpus: { ...float(), description: "Share of processors: 1.5 are one and a half." },
    cpu_shares: { ...int(), description: "Relative weight." },
    cpuset_cpus: { ...str(), description: "Processors that it may use: `0,2-3`." },
    cpuset_mems: { ...str(), description: "Memory nodes that it may use." },
    pids_limit: { ...int(), description: "How many processes it may have." },
    oom_score_adj: { ...int(), description: "How readily the kernel kills it when memory is short." },
    ulimits: { ...listOf(str()), description: "Limits: `nofile:1024:4096`." },
    sysctls: { ...dict(), description: "Kernel settings of its name spaces." },
    dns_servers: { ...listOf(str()), aliases: ["dns"], description: "Name servers." },
    dns_search_domains: { ...listOf(str()), description: "Domains in which names are looked up." },
    dns_opts: { ...listOf(str()), description: "Options of its resolver." },
    etc_hosts: { ...dict(), description: "Lines of its /etc/hosts, name: address." },
    log_driver: { ...str(), description: "Where its output goes." },
    log_options: { ...dict(), aliases: ["log_opt"], description: "Options of that driver." },
    healthcheck: {
      ...dict(),
      description: 'test (text, a list, or ["NONE"]), interval, timeout, start_period (like `1m30s`) and retries.',
    },
    stop_timeout: { ...int(), description: "Seconds between the request to stop and the kill; kept in the container too." },
    stop_signal: { ...str(), description: "Signal that asks it to stop." },
    init: { ...bool(), description: "With an init process that reaps orphans." },
    read_only: { ...bool(), description: "Its root file system cannot be written to." },
    tty: { ...bool(), description: "With a terminal." },
    interactive: { ...bool(), description: "Its standard input stays open." },
    pid_mode: { ...str(), description: "`host` or `container:NAME`." },
    ipc_mode: { ...str(), description: "`none`, `private`, `shareable`, `host` or `container:NAME`." },
    uts: { ...str(), description: "`host`." },
    userns_mode: { ...str(), description: "`host`." },
    cgroupns_mode: {
      ...choice("host", "private"),
      description: "Control groups that it sees: the host's, or its own. Docker 20.10 and later.",
    },
    cgroup_parent: { ...str(), description: "Control group that it is in." },
    runtime: { ...str(), description: "Runtime, such as `nvidia`." },
    security_opts: { ...listOf(str()), description: "Options such as `no-new-privileges` or `seccomp=unconfined`." },
    shm_size: { ...str(), description: "Size of /dev/shm: bytes, or with a unit." },
    auto_remove: { ...bool(), description: "Docker removes it when it ends." },
    pull: {
      ...raw(),
      default: "missing",
      description:
        "`missing`: pull the image when the host lacks it; `never`: fail then; `always`: see whether the registry has a newer one. true is `always`, false `missing`.",
    },
    recreate: { ...bool(), default: false, description: "Make it anew each time. An action: every run changes something." },
    restart_when_changed: {
      ...listOf(path()),
      default: [],
      description:
        "Paths of the host (files, directories with all below them, patterns) that it reads when it starts. When one was changed after the container was started, it is restarted. Ours.",
    },
    restart: { ...bool(), default: false, description: "Restart it each time. An action: every run changes something." },
    comparisons: {
      ...dict(),
      default: {},
      description:
        "How a parameter is compared, by its name: `ignore`, `strict`, and `allow_more_present` for lists without order and mappings. `*` (strict or ignore) stands for all others.",
    },
    container_default_behavior: {
      ...choice("no_defaults", "compatibility"),
      default: "no_defaults",
      description:
        "`compatibility`: what is not given of auto_remove, init, interactive, memory, privileged, read_only, tty is off or 0.",
    },
    detach: {
      ...bool(),
      default: true,
      description: "false: wait until it ends; the task fails when its status is not 0. An action.",
    },
    cleanup: { ...bool(), default: false, description: "With `detach: false`: remove it afterwards." },
    keep_volumes: { ...bool(), default: true, description: "Removing it leaves its anonymous volumes." },
    force_kill: { ...bool(), default: false, aliases: ["forcekill"], description: "Kill it instead of stopping it." },
    kill_signal: { ...str(), description: "Signal for that." },
    docker_host: {
      ...str(),
      default: "",
      aliases: ["docker_url"],
      description: "Docker's address, as of `docker -H`, seen from the host.",
    },
  },
  { mutuallyExclusive: [["recreate", "restart"]] },
);

export type ContainerParameters = ParametersOf<typeof containerParameters>;
