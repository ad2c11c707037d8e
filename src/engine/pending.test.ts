import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { play, sandboxPerTest } from "./run-here.test-support.ts";

const sandbox = sandboxPerTest();

// Nobody listens there, and a check does not ask: what the file will hold is known by its checksum alone.
const tasks = play(`- name: Download
  get_url: { url: "http://127.0.0.1:9/x", dest: "{{ here }}/program", checksum: "sha256:${"0".repeat(64)}" }
- name: Link
  file: { src: program, dest: "{{ here }}/link", state: link }
- name: Read
  slurp: { src: "{{ here }}/link" }`);

it("does not say of a link that is there that it may change with what it leads to", async () => {
  sandbox.write({ program: "old" });
  symlinkSync("program", join(sandbox.folder, "link"));
  const { tasks: said } = await sandbox.run(tasks, { checkMode: true });
  expect(said["one"]?.slice(0, 2)).toEqual(["changed Download", "ok Link"]);
});

it("does not say what a new link to it will hold", async () => {
  sandbox.write({ program: "old" });
  const { tasks: said, result } = await sandbox.run(tasks, { checkMode: true });
  expect(said["one"]?.slice(0, 2)).toEqual(["changed Download", "changed Link"]);
  expect(result("Read")["msg"]).toMatch(/is known only after the download/);
});
