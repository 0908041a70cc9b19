// What is known of runs, active and ended: for looking them up, for the journal, and after a restart.
import type { RunResult } from "../protocol/result.ts";
import type { FrameLog } from "../results/frame-log.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { EndEntry, Journal, ProcessEntry, RecordedRun, StartEntry } from "../journal/journal.ts";

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

/** What the history depends on; `recent` is what the journal knows of the time before this start, oldest first. */
export interface RunHistoryDependencies {
  readonly journal: Journal;
  readonly results: ResultStore;
  readonly recent: readonly RecordedRun[];
}

interface KnownRun {
  readonly start: StartEntry;
  end?: EndEntry;
  /** While the run is active. */
  frames?: FrameLog;
}

/** The runs of this runner and of earlier ones. A run is its id and its start; the id alone means the last run that has it. */
export class RunHistory {
  readonly #journal: Journal;
  readonly #results: ResultStore;
  /** In the order in which they started. */
  readonly #runs = new Set<KnownRun>();
  /** By run id. */
  readonly #last = new Map<string, KnownRun>();
  #ended = 0;

  constructor({ journal, results, recent }: RunHistoryDependencies) {
    this.#journal = journal;
    this.#results = results;
    for (const { start, end } of recent) {
      this.#add({ start, ...(end === undefined ? {} : { end }) });
      this.#ended += 1;
    }
  }

  /** What is wrong with the journal, as a sentence; nothing while it can be written. */
  get problem(): string | undefined { return this.#journal.problem; }

  /** A run has its slot; its frames are kept in `frames`. */
  accepted(start: StartEntry, frames: FrameLog): void {
    this.#add({ start, frames });
    this.#results.forget(start.runId);
    this.#journal.append(start);
  }

  /** The run's process is there; what identifies it goes into the journal too. */
  started({ runId, at }: StartEntry, process: ProcessIdentity): void {
    this.#journal.append({ event: "process", at: new Date().toISOString(), runId, startedAt: at, ...process });
  }

  /** A run has its result, whose frame `frames` already holds; one without a process was never `started`. */
  ended(start: StartEntry, end: EndEntry, frames: FrameLog): void {
    const run = this.#find(start.runId, start.at);
    if (run !== undefined) {
      run.end = end;
      delete run.frames;
      this.#ended += 1;
    }
    this.#trim();
    this.#results.store(start.runId, start.at, frames);
    this.#journal.append({ ...end, startedAt: start.at });
  }

  /** A run that its own runner did not journal to the end has one; `end.startedAt` tells which. */
  recovered(end: EndEntry): void {
    const run = this.#find(end.runId, end.startedAt);
    if (run !== undefined) run.end = end;
    this.#journal.append(end);
  }

  /** The result of a run, if it is kept, whatever the journal knows of its end. */
  keptResult({ runId, at }: StartEntry): Promise<RunResult | undefined> {
    return this.#results.result(runId, at);
  }

  /** The last to start first: the active ones, and up to 200 that have ended. */
  list(): readonly RunSummary[] {
    return [...this.#runs].reverse().map(summarise);
  }

  summary(runId: string): RunSummary | undefined {
    const run = this.#last.get(runId);
    return run === undefined ? undefined : summarise(run);
  }

  /** The result of an ended run, for as long as it is kept. */
  async result(runId: string): Promise<RunResult | undefined> {
    const run = this.#last.get(runId);
    return run?.frames === undefined ? this.#results.result(runId, run?.start.at) : undefined;
  }

  /** The frames from the `from`-th on, live for an active run; nothing for a run that is not known. */
  async frames(runId: string, from: number, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined> {
    const run = this.#last.get(runId);
    return run?.frames?.read(from, signal) ?? this.#results.frames(runId, run?.start.at, from, signal);
  }

  /** Resolves when all so far is on disk, and closes the files. */
  async close(): Promise<void> {
    await Promise.all([this.#journal.close(), this.#results.close()]);
  }

  #add(run: KnownRun): void {
    this.#runs.add(run);
    this.#last.set(run.start.runId, run);
  }

  #find(runId: string, startedAt: string | undefined): KnownRun | undefined {
    const last = this.#last.get(runId);
    if (last === undefined || startedAt === undefined || last.start.at === startedAt) return last;
    return [...this.#runs].find(({ start }) => start.runId === runId && start.at === startedAt);
  }

  /** Forgets the oldest ended runs beyond those that are listed. */
  #trim(): void {
    for (const run of this.#runs) {
      if (this.#ended <= MAX_LISTED) return;
      if (run.frames !== undefined) continue;
      this.#runs.delete(run);
      this.#ended -= 1;
      if (this.#last.get(run.start.runId) === run) this.#last.delete(run.start.runId);
    }
  }
}

function summarise({ start, end, frames }: KnownRun): RunSummary {
  const { runId, scriptId, name, version, language, at } = start;
  return {
    runId,
    state: frames === undefined ? "ended" : "active",
    script: { ...(scriptId === undefined ? {} : { id: scriptId }), name, ...(version === undefined ? {} : { version }), language },
    startedAt: at,
    ...(end === undefined ? {} : { endedAt: end.at, reason: end.reason, code: end.code, durationMs: end.durationMs }),
  };
}
