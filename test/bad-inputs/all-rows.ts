import { cluster } from "./cluster.ts";
import { commands } from "./commands.ts";
import { control } from "./control.ts";
import { files } from "./files.ts";
import { network } from "./network.ts";
import type { Family } from "./rows.ts";
import { security } from "./security.ts";
import { services } from "./services.ts";
import { system } from "./system.ts";

/** The rows of every module that has its rows here. */
export const allRows: Family = {
  ...cluster,
  ...commands,
  ...control,
  ...files,
  ...network,
  ...security,
  ...services,
  ...system,
};
