import { NODE_ON_HOSTS } from "./container.ts";
import type { TestHost } from "./host.ts";

/** Starts a program of Node on a host, as a service of that name, with these words as its arguments: `process.argv.slice(1)`. */
export async function startProgram(host: TestHost, name: string, program: string, words: readonly string[]): Promise<void> {
  const code = Buffer.from(program).toString("base64");
  await host.read(
    `echo ${code} | base64 -d >/run/${name}.cjs; systemd-run -q --unit=${name} sh -c 'exec ${NODE_ON_HOSTS} -e "$(cat /run/${name}.cjs)" ${words.join(" ")}'`,
  );
}
