// The lines of the journal: what a run was when it started, and what became of it. Pure.
import type { TerminationKind } from "../protocol/termination-reason.ts";
import type { Trigger } from "../protocol/job.ts";
import type { Leftover } from "../protocol/result.ts";
import { parseRow } from "../lib/lines.ts";

/** A run has started. Times are ISO 8601. */
export interface StartEntry {
  readonly event: "start";
  readonly at: string;
  readonly runId: string;
  /** Which runner process: its pid and start time. */
  readonly owner: string;
  readonly scriptId?: string;
  /** What people call the script. */
  readonly name: string;
  readonly version?: string;
  readonly language: string;
  /** Of the code, in hexadecimal. */
  readonly sha256: string;
  readonly trigger: Trigger;
  /** Names only, never values. */
  readonly variables: readonly string[];
  /** The script's process, with what tells it from a later one of the same pid; taken over from its own entry. */
  readonly pid?: number;
  readonly startTime?: string;
  /** Marks the run's processes in their environment. */
  readonly mark?: string;
}

/** A run's process is there: what is needed to find it after a crash. */
export interface ProcessEntry {
  readonly event: "process";
  readonly at: string;
  readonly runId: string;
  readonly pid: number;
  readonly startTime?: string;
  readonly mark: string;
}

/** A run has ended. */
export interface EndEntry {
  readonly event: "end";
  readonly at: string;
  readonly runId: string;
  readonly reason: TerminationKind;
  readonly code: number;
  readonly durationMs: number;
  readonly signal?: string;
  readonly bytesOut?: { readonly stdout: number; readonly stderr: number };
  readonly maxRssBytes?: number;
  readonly leftovers?: readonly Leftover[];
  readonly installs?: readonly unknown[];
}

/** A line of the journal. */
export type Entry = StartEntry | ProcessEntry | EndEntry;

/** A run as the journal tells it. */
export interface Recorded {
  readonly start: StartEntry;
  /** Absent where the run is active, or was when its runner ended. */
  readonly end?: EndEntry;
}

/** The longest line, in characters. */
const MAX_LINE = 64 * 1024;
const MAX_TEXT = 1_024;

/** An entry as a line. One that would be longer than 64 KiB loses its lists and objects, its texts are cut, and it says so: `"shortened":true`. */
export function formatEntry(entry: Entry): string {
  const json = JSON.stringify(entry);
  if (json.length < MAX_LINE) return `${json}\n`;
  const fields = Object.entries(entry).map(([name, value]) => [name, shorten(value)]);
  return `${JSON.stringify({ ...Object.fromEntries(fields), shortened: true })}\n`;
}

/** The entry that a line holds; none for a line that is torn or something else. */
export function parseEntry(line: string): Entry | undefined {
  const row = parseRow(line);
  if (row === undefined || typeof row["runId"] !== "string" || typeof row["at"] !== "string") return undefined;
  return row["event"] === "start" || row["event"] === "process" || row["event"] === "end" ? (row as unknown as Entry) : undefined;
}

/** A start with what its process's entry tells. */
export function withProcess(start: StartEntry, { pid, startTime, mark }: ProcessEntry): StartEntry {
  return { ...start, pid, mark, ...(startTime === undefined ? {} : { startTime }) };
}

function shorten(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, MAX_TEXT);
  if (Array.isArray(value)) return [];
  return typeof value === "object" && value !== null ? {} : value;
}
