import type { Failing } from "./rows.ts";

/** What goes wrong on a host: as root, and as its user "deploy" without sudo. */
export type OnHost = { readonly root?: readonly Failing[]; readonly deploy?: readonly Failing[] };

export const onHosts: Readonly<Record<string, OnHost>> = {};
