// The lines of the journal: what a run was when it started, and what became of it. Pure.
import { parseRow } from "../lib/lines.ts";
import { isCount, isInteger, isObject, isText, isTime, listOf, oneOf, optional, shape } from "../lib/shape.ts";
import type { Trigger } from "../protocol/job.ts";
import type { Leftover } from "../protocol/result.ts";
import type { TerminationKind } from "../protocol/termination-reason.ts";

/** A run has started. Times are ISO 8601. A run is its id and this time: the same id may be used again later. */
export interface StartEntry {
  readonly event: "start";
  readonly at: string;
  readonly runId: string;
  /** Which runner: the name of its process (runs/owner.ts). */
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
  /** When the run started, as its start entry has it; absent in lines of version 0.3.0. */
  readonly startedAt?: string;
  readonly pid: number;
  readonly startTime?: string;
  readonly mark: string;
}

/** A run has ended. */
export interface EndEntry {
  readonly event: "end";
  readonly at: string;
  readonly runId: string;
  /** When the run started, as its start entry has it; absent in lines of version 0.3.0. */
  readonly startedAt?: string;
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
export interface RecordedRun {
  readonly start: StartEntry;
  /** Absent where the run is active, or was when its runner ended. */
  readonly end?: EndEntry;
}

const isStart = shape<StartEntry>({
  event: oneOf("start"),
  at: isTime,
  runId: isText,
  owner: isText,
  scriptId: optional(isText),
  name: isText,
  version: optional(isText),
  language: isText,
  sha256: isText,
  trigger: isObject,
  variables: listOf(isText),
  pid: optional(isCount),
  startTime: optional(isText),
  mark: optional(isText),
});

const isProcess = shape<ProcessEntry>({
  event: oneOf("process"),
  at: isTime,
  runId: isText,
  startedAt: optional(isTime),
  pid: isCount,
  startTime: optional(isText),
  mark: isText,
});

const isEnd = shape<EndEntry>({
  event: oneOf("end"),
  at: isTime,
  runId: isText,
  startedAt: optional(isTime),
  reason: isText,
  code: isInteger,
  durationMs: isCount,
  signal: optional(isText),
  bytesOut: optional(shape<NonNullable<EndEntry["bytesOut"]>>({ stdout: isCount, stderr: isCount })),
  maxRssBytes: optional(isCount),
  leftovers: optional(listOf(shape<Leftover>({ pid: isCount, command: isText }))),
  installs: optional(Array.isArray),
});

/** The longest line, in characters; fields of a longer one are cut to `MAX_FIELD`. */
const MAX_LINE = 64 * 1024;
const MAX_FIELD = 1_024;

/**
 * An entry as a line. In one that would be longer than 64 KiB, long texts are cut and long lists and objects emptied, which
 * `"shortened":true` tells.
 */
export function formatEntry(entry: Entry): string {
  const json = JSON.stringify(entry);
  if (json.length < MAX_LINE) return `${json}\n`;
  const fields = Object.entries(entry).map(([name, value]) => [name, shorten(value)]);
  return `${JSON.stringify({ ...Object.fromEntries(fields), shortened: true })}\n`;
}

/** The entry that a line holds; nothing for a line that is torn or something else. */
export function parseEntry(line: string): Entry | undefined {
  const row: unknown = parseRow(line);
  return isStart(row) || isProcess(row) || isEnd(row) ? row : undefined;
}

/** A start with what its process's entry tells. */
export function withProcess(start: StartEntry, { pid, startTime, mark }: ProcessEntry): StartEntry {
  return { ...start, pid, mark, ...(startTime === undefined ? {} : { startTime }) };
}

function shorten(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, MAX_FIELD);
  if (typeof value !== "object" || value === null || JSON.stringify(value).length <= MAX_FIELD) return value;
  return Array.isArray(value) ? [] : {};
}
