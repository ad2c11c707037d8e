import { describe, expect, it } from "vitest";
import { fakeProcess } from "../../test/cli/fake-process.ts";
import { main } from "./main.ts";
import { version } from "./version.ts";

async function run(...argv: readonly string[]) {
  const at = fakeProcess(argv);
  const code = await main(at);
  return { code, ...at.told };
}

describe("k3sprov", () => {
  it("tells its version", async () => {
    expect(await run("--version")).toEqual({ code: 0, out: `k3sprov ${version()}\n`, error: "" });
  });

  it("tells how to use it, on standard error when nobody asked", async () => {
    const asked = await run("--help");
    expect({ code: asked.code, error: asked.error }).toEqual({ code: 0, error: "" });
    const lost = await run();
    expect({ code: lost.code, out: lost.out, error: lost.error }).toEqual({ code: 5, out: "", error: asked.out });
  });

  it("ends with 5 for wrong usage", async () => {
    expect(await run("aply")).toEqual({
      code: 5,
      out: "",
      error: 'error: unknown command "aply"; did you mean apply?\n  help: k3sprov --help\n',
    });
    expect(await run("completion", "csh")).toEqual({
      code: 5,
      out: "",
      error: 'error: there is no completion for "csh"\n  help: it can be bash, zsh, fish\n',
    });
  });

  it("prints completion scripts that ask the program", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await run("completion", shell);
      expect(code).toBe(0);
      expect(out).toContain("__complete -- ");
    }
  });
});
