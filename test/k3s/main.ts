import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import { loadSettings } from "./config.ts";
import { readKnobs } from "./knobs.ts";
import { Fatal, info, log, messageOf, warning } from "./log.ts";
import { WrongUsage } from "./usage.ts";
import { commitOf, VERSION } from "./version.ts";

/** What is called `k3s`, `kubectl`, `crictl` or `ctr`. */
async function main(): Promise<number | undefined> {
  const called = basename(process.argv[1] ?? "k3s");
  const argv = process.argv.slice(2);
  const [command = "", ...rest] = ["kubectl", "crictl", "ctr"].includes(called) ? [called, ...argv] : argv;
  switch (command) {
    case "--version":
    case "-v":
      process.stdout.write(`k3s version ${VERSION} (${commitOf(VERSION)})\ngo version go1.24.9\n`);
      return 0;
    case "server":
    case "agent":
      await serve(command, rest);
      return undefined;
    case "kubectl": {
      const { kubectl } = await import("./kubectl/main.ts");
      return kubectl(rest);
    }
    case "certificate": {
      const { certificate } = await import("./commands/certificate.ts");
      return certificate(rest);
    }
    case "token": {
      const { token } = await import("./commands/token.ts");
      return token(rest);
    }
    case "crictl":
    case "ctr":
    case "check-config":
    case "etcd-snapshot":
    case "secrets-encrypt": {
      const small = await import("./commands/small.ts");
      const { snapshots } = await import("./commands/snapshots.ts");
      if (command === "crictl") return small.crictl(rest);
      if (command === "ctr") return small.ctr(rest);
      if (command === "check-config") return small.checkConfig();
      return command === "etcd-snapshot" ? snapshots(rest) : small.secretsEncrypt(rest);
    }
    default:
      process.stderr.write(`No help topic for '${command}'\n`);
      return 3;
  }
}

async function serve(command: "server" | "agent", argv: readonly string[]): Promise<void> {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  const proxies = Object.keys(process.env).filter((one) => /_proxy$/i.test(one)).length;
  // How often it has been started, for tests that count.
  appendFileSync("/run/k3s-stand-in.starts", `started with ${proxies} proxy variables\n`);
  const loaded = loadSettings(command, argv);
  for (const line of loaded.warnings) warning(line);
  const knobs = readKnobs();
  info(`Starting k3s ${VERSION} (${commitOf(VERSION)})`);
  if (knobs.startDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, knobs.startDelayMs));
  if (knobs.failAtStart !== "") throw new Fatal(knobs.failAtStart);
  if (command === "server") {
    const { runServer } = await import("./server.ts");
    await runServer(loaded, knobs);
    return;
  }
  const { startAgent } = await import("./agent-command.ts");
  await startAgent(loaded, knobs);
}

main().then(
  (status) => {
    if (status !== undefined) process.exitCode = status;
  },
  (error: unknown) => {
    if (error instanceof WrongUsage) process.stdout.write(error.usage);
    if (error instanceof Fatal) log("fatal", error.message);
    else log("fatal", `panic: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
    process.exit(1);
  },
);
