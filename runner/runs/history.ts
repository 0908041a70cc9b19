// What is known of runs, active and ended: for looking up, for the journal, and after a restart.
import type { RunResult } from "../protocol/result.ts";
import type { Archive } from "../results/archive.ts";
import type { FrameLog } from "../results/frame-log.ts";
import type { EndEntry, Journal, ProcessEntry, StartEntry } from "../journal/journal.ts";

/** How many ended runs are listed. */
const MAX_LISTED = 200;

/** A run as it is listed; times are ISO 8601. */
export interface RunSummary {
  readonly runId: string;
  readonly state: "active" | "ended";
  readonly script: { readonly id?: string; readonly name: string; readonly version?: string; readonly language: string };
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly durationMs?: number;
}

/** What identifies a run's process after a crash. */
export type ProcessIdentity = Pick<ProcessEntry, "pid" | "mark" | "startTime">;

/** What is kept of runs. */
export interface RunHistory {
  /** A run has its slot; its frames are kept in `frames`. */
  accepted(start: StartEntry, frames: FrameLog): void;
  /** The run's process is there; what identifies it goes into the journal too. */
  started(start: StartEntry, process: Promise<ProcessIdentity>): void;
  /** A run has its result, whose frame `frames` already holds; one without a process was never `started`. */
  ended(start: StartEntry, end: EndEntry, frames: FrameLog): void;
  /** A run of an earlier runner ended with that runner. */
  lost(end: EndEntry): void;
  /** What is wrong with the journal, in words; nothing while it can be written. */
  readonly problem: string | undefined;
  /** Active ones first, then the latest. */
  list(): readonly RunSummary[];
  summary(runId: string): RunSummary | undefined;
  /** The result of an ended run, for as long as it is kept. */
  result(runId: string): Promise<RunResult | undefined>;
  /** The frames from the `from`-th on, live for an active run; nothing for a run that is not known. */
  frames(runId: string, from: number, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined>;
  /** Resolves when all so far is on disk, and closes the files. */
  close(): Promise<void>;
}

interface Known {
  readonly start: StartEntry;
  readonly end?: EndEntry;
  readonly frames?: FrameLog;
}

/** Keeps the history of runs; `recent` is what the journal knows of the time before this start, oldest first. */
export function createRunHistory(
  { journal, archive, recent }: { journal: Journal; archive: Archive; recent: readonly { readonly start: StartEntry; readonly end?: EndEntry }[] },
): RunHistory {
  const active = new Map<string, Known>();
  const recording = new Set<Promise<void>>();
  const ended = new Map<string, Known>(recent.map((known) => [known.start.runId, known]));

  return {
    accepted(start, frames) {
      active.set(start.runId, { start, frames });
      journal.append(start);
    },
    started({ runId }, process) {
      const recorded = process.then((facts) => journal.append({ event: "process", at: new Date().toISOString(), runId, ...facts }));
      recording.add(recorded);
      void recorded.then(() => recording.delete(recorded));
    },
    ended(start, end, frames) {
      const { runId } = end;
      if (active.get(runId)?.frames === frames) active.delete(runId);
      ended.delete(runId);
      ended.set(runId, { start, end });
      for (const oldest of ended.keys()) {
        if (ended.size <= MAX_LISTED) break;
        ended.delete(oldest);
      }
      archive.store(runId, frames);
      journal.append(end);
    },
    get problem() { return journal.problem; },
    lost(end) {
      const start = ended.get(end.runId)?.start;
      if (start !== undefined) ended.set(end.runId, { start, end });
      journal.append(end);
    },
    list: () => [...active.values(), ...[...ended.values()].reverse()].map(summarise),
    summary(runId) {
      const known = active.get(runId) ?? ended.get(runId);
      return known === undefined ? undefined : summarise(known);
    },
    result: (runId) => (active.has(runId) ? Promise.resolve(undefined) : archive.result(runId)),
    async frames(runId, from, signal) {
      return active.get(runId)?.frames?.read(from, signal) ?? archive.frames(runId, from, signal);
    },
    async close() {
      await Promise.all(recording);
      await Promise.all([journal.close(), archive.close()]);
    },
  };
}

function summarise({ start, end, frames }: Known): RunSummary {
  const { runId, scriptId, name, version, language, at } = start;
  return {
    runId,
    state: frames === undefined ? "ended" : "active",
    script: { ...(scriptId === undefined ? {} : { id: scriptId }), name, ...(version === undefined ? {} : { version }), language },
    startedAt: at,
    ...(end === undefined ? {} : { endedAt: end.at, reason: end.reason, code: end.code, durationMs: end.durationMs }),
  };
}
