import { ModuleFailure } from "../../contract.ts";
import { toBoolean } from "../../parameters.ts";

/** Something a zone has or has not: the end of `--query-…`, `--add-…` and `--remove-…`. */
export type Setting = { readonly name: string; readonly value: string | undefined; readonly isWanted: boolean };

export type SettingParams = {
  readonly service: string | undefined;
  readonly protocol: string | undefined;
  readonly port: string | undefined;
  readonly port_forward: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly rich_rule: string | undefined;
  readonly source: string | undefined;
  readonly interface: string | undefined;
  readonly icmp_block: string | undefined;
  readonly icmp_block_inversion: string | undefined;
  readonly forward: string | undefined;
  readonly masquerade: string | undefined;
  readonly state: "enabled" | "disabled" | "present" | "absent";
};

/** The settings that a task is about; none when it is about a zone. */
export function settingsOf(params: SettingParams): readonly Setting[] {
  const isWanted = params.state === "enabled" || params.state === "present";
  const valued = (name: string, value: string | undefined): Setting[] => (value === undefined ? [] : [{ name, value, isWanted }]);
  // `state: enabled` with `masquerade: false` turns it off, and the other way round.
  const flag = (name: string, parameter: "icmp_block_inversion" | "forward" | "masquerade"): Setting[] => {
    const given = params[parameter];
    if (given === undefined) return [];
    const value = toBoolean(given);
    if (value === undefined) throw new ModuleFailure(`"${parameter}" is "${given}", but must be a boolean (true or false)`);
    return [{ name, value: undefined, isWanted: value === isWanted }];
  };
  return [
    ...valued("service", params.service),
    ...valued("protocol", params.protocol),
    ...valued("port", params.port === undefined ? undefined : checkedPort(params.port)),
    ...(params.port_forward ?? []).flatMap((one) => valued("forward-port", forwardPort(one))),
    ...valued("rich-rule", params.rich_rule),
    ...valued("source", params.source),
    ...valued("interface", params.interface),
    ...valued("icmp-block", params.icmp_block),
    ...flag("icmp-block-inversion", "icmp_block_inversion"),
    ...flag("forward", "forward"),
    ...flag("masquerade", "masquerade"),
  ];
}

export const optionOf = (verb: "query" | "add" | "remove", { name, value }: Setting): string => {
  // An interface is in one zone only: adding it means to take it out of the other.
  const action = verb === "add" && name === "interface" ? "change" : verb;
  return `--${action}-${name}${value === undefined ? "" : `=${value}`}`;
};

function checkedPort(port: string): string {
  if (!/^\d+(-\d+)?\/(tcp|udp|sctp|dccp)$/.test(port)) {
    throw new ModuleFailure(`"port" is "${port}", but must be PORT/PROTOCOL or FIRST-LAST/PROTOCOL, such as "8080/tcp"`);
  }
  return port;
}

function forwardPort(given: Readonly<Record<string, unknown>>): string {
  const { port, proto, toport, toaddr, ...rest } = given;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined)
    throw new ModuleFailure(`"port_forward" has no "${unknown}"; it takes port, proto, toport and toaddr`);
  if (port === undefined || proto === undefined || toport === undefined) {
    throw new ModuleFailure('"port_forward" needs "port", "proto" and "toport"');
  }
  return [`port=${port}`, `proto=${proto}`, `toport=${toport}`, ...(toaddr === undefined ? [] : [`toaddr=${toaddr}`])].join(":");
}
