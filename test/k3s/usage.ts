import { FLAGS, takes } from "./flags.ts";
import { Fatal } from "./log.ts";

/** Ends a command that was given a flag that it does not know; what it knows is shown first. */
export class WrongUsage extends Fatal {
  readonly usage: string;

  constructor(command: "server" | "agent", name: string) {
    const reason = `flag provided but not defined: -${name}`;
    super(`Error: ${reason}`);
    this.usage = `Incorrect Usage: ${reason}\n\n${usageOf(command)}\n`;
  }
}

function usageOf(command: "server" | "agent"): string {
  const does = command === "server" ? "Run management server" : "Run node agent";
  const options = [...FLAGS]
    .filter(([name]) => takes(command, name))
    .map(([name, { kind, env }]) => {
      const variable = env.length === 0 ? "" : ` [$${env.join(", $")}]`;
      return `   --${name}${kind === "bool" ? "" : " value"}${variable}\n`;
    });
  return `NAME:\n   k3s ${command} - ${does}\n\nUSAGE:\n   k3s ${command} [OPTIONS]\n\nOPTIONS:\n${options.join("")}`;
}
