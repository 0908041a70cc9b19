// The runs of this runner: who may start, which are active, how each is recorded.
import { randomUUID } from "node:crypto";
import type { TerminationReason, TerminationKind } from "../protocol/termination-reason.ts";
import { Failure, messageOf } from "../lib/failure.ts";
import { resultFrame } from "../protocol/frames.ts";
import type { RunRequest } from "../protocol/job.ts";
import type { RunResult } from "../protocol/result.ts";
import type { FrameLog } from "../results/frame-log.ts";
import type { EndEntry, StartEntry } from "../journal/journal.ts";
import type { RunHistory, ProcessIdentity } from "./history.ts";
import { redactionOf, run } from "./run.ts";
import type { Job, Report, Sink, RunDependencies } from "./run.ts";
import { sha256 } from "../workspace/script-files.ts";
import type { Root } from "../process/tree.ts";
import type { ProcessTable } from "../process/table.ts";

/** A run that has a slot. */
export interface ActiveRun {
  readonly job: Job;
  /** Ends the run; its reason is an `Ending`, the first one counts. */
  readonly stop: AbortController;
}

/** How many runs there are and were. */
export interface RunCounts {
  readonly active: number;
  readonly total: number;
  readonly byOutcome: Readonly<Partial<Record<TerminationKind, number>>>;
}

/** The runs of this runner. */
export interface RunRegistry {
  /** Throws a `Failure` while no job is taken: 503 while draining, 429 when every slot is taken; to be asked before a body is read. */
  requireSlot(): void;
  /** Gives the job a slot. Throws a `Failure`: as `requireSlot`, or 409 when its run id is active. */
  admit(request: RunRequest): ActiveRun;
  /** Runs an admitted job; resolves with the frame of its result, with its slot free again. Never rejects. */
  perform(active: ActiveRun, sink: Sink): Promise<{ readonly frame: Buffer; readonly report: Report }>;
  /** Ends an active run; false for one that is not. */
  end(runId: string, ending: TerminationReason): boolean;
  /** Takes no more jobs, gives active runs `graceMs` and then ends them. Resolves when none is left. */
  drain(graceMs: number): Promise<void>;
  /** Kills every process of every run at once. */
  kill(): void;
  readonly draining: boolean;
  readonly counts: RunCounts;
}

/** What the register of runs needs besides what a run does. */
export interface RunRegistryOptions {
  /** The number of slots; any number where absent. */
  readonly limit: number | undefined;
  readonly history: RunHistory;
  readonly newFrameLog: () => FrameLog;
  /** This runner's process, as the journal names it. */
  readonly owner: string;
  readonly table: ProcessTable;
}

/** A host that is refused may ask again after this many seconds. */
const RETRY_AFTER_S = "1";
/** What the host tells of a job's circumstances is journalled up to this length. */
const MAX_CONTEXT = 4096;

interface Slot extends ActiveRun {
  root?: Root;
}

/** Makes the register of runs. */
export function createRunRegistry(dependencies: RunDependencies, { limit, history, newFrameLog, owner, table }: RunRegistryOptions): RunRegistry {
  const active = new Map<string, Slot>();
  const byOutcome: Partial<Record<TerminationKind, number>> = {};
  let total = 0;
  let draining = false;
  let onIdle: (() => void) | undefined;

  function requireSlot(): void {
    if (draining) throw new Failure("unavailable", "This runner is shutting down and takes no more jobs", { "retry-after": "30" });
    if (limit !== undefined && active.size >= limit)
      throw new Failure("busy", `All ${limit} slots of this runner are taken (AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY)`, { "retry-after": RETRY_AFTER_S });
  }

  function release({ job }: Slot, reason: TerminationKind): void {
    active.delete(job.runId);
    byOutcome[reason] = (byOutcome[reason] ?? 0) + 1;
    if (active.size === 0) onIdle?.();
  }

  async function perform(slot: Slot, sink: Sink): Promise<{ frame: Buffer; report: Report }> {
    const frames = newFrameLog();
    const start = startEntry(slot.job, owner);
    history.accepted(start, frames);
    const both: Sink = {
      write(frame) {
        frames.append(frame);
        sink.write(frame);
      },
      get full() { return sink.full || frames.full; },
      onceDrained: (resume) => (sink.full ? sink : frames).onceDrained(resume),
    };
    const report = await run(slot.job, both, slot.stop, dependencies, (root) => {
      slot.root = root;
      history.started(start, processOf(root, table));
    });
    const frame = frameOf(report.result);
    frames.end(frame);
    release(slot, report.result.reason);
    history.ended(start, endEntry(report), frames);
    return { frame, report };
  }

  return {
    requireSlot,
    admit(request) {
      const runId = request.runId ?? randomUUID();
      if (active.has(runId)) throw new Failure("conflict", `A run with the id ${JSON.stringify(runId)} is active; GET /api/runs/${encodeURIComponent(runId)}/stream follows it`);
      requireSlot();
      const job: Job = { ...request, runId, acceptedAt: performance.now(), redaction: redactionOf(request, dependencies) };
      const slot: Slot = { job, stop: new AbortController() };
      active.set(runId, slot);
      total += 1;
      return slot;
    },
    perform,
    end(runId, ending) {
      const slot = active.get(runId);
      slot?.stop.abort(ending);
      return slot !== undefined;
    },
    async drain(graceMs) {
      draining = true;
      if (active.size === 0) return;
      const idle = new Promise<void>((resolve) => { onIdle = resolve; });
      const timer = setTimeout(() => {
        for (const { stop } of active.values()) stop.abort({ kind: "shutdown" } satisfies TerminationReason);
      }, graceMs);
      await idle;
      clearTimeout(timer);
    },
    kill() {
      for (const { root } of active.values()) if (root !== undefined) dependencies.tree.signalGroup(root, "SIGKILL");
      dependencies.tree.killMarked(dependencies.markPrefix);
    },
    get draining() { return draining; },
    get counts() { return { active: active.size, total, byOutcome }; },
  };
}

/** The frame of a result; of one that is too large for a text, what is left without its largest parts. */
function frameOf(result: RunResult): Buffer {
  try {
    return resultFrame(result);
  } catch (error) {
    const sentence = `The result is too large to be sent: ${messageOf(error)}`;
    const code = result.code === 0 ? 1 : result.code;
    return resultFrame({ ...result, code, errorCode: "RESULT_TOO_LARGE", stdout: "", stderr: `${sentence}\n`, returnData: null, automnLogs: [], automnNotifications: [], input: {} });
  }
}

async function processOf({ pid, mark }: Root, table: ProcessTable): Promise<ProcessIdentity> {
  const startTime = table.startTime(pid);
  return { pid, mark, ...(startTime === undefined ? {} : { startTime }) };
}

/** What the journal says of a run at its start: names of variables, never values. */
function startEntry({ runId, script, redaction }: Job, owner: string): StartEntry {
  const { by, userId, context } = redaction.value(script.trigger);
  const told = context === undefined ? "" : JSON.stringify(context);
  return {
    event: "start", at: new Date().toISOString(), runId, owner,
    ...(script.id === undefined ? {} : { scriptId: script.id }),
    name: redaction.text(script.label),
    ...(script.versionId === undefined ? {} : { version: script.versionId }),
    language: script.language,
    sha256: sha256(script.code),
    trigger: {
      ...(by === undefined ? {} : { by }),
      ...(userId === undefined ? {} : { userId }),
      ...(told === "" || told.length > MAX_CONTEXT ? {} : { context }),
    },
    variables: script.variables.map(({ name }) => name),
  };
}

function endEntry({ result, bytesOut, installs }: Report): EndEntry {
  const { runId, reason, code, duration, usage, leftovers, signal } = result;
  return {
    event: "end", at: new Date().toISOString(), runId, reason, code, durationMs: duration, bytesOut,
    ...(signal === undefined ? {} : { signal }),
    ...(usage === undefined ? {} : { maxRssBytes: usage.maxRssBytes }),
    ...(leftovers === undefined ? {} : { leftovers: [...leftovers] }),
    ...(installs.length === 0 ? {} : { installs }),
  };
}
