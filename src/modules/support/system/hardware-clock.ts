/** What the hardware clock shows. */
export type Clock = "UTC" | "local";

/** The third line of /etc/adjtime (hwclock(8)); without one the clock shows UTC. */
export function clockOf(adjtime: string): Clock {
  return adjtime.split("\n")[2]?.trim() === "LOCAL" ? "local" : "UTC";
}

/** The text of /etc/adjtime that says so, with the drift that was measured. Nothing is written where silence says it already. */
export function adjtimeAfter(text: string, clock: Clock): string {
  if (clockOf(text) === clock) return text;
  const [drift, last] = text === "" ? [] : text.split("\n");
  return `${drift || "0.0 0 0.0"}\n${last || "0"}\n${clock === "local" ? "LOCAL" : "UTC"}\n`;
}

/** OpenRC's setting. */
export function confdAfter(text: string, clock: Clock): string {
  const wanted = clock === "local" ? "local" : "UTC";
  const lines = text.split("\n");
  const index = lines.findLastIndex((line) => /^\s*clock=/.test(line));
  if (index < 0) return `${text}clock="${wanted}"\n`;
  if (lines[index]?.trim().replace(/^clock=(["']?)(.*)\1$/, "$2") === wanted) return text;
  return lines.with(index, `clock="${wanted}"`).join("\n");
}
