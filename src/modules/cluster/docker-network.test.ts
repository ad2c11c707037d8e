import { describe, expect, it } from "vitest";
import { debian, planned } from "../../../test/module-cases.ts";
import { Unknown } from "../contract.ts";
import { inspectQuestion } from "../support/docker/docker-collector.ts";
import { dockerNetwork } from "./docker-network.ts";

const absent = { kind: "absent" };
const back = (more: object = {}) => ({
  kind: "found",
  object: {
    Name: "back",
    Driver: "bridge",
    Internal: false,
    IPAM: { Config: [{ Subnet: "10.89.0.0/24" }] },
    Options: {},
    Labels: {},
    Containers: {},
    ...more,
  },
});
const used = back({ Containers: { abc: { Name: "one" }, def: { Name: "two" } } });

describe("docker_network", () => {
  it.each<[string, object, object, readonly string[], string]>([
    ["is there", {}, back(), [], ""],
    ["is made", {}, absent, ["state: absent -> present"], "docker  network create --driver=bridge back"],
    [
      "is made as asked for",
      { internal: true, subnet: "10.1.0.0/24", driver_options: { a: "1" }, labels: { b: "2" } },
      absent,
      ["state: absent -> present"],
      "create --driver=bridge --internal --subnet=10.1.0.0/24 --opt=a=1 --label=b=2 back",
    ],
    ["is made anew", { internal: true }, back(), ["internal: false -> true"], "docker  network rm back"],
    ["has another subnet", { subnet: "10.1.0.0/24" }, back(), ["subnet: 10.89.0.0/24 -> 10.1.0.0/24"], "network create"],
    ["has another driver", { driver: "macvlan" }, back(), ["driver: bridge -> macvlan"], "network create"],
    ["lacks a label", { labels: { b: "2" } }, back({ Labels: { c: "1" } }), ["labels.b: null -> 2"], "network create"],
    ["has its label", { labels: { b: "2" } }, back({ Labels: { b: "2", c: "1" } }), [], ""],
    ["goes", { state: "absent" }, used, ["state: present -> absent"], "network rm back"],
    ["stays while it is used", { state: "absent", keep_used: true }, used, [], ""],
    ["stays while others use it", { state: "absent", keep_used: true, connected: ["one"] }, used, [], ""],
    [
      "goes with the last",
      { state: "absent", keep_used: true, connected: ["one", "two"] },
      used,
      ["state: present -> absent"],
      "network rm back",
    ],
    ["is gone", { state: "absent" }, absent, [], ""],
  ])("%s", async (_name, raw, network, differences, script) => {
    const result = await planned(dockerNetwork, { name: "back", ...raw }, { network });
    expect(result.differences).toEqual(differences);
    expect(result.script.replaceAll("'", "")).toContain(script);
    expect(result.left).toBeUndefined();
  });

  it("needs docker", async () => {
    const network = { kind: "no-docker", reason: "there is no docker on the host" };
    await expect(planned(dockerNetwork, { name: "back" }, { network })).rejects.toThrow("there is no docker on the host");
  });

  // What 20.10 and 29 say.
  it.each([
    ["Error: No such network: back", "absent"],
    ["Error response from daemon: network back not found", "absent"],
    ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "no-daemon"],
    ["permission denied", "docker network inspect back: permission denied"],
  ])("takes %j for what it is", (said, kind) => {
    const { collector, item } = inspectQuestion("network", "back", "");
    const stdout = Buffer.from(`[]\n\n#err ${said}\n#rc 1\n`);
    const [answer] = collector.decode({ rc: 0, stdout, stderr: Buffer.alloc(0) }, [item], debian);
    expect(answer instanceof Unknown ? answer.reason : answer?.kind).toBe(kind);
  });

  it("is found by its name", () => {
    const { collector, item } = inspectQuestion("network", "back", "");
    const object = { Name: "back", Id: "1" };
    const stdout = Buffer.from(`${JSON.stringify([{ Name: "front" }, object])}\n\n#rc 0\n`);
    expect(collector.decode({ rc: 0, stdout, stderr: Buffer.alloc(0) }, [item], debian)).toEqual([{ kind: "found", object }]);
  });
});
