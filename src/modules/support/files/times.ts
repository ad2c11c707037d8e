import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, ModuleFailure, type Question, Unknown } from "../../contract.ts";

/** A time that is set: the moment of the change, or a stamp of the host's local time (`YYYYMMDDhhmm.ss`) and its epoch seconds. */
export type TimeSetting = "now" | { readonly stamp: string; readonly epoch: number };
/** What is to be set; missing ones stay as they are. */
export type Times = { readonly modification?: TimeSetting; readonly access?: TimeSetting };

const FIELDS: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{4})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  "%": "%",
};

/** Reads a time by a strptime format (%Y %m %d %H %M %S) into `YYYYMMDDhhmm.ss`. Throws ModuleFailure. */
export function timeStamp(text: string, format: string): string {
  const pattern = format.replace(/%(.)|[^%]+/g, (whole, letter: string | undefined) => {
    if (letter === undefined) return whole.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const field = FIELDS[letter];
    if (field === undefined) throw new ModuleFailure(`the time format "${format}" has %${letter}; known are %Y %m %d %H %M %S`);
    return field;
  });
  const found = new RegExp(`^${pattern}$`).exec(text)?.groups;
  if (found === undefined) throw new ModuleFailure(`Error while obtaining timestamp for time ${text} using format ${format}`);
  const part = (name: string, otherwise: string): string => (found[name] ?? otherwise).padStart(2, "0");
  return `${part("Y", "1900")}${part("m", "1")}${part("d", "1")}${part("H", "0")}${part("M", "0")}.${part("S", "0")}`;
}

/** Epoch seconds of a stamp in the host's time zone. Item: `YYYYMMDDhhmm.ss`. */
const localTimeCollector: Collector<number> = {
  name: "local-time",
  beforeTraits: true,
  script: (items) => joinSh(items.map((item) => sh`date -d ${readable(item)} +%s || echo`)),
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    return items.map((item, index) =>
      /^-?\d+$/.test(lines[index] ?? "")
        ? Number(lines[index])
        : new Unknown(`the host does not know the time ${readable(item)}`),
    );
  },
};

export function localTimeQuestion(stamp: string): Question<number> {
  return { collector: localTimeCollector, item: stamp };
}

function readable(stamp: string): string {
  return stamp.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)\.(\d\d)$/, "$1-$2-$3 $4:$5:$6");
}

/** Sets times; -t of POSIX takes a stamp of local time. */
export function touchTimes(path: string, times: Times, isLink: boolean): Sh {
  const noFollow = isLink ? ["-h"] : [];
  const one = (flag: "-a" | "-m", setting: TimeSetting | undefined): Sh[] => {
    if (setting === undefined) return [];
    return [sh`touch -c ${noFollow} ${flag} ${setting === "now" ? [] : ["-t", setting.stamp]} ${path} || exit 1`];
  };
  if (times.access === "now" && times.modification === "now") return sh`touch -c ${noFollow} ${path} || exit 1`;
  return joinSh([...one("-a", times.access), ...one("-m", times.modification)]);
}
