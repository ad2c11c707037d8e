import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { ArtifactServer } from "./artifact-server.ts";
import { NODE_ON_HOSTS } from "./container.ts";
import { repository, runFolder } from "./run.ts";

/** The stand-in of K3s as one executable file: what a release has as its asset `k3s`. Built once per test run and version. */
export function builtK3s(version: string): Buffer {
  const file = join(runFolder(), `k3s-${version}`);
  if (existsSync(file)) return readFileSync(file);
  const { outputFiles } = buildSync({
    entryPoints: [join(repository, "test", "k3s", "main.ts")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
    define: { STAND_IN_VERSION: JSON.stringify(version) },
    // Without the option Node reads the 140 authorities that it was built with, before it trusts the one that is meant: 60 ms for each kubectl.
    banner: { js: `#!${NODE_ON_HOSTS} --use-openssl-ca` },
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("esbuild has built nothing");
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, output.contents, { mode: 0o755 });
  renameSync(draft, file);
  return Buffer.from(output.contents);
}

export type Releases = {
  /** What roles take as the place of releases: `…/releases`. */
  readonly base: string;
  /** What they take as the address of channels. */
  readonly channels: string;
  /** Oldest first. */
  readonly versions: readonly string[];
};

const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: "k3s", arm64: "k3s-arm64" };

/**
 * Puts releases on a server as K3s' own are laid out, with checksums, images and channels; the last version is the stable one. With
 * K3SPROV_TEST_REAL_K3S=1 real ones are named instead, which lie behind the mirror K3SPROV_TEST_K3S_URL.
 */
export function publishK3s(server: ArtifactServer, versions: readonly string[]): Releases {
  const mirror = process.env["K3SPROV_TEST_K3S_URL"];
  if (process.env["K3SPROV_TEST_REAL_K3S"] === "1") {
    if (mirror === undefined) throw new Error("K3SPROV_TEST_REAL_K3S needs K3SPROV_TEST_K3S_URL, the address of a mirror");
    return { base: `${mirror}/releases`, channels: `${mirror}/v1-release/channels`, versions };
  }
  const base = "/k3s-io/k3s/releases";
  for (const version of versions) {
    const program = builtK3s(version);
    for (const [arch, asset] of Object.entries(ARCHITECTURES)) {
      const images = Buffer.from(`airgap images of ${version} for ${arch}\n`);
      const assets: Readonly<Record<string, Buffer>> = { [asset]: program, [`k3s-airgap-images-${arch}.tar.zst`]: images };
      for (const [name, body] of Object.entries(assets)) server.serve(`${base}/download/${version}/${name}`, { body });
      const sums = Object.entries(assets).map(([name, body]) => `${createHash("sha256").update(body).digest("hex")}  ${name}\n`);
      server.serve(`${base}/download/${version}/sha256sum-${arch}.txt`, sums.join(""));
    }
    server.serve(`${base}/download/${version}/k3s-images.txt`, `docker.io/rancher/mirrored-pause:3.6\n`);
  }
  const channels = channelsOf(versions);
  const data = Object.entries(channels).map(([id, latest]) => ({ id, type: "channel", name: id, latest }));
  server.serve("/v1-release/channels", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "collection", data }),
  });
  for (const [id, version] of Object.entries(channels)) {
    const redirect = `${server.http}${base}/tag/${encodeURIComponent(version)}`;
    server.serve(`/v1-release/channels/${id}`, { redirect });
    server.serve(`${base}/tag/${version}`, `${version}\n`);
  }
  return { base: `${server.http}${base}`, channels: `${server.http}/v1-release/channels`, versions };
}

/** stable, latest, and one for each minor version. */
function channelsOf(versions: readonly string[]): Readonly<Record<string, string>> {
  const last = versions.at(-1);
  if (last === undefined) throw new Error("name at least one version");
  const minors = versions.map((version) => [version.replace(/^(v\d+\.\d+)\..*/, "$1"), version] as const);
  return { stable: last, latest: last, ...Object.fromEntries(minors) };
}
