import { ModuleFailure } from "../../contract.ts";

/** The comment before a job by which Ansible, and so we, know it again. */
const MARKER = "#Ansible: ";

/** A crontab without the end of its last line, line by line. */
export type Lines = readonly string[];

export const linesOf = (text: string): Lines => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
export const textOf = (lines: Lines): string => (lines.length === 0 ? "" : `${lines.join("\n")}\n`);

export const jobNames = (lines: Lines): string[] =>
  lines.flatMap((line) => (line.startsWith(MARKER) ? [line.slice(MARKER.length)] : []));

const ENVIRONMENT = /^\s*(\w+)\s*=/;
export const environmentNames = (lines: Lines): string[] => lines.flatMap((line) => ENVIRONMENT.exec(line)?.[1] ?? []);

export type Job = {
  readonly schedule: string;
  readonly command: string;
  /** Set in files of /etc/cron.d, whose lines name the user. */
  readonly user: string | undefined;
  readonly disabled: boolean;
};

export function jobLine({ schedule, command, user, disabled }: Job): string {
  return `${disabled ? "#" : ""}${[schedule, ...(user === undefined ? [] : [user]), command].join(" ")}`;
}

/** The index of the marker of that name, or -1. */
const markerAt = (lines: Lines, name: string): number => lines.indexOf(`${MARKER}${name}`);

/** The job below a marker: none where the next marker or the end follows at once. */
const hasJob = (lines: Lines, marker: number): boolean => {
  const next = lines[marker + 1];
  return next !== undefined && !next.startsWith(MARKER);
};

/**
 * With the job under its name: in the place where it is, or at the end. A line without a marker that says exactly the same is taken
 * over, as Ansible does.
 */
export function withJob(lines: Lines, name: string, line: string): Lines {
  const marker = markerAt(lines, name);
  if (marker >= 0) return lines.toSpliced(marker + 1, hasJob(lines, marker) ? 1 : 0, line);
  const same = lines.indexOf(line);
  if (same < 0) return [...lines, `${MARKER}${name}`, line];
  const isNamed = lines[same - 1]?.startsWith(MARKER) === true;
  return isNamed ? [...lines, `${MARKER}${name}`, line] : lines.toSpliced(same, 0, `${MARKER}${name}`);
}

export function withoutJob(lines: Lines, name: string): Lines {
  const marker = markerAt(lines, name);
  return marker < 0 ? lines : lines.toSpliced(marker, hasJob(lines, marker) ? 2 : 1);
}

const variableAt = (lines: Lines, name: string): number => lines.findIndex((line) => ENVIRONMENT.exec(line)?.[1] === name);

/** Where a new variable goes: beside another one, or at the top, so that every job sees it. */
export type Place = { readonly after: string | undefined; readonly before: string | undefined };

export function withVariable(lines: Lines, name: string, line: string, { after, before }: Place): Lines {
  const at = variableAt(lines, name);
  if (at >= 0) return lines.with(at, line);
  const anchor = after ?? before;
  if (anchor === undefined) return [line, ...lines];
  const place = variableAt(lines, anchor);
  if (place < 0) throw new ModuleFailure(`Variable named '${anchor}' not found.`);
  return lines.toSpliced(after === undefined ? place : place + 1, 0, line);
}

export function withoutVariable(lines: Lines, name: string): Lines {
  const at = variableAt(lines, name);
  return at < 0 ? lines : lines.toSpliced(at, 1);
}

/** Nothing but blanks: a file of /etc/cron.d that holds no more is removed. */
export const isEmpty = (lines: Lines): boolean => lines.every((line) => line.trim() === "");
