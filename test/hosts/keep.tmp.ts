import { writeFileSync } from "node:fs";
import { inventoryText, startHosts } from "./host.ts";
const hosts = await startHosts(3, { prefix: "n", user: "deploy" });
writeFileSync("/tmp/inv.yaml", inventoryText(hosts, { groups: { server: [hosts[0]!], agent: hosts.slice(1) } }));
setInterval(() => {}, 1000);
