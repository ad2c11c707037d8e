import { spawn } from "node:child_process";

/**
 * Tells systemd that the service is ready. Node cannot send to a datagram socket of the file system. systemd-notify can, and speaks, where root
 * runs it, in the name of the process that started it: so this counts as the main process' own word.
 */
export function notifyReady(): void {
  if ((process.env["NOTIFY_SOCKET"] ?? "") === "") return;
  const child = spawn("systemd-notify", ["--ready"], { stdio: "inherit" });
  child.on("error", (error) => process.stderr.write(`systemd-notify: ${error.message}\n`));
}
