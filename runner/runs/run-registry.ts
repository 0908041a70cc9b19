// The runs of this runner: which may start, which are active, and how each is recorded.
import { randomUUID } from "node:crypto";
import { Failure } from "../lib/failure.ts";
import type { ProcessTable } from "../process/table.ts";
import type { Root } from "../process/tree.ts";
import type { RunRequest } from "../protocol/job.ts";
import type { TerminationKind, TerminationReason } from "../protocol/termination-reason.ts";
import type { FrameLog } from "../results/frame-log.ts";
import type { ProcessIdentity, RunHistory } from "./history.ts";
import { endEntry, startEntry } from "./journal-entries.ts";
import { toFrame } from "./result.ts";
import type { RunReport } from "./result.ts";
import { RunContext } from "./run-context.ts";
import type { FrameSink, Job, RunDependencies } from "./run-context.ts";
import { runRedaction } from "./run-redaction.ts";
import type { SecretRules } from "./run-redaction.ts";
import { run } from "./run.ts";

/** A run that has a slot. */
export interface ActiveRun {
  readonly job: Job;
  /** Ends the run: its reason is a `TerminationReason`, and the first one counts. */
  readonly stop: AbortController;
  /** Its process, once it is there. */
  root?: Root;
}

/** How many runs there are and were. */
export interface RunCounts {
  readonly active: number;
  readonly total: number;
  readonly byOutcome: Readonly<Partial<Record<TerminationKind, number>>>;
}

/** A run that has ended. */
export interface EndedRun {
  readonly report: RunReport;
  /** The frame of its result. */
  readonly frame: Buffer;
}

/** What the registry needs besides what its runs do. */
export interface RunRegistryOptions {
  /** The number of slots; unbounded where absent. */
  readonly slots: number | undefined;
  readonly history: RunHistory;
  readonly newFrameLog: () => FrameLog;
  readonly secretRules: SecretRules;
  /** This runner's process, as the journal names it. */
  readonly owner: string;
}

/** When a host that was refused may ask again, in seconds. */
const RETRY_AFTER = { busy: { "retry-after": "1" }, draining: { "retry-after": "30" } } as const;

/** The runs of this runner. */
export class RunRegistry {
  readonly #dependencies: RunDependencies;
  readonly #options: RunRegistryOptions;
  readonly #active = new Map<string, ActiveRun>();
  /** Called when the last active run has ended. */
  readonly #idleListeners: (() => void)[] = [];
  readonly #byOutcome: Partial<Record<TerminationKind, number>> = {};
  #total = 0;
  #draining = false;
  #lastEndAt = -Infinity;

  constructor(dependencies: RunDependencies, options: RunRegistryOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get counts(): RunCounts {
    return { active: this.#active.size, total: this.#total, byOutcome: this.#byOutcome };
  }

  /** Milliseconds since the last run ended; infinite where none has. */
  get msSinceLastEnd(): number {
    return performance.now() - this.#lastEndAt;
  }

  /** Throws a `Failure` while no job is taken: 503 while draining, 429 when every slot is taken. For use before a body is read. */
  requireSlot(): void {
    const { slots } = this.#options;
    if (this.#draining) throw new Failure("unavailable", "This runner is shutting down and takes no more jobs", RETRY_AFTER.draining);
    if (slots === undefined || this.#active.size < slots) return;
    throw new Failure("busy", `All ${slots} slots of this runner are taken (AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY)`, RETRY_AFTER.busy);
  }

  /** Gives the job a slot. Throws a `Failure`: as `requireSlot`, or 409 when its run id is active. */
  admit(request: RunRequest): ActiveRun {
    const runId = request.runId ?? randomUUID();
    if (this.#active.has(runId)) throw isActive(runId);
    this.requireSlot();
    const job: Job = { ...request, runId, acceptedAt: performance.now(), redaction: runRedaction(request, this.#options.secretRules) };
    const active: ActiveRun = { job, stop: new AbortController() };
    this.#active.set(runId, active);
    this.#total += 1;
    return active;
  }

  /** Runs an admitted job. Resolves when it has ended and its slot is free again. Never rejects. */
  async perform(active: ActiveRun, sink: FrameSink): Promise<EndedRun> {
    const { history, newFrameLog, owner } = this.#options;
    const { job, stop } = active;
    const frames = newFrameLog();
    const start = startEntry(job, owner);
    history.accepted(start, frames);
    const onProcess = (root: Root) => {
      active.root = root;
      history.started(start, identityOf(root, this.#dependencies.processes.table));
    };
    const context = new RunContext({ job, sink: teeSink(frames, sink), stop, onProcess, dependencies: this.#dependencies });
    const report = await run(context);
    const frame = toFrame(report.result);
    frames.end(frame);
    this.#release(active, report.result.reason);
    history.ended(start, endEntry(report), frames);
    return { report, frame };
  }

  /** Ends an active run; false for one that is not. */
  end(runId: string, reason: TerminationReason): boolean {
    const active = this.#active.get(runId);
    active?.stop.abort(reason);
    return active !== undefined;
  }

  /** Takes no more jobs, gives active runs `graceMs` and then ends them. Resolves when none is left. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    if (this.#active.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#idleListeners.push(resolve));
    const timer = setTimeout(() => {
      for (const { stop } of this.#active.values()) stop.abort({ kind: "shutdown" } satisfies TerminationReason);
    }, graceMs);
    await idle;
    clearTimeout(timer);
  }

  /** Kills every process of every run at once. */
  kill(): void {
    const { tree, markPrefix } = this.#dependencies.processes;
    for (const { root } of this.#active.values()) if (root !== undefined) tree.signalGroup(root, "SIGKILL");
    tree.killMarked(markPrefix);
  }

  #release({ job }: ActiveRun, reason: TerminationKind): void {
    this.#active.delete(job.runId);
    this.#lastEndAt = performance.now();
    this.#byOutcome[reason] = (this.#byOutcome[reason] ?? 0) + 1;
    if (this.#active.size === 0) for (const listener of this.#idleListeners.splice(0)) listener();
  }
}

function isActive(runId: string): Failure {
  const where = `/api/runs/${encodeURIComponent(runId)}/stream`;
  return new Failure("conflict", `A run with the id ${JSON.stringify(runId)} is active; GET ${where} follows it`);
}

/** Keeps what is sent; the slower of both holds the run back. */
function teeSink(frames: FrameLog, sink: FrameSink): FrameSink {
  return {
    write(frame) {
      frames.append(frame);
      sink.write(frame);
    },
    get full() { return sink.full || frames.full; },
    onceDrained: (resume) => (sink.full ? sink : frames).onceDrained(resume),
  };
}

function identityOf({ pid, mark }: Root, table: ProcessTable): ProcessIdentity {
  const startTime = table.startTime(pid);
  return { pid, mark, ...(startTime === undefined ? {} : { startTime }) };
}
