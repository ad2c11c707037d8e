import type { Change, HostTraits, ProbeContext, Questions, StateModule } from "../src/modules/contract.ts";
import { inputOf } from "./local-shell.ts";

/** A Debian host with systemd, for cases that need no machine. */
export const debian: HostTraits = {
  kernel: "Linux",
  machine: "x86_64",
  osFamily: ["debian"],
  serviceManager: "systemd",
  packageManager: "apt",
  selinux: false,
  userId: 0,
  home: "/root",
  commands: new Set(
    "stat systemctl apt-get useradd usermod userdel groupadd groupmod groupdel chpasswd sysctl modprobe".split(" "),
  ),
};

export const contextOf = (more: Partial<ProbeContext> = {}): ProbeContext => ({
  traits: debian,
  checkMode: false,
  diff: false,
  ...more,
});

type Case<D> = {
  readonly change: Change<D> | undefined;
  /** "name: before -> after" of every difference. */
  readonly differences: readonly string[];
  /** What would be run; "" when converged. */
  readonly script: string;
  /** The plan over the predicted answers: must be undefined. */
  readonly left: Change<D> | undefined;
};

/**
 * Plans with given answers (by the names of the questions), and again with the answers that the module predicts of its change.
 */
export async function planned<P, I, Q extends Questions, D>(
  module: StateModule<P, I, Q, D>,
  raw: Readonly<Record<string, unknown>>,
  answers: Readonly<Record<string, unknown>>,
  context: ProbeContext = contextOf(),
): Promise<Case<D>> {
  // The shapes of questions and answers do not matter to inputOf.
  const input = await inputOf<P, I>(module as unknown as StateModule<P, I>, raw, context);
  const questions = module.probe(input, context);
  const missing = Object.keys(questions).filter((name) => !(name in answers));
  if (missing.length > 0) throw new Error(`the case lacks answers to: ${missing.join(", ")}`);
  const change = module.plan(answers as never, input, context);
  if (change === undefined) return { change, differences: [], script: "", left: undefined };
  const key = ({ collector, item }: Questions[string]): string => `${collector.name}\n${item}`;
  const predicted = new Map(
    (module.predict?.(change, answers as never, input, context) ?? []).map((one) => [key(one.question), one.answer]),
  );
  const after = Object.fromEntries(
    Object.entries(questions).map(([name, question]) => [
      name,
      predicted.has(key(question)) ? predicted.get(key(question)) : answers[name],
    ]),
  );
  const differences = change.differences.map((one) => {
    const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
    return one.kind === "text" ? `${one.subject}: text` : `${one.name}: ${show(one.before)} -> ${show(one.after)}`;
  });
  return {
    change,
    differences,
    script: module.apply(change, input, context).script.text,
    left: module.plan(after as never, input, context),
  };
}
