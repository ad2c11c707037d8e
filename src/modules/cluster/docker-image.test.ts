import { describe, expect, it } from "vitest";
import { planned } from "../../../test/module-cases.ts";
import { dockerImage } from "./docker-image.ts";

const absent = { kind: "absent" };
const found = { kind: "found", object: { Id: "sha256:1", RepoTags: ["k3s:1"] } };
const run = (raw: object, image: object = absent, file: object = absent) =>
  planned(dockerImage, { name: "k3s:1", source: "pull", ...raw }, { image, file });

describe("docker_image", () => {
  it.each<[string, object, object, readonly string[], string]>([
    ["is there", {}, found, [], ""],
    ["is pulled", {}, absent, ["image: absent -> pulled"], "docker  pull -q k3s:1 >/dev/null"],
    ["is pulled by another daemon", { docker_host: "tcp://x" }, absent, ["image: absent -> pulled"], "docker -H tcp://x pull"],
    ["has the tag latest", { name: "k3s" }, absent, ["image: absent -> pulled"], "pull -q k3s:latest"],
    ["has a tag of its own", { name: "reg:5000/k3s", tag: "2" }, absent, ["image: absent -> pulled"], "pull -q reg:5000/k3s:2"],
    ["is loaded once", { source: "load", load_path: "/srv/k3s.tar", remote_src: true }, found, [], ""],
    ["goes", { state: "absent" }, found, ["image: present -> absent"], "docker  image rm  k3s:1"],
    ["goes by force", { state: "absent", force_absent: true }, found, ["image: present -> absent"], "image rm -f k3s:1"],
    ["is gone", { state: "absent" }, absent, [], ""],
  ])("%s", async (_name, raw, image, differences, script) => {
    const result = await run(raw, image);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(script);
    expect(result.left).toBeUndefined();
  });

  it("is loaded from a file of the host, which must be there", async () => {
    const raw = { source: "load", load_path: "/srv/k3s.tar", remote_src: true };
    const result = await run(raw, absent, { kind: "file" });
    expect(result.script).toContain("docker  load -i /srv/k3s.tar");
    expect(result.left).toBeUndefined();
    await expect(run(raw)).rejects.toThrow("docker_image: there is no file /srv/k3s.tar on the host");
  });

  it("refuses what is nowhere", async () => {
    await expect(run({ source: "local" })).rejects.toThrow('docker_image: the host has no image "k3s:1", and source is "local"');
    await expect(run({}, { kind: "no-docker", reason: "there is no docker" })).rejects.toThrow("there is no docker");
  });
});
