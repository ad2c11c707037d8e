import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { environmentName } from "./option-types.ts";
import { type OptionName, optionList, type Settings } from "./options.ts";
import { type Configuration, type RawValue, resolveSettings } from "./settings.ts";

const position = { file: "/etc/k3sprov.yaml", line: 3, column: 1 };

function configuration(values: Partial<Record<OptionName, RawValue>>): Configuration {
  const entries = Object.entries(values) as [OptionName, RawValue][]; // The keys are those of the argument.
  return { folder: "/etc", values: new Map(entries.map(([name, value]) => [name, { value, position }])) };
}

type Case = {
  readonly flags?: Partial<Record<OptionName, RawValue>>;
  readonly environment?: Record<string, string>;
  readonly file?: Partial<Record<OptionName, RawValue>>;
};

function resolve({ flags = {}, environment = {}, file }: Case): Settings {
  return resolveSettings({ flags, environment, configuration: file === undefined ? undefined : configuration(file) });
}

describe("resolveSettings", () => {
  it.each<[string, Case, number]>([
    ["the default", {}, 50],
    ["k3sprov.yaml", { file: { forks: 4 } }, 4],
    ["Ansible's variable before the file", { file: { forks: 4 }, environment: { ANSIBLE_FORKS: "3" } }, 3],
    ["our variable before Ansible's", { environment: { ANSIBLE_FORKS: "3", K3SPROV_FORKS: "2" } }, 2],
    ["the flag before all", { flags: { forks: "1" }, environment: { K3SPROV_FORKS: "2" }, file: { forks: 4 } }, 1],
    ["an empty variable is none", { environment: { K3SPROV_FORKS: "" }, file: { forks: 4 } }, 4],
  ])("takes %s", (_, sources, forks) => {
    expect(resolve(sources).forks).toBe(forks);
  });

  it.each<[string, OptionName, Case, unknown]>([
    ["false means off", "host-key-checking", { environment: { ANSIBLE_HOST_KEY_CHECKING: "False" } }, "off"],
    ["true means strict", "host-key-checking", { file: { "host-key-checking": true } }, "strict"],
    ["as it is", "host-key-checking", { flags: { "host-key-checking": "accept-new" } }, "accept-new"],
    ["inventories by comma", "inventory", { environment: { ANSIBLE_INVENTORY: "a.yaml,b.yaml" } }, ["a.yaml", "b.yaml"]],
    ["a list of hosts stays whole", "inventory", { environment: { K3SPROV_INVENTORY: "web1,web2," } }, ["web1,web2,"]],
    ["a flag is not cut", "inventory", { flags: { inventory: ["web1,web2"] } }, ["web1,web2"]],
    ["roles by colon", "roles-path", { environment: { ANSIBLE_ROLES_PATH: "a:b" } }, ["a", "b"]],
    ["tags of a flag by comma", "tags", { flags: { tags: ["a,b", "c"] } }, ["a", "b", "c"]],
    ["paths of the file start at it", "private-key", { file: { "private-key": "keys/id" } }, "/etc/keys/id"],
    ["absolute ones stay", "inventory", { file: { inventory: ["/srv/hosts", "web1,"] } }, ["/srv/hosts", "web1,"]],
    ["none is no path", "ssh-config", { file: { "ssh-config": "none" } }, "none"],
    ["yes", "become", { environment: { ANSIBLE_BECOME: "yes" } }, true],
    ["inverted", "color", { environment: { ANSIBLE_NOCOLOR: "1" } }, false],
    ["nobody said", "color", {}, undefined],
    ["counted", "verbose", { flags: { verbose: 3 } }, 3],
    ["verbosity", "verbose", { environment: { ANSIBLE_VERBOSITY: "2" } }, 2],
    ["no wait", "lock-timeout", { flags: { "lock-timeout": "0" } }, 0],
    ["flag only", "list-tasks", { environment: { K3SPROV_LIST_TASKS: "1" } }, false],
    ["smart", "connection", { environment: { ANSIBLE_TRANSPORT: "smart" } }, "ssh"],
  ])("%s: %s", (_, name, sources, expected) => {
    expect(resolve(sources)[name]).toEqual(expected);
  });

  it.each<[Case, string]>([
    [{ flags: { forks: "0" } }, '--forks is "0", but must be a whole number, 1 or more'],
    [{ environment: { ANSIBLE_FORKS: "many" } }, 'ANSIBLE_FORKS is "many", but must be a whole number, 1 or more'],
    [{ flags: { format: "jsno" } }, '--format is "jsno", but must be one of text, jsonl, json; did you mean "json"?'],
    [{ environment: { K3SPROV_BECOME: "maybe" } }, 'K3SPROV_BECOME is "maybe", but must be true or false'],
  ])("refuses %j", (sources, message) => {
    expect(() => resolve(sources)).toThrow(message);
  });

  it("refuses a value of the file with its place", () => {
    const error = (() => {
      try {
        resolve({ file: { forks: "x" } });
      } catch (caught) {
        return caught;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(DiagnosticError);
    expect(error instanceof DiagnosticError && error.diagnostics).toEqual([
      {
        severity: "error",
        code: "configuration",
        message: 'k3sprov.yaml: forks is "x", but must be a whole number, 1 or more',
        position,
      },
    ]);
  });
});

describe("the table of options", () => {
  it("has no letter, no spelling and no variable twice", () => {
    const shorts = optionList.flatMap(([, one]) => one.short ?? []);
    const longs = optionList.flatMap(([name, one]) => [
      name,
      ...(one.aliases ?? []),
      ...(one.tristate === true ? [`no-${name}`] : []),
    ]);
    const variables = optionList.flatMap(([name, one]) => [
      environmentName(name),
      ...(one.ansible ?? []).map((their) => their.name),
    ]);
    for (const names of [shorts, longs, variables])
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it("reads the variables of Ansible that people's scripts set", () => {
    const theirs = optionList.flatMap(([, one]) => (one.ansible ?? []).map(({ name }) => name));
    expect(theirs).toEqual(
      expect.arrayContaining([
        "ANSIBLE_INVENTORY",
        "ANSIBLE_ROLES_PATH",
        "ANSIBLE_HOST_KEY_CHECKING",
        "ANSIBLE_REMOTE_USER",
        "ANSIBLE_PRIVATE_KEY_FILE",
        "ANSIBLE_FORKS",
        "ANSIBLE_VAULT_PASSWORD_FILE",
      ]),
    );
  });
});
