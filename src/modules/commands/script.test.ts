import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localContext } from "../../../test/local-shell.ts";
import { connect } from "../../connection/connect.ts";
import type { Connection } from "../../connection/connection.ts";
import { parseParameters } from "../parameters.ts";
import { directoryControl } from "../support/run-local.test-support.ts";
import { script } from "./script.ts";

describe("script", { timeout: 30_000 }, () => {
  let folder: string;
  let here: Connection;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "k3sprov-script-"));
    here = connect({ kind: "local", name: "here", host: "here", hostKeyChecking: "strict", connectTimeoutMs: 10_000 });
  });
  afterEach(async () => {
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const left = () => readdirSync("/tmp").filter((name) => name.startsWith(".k3sprov."));
  const file = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);

  async function run(raw: Readonly<Record<string, unknown>>, timeoutMs = 20_000) {
    const context = localContext();
    const { value, problems } = parseParameters(script.parameters, "script", raw);
    expect(problems).toEqual([]);
    const input = await (script.prepare?.(value, directoryControl(folder), context) ?? expect.fail("no prepare"));
    const work = script.run?.(input, context) ?? expect.fail("no run");
    const [output] = await here.shell().run([{ ...work, environment: { COLOUR: "blue" } }], { timeoutMs });
    if (output === undefined) throw new Error("no output");
    return script.result?.(output, input, 5);
  }

  it("runs with its arguments, from a private directory that is gone afterwards", async () => {
    const before = left();
    file(
      "it s.sh",
      '#!/bin/sh\nls -ld "${0%/*}" | cut -c1-10; ls -l "$0" | cut -c1-10; printf "<%s>\\n" "${0##*/}" "$@"; pwd; exit 3\n',
    );
    expect(await run({ cmd: "'it s.sh' 'a b' $COLOUR $UNSET ';rm' '*'", chdir: "/usr" })).toMatchObject({
      changed: true,
      failed: true,
      rc: 3,
      msg: "non-zero return code",
      cmd: ["it s.sh", "a b", "$COLOUR", "$UNSET", ";rm", "*"],
      stdout: "drwx------\n-rwx------\n<it s.sh>\n<a b>\n<blue>\n<$UNSET>\n<;rm>\n<*>\n/usr",
    });
    expect(left()).toEqual(before);
  });

  it("runs by another program, and with no first line at all", async () => {
    file("program", "BEGIN { print 6 * 7 }\n");
    expect(await run({ cmd: "program", executable: "awk -f" })).toMatchObject({ rc: 0, stdout: "42" });
    file("bare", "echo bare\n");
    expect(await run({ cmd: "bare" })).toMatchObject({ rc: 0, stdout: "bare" });
    file("large.sh", Buffer.concat([Buffer.from("#!/bin/sh\necho large; exit 0\n"), randomBytes(3_000_000)]));
    expect(await run({ cmd: "large.sh" })).toMatchObject({ rc: 0, stdout: "large" });
  });

  it("is removed when it is killed", async () => {
    const before = left();
    file("stubborn", "#!/bin/sh\ntrap '' TERM\nsleep 20; sleep 20\n");
    await expect(run({ cmd: "stubborn" }, 1500)).rejects.toMatchObject({ code: "timeout", started: true });
    expect(left()).toEqual(before);
  });

  it("says what is wrong", async () => {
    file("ok", "#!/bin/sh\n");
    expect(await run({ cmd: "ok", chdir: "/no/such" })).toMatchObject({
      failed: true,
      msg: "Unable to change directory before execution: no such directory, or no permission: '/no/such'",
    });
    await expect(run({ cmd: "gone a b" })).rejects.toThrow('there is no file "gone" on the control node');
    await expect(run({ cmd: folder })).rejects.toThrow(`the script ${folder} is a directory`);
    expect(parseParameters(script.parameters, "script", { cmd: "ok", chdr: "/" }).problems).toEqual([
      { path: ["chdr"], message: 'script has no parameter "chdr"; did you mean "chdir"?' },
    ]);
  });
});
