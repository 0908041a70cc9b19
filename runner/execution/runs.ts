// The runs of this runner: who may start, which are active, how many ended in which way.
import { randomUUID } from "node:crypto";
import type { EndingKind } from "../contract/ending.ts";
import { Failure } from "../contract/failure.ts";
import type { RunRequest } from "../contract/job.ts";
import type { RunResult } from "../contract/result.ts";
import { run } from "./run.ts";
import type { Job, Sink, Tools } from "./run.ts";

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
  readonly byOutcome: Readonly<Partial<Record<EndingKind, number>>>;
}

/** The runs of this runner. */
export interface Runs {
  /** Throws 429 when every slot is taken, so that a job can be refused before its body is read. */
  requireSlot(): void;
  /** Gives the job a slot. Throws a `Failure`: 429 when there is none, 409 when its run id is active. */
  admit(request: RunRequest): ActiveRun;
  /** Runs an admitted job; its slot is free when this resolves. Never rejects. */
  perform(active: ActiveRun, sink: Sink): Promise<RunResult>;
  readonly counts: RunCounts;
}

/** A host that is refused asks again after this many seconds. */
const RETRY_AFTER_S = "1";

/** Makes the register of runs, with `limit` slots or any number of them. */
export function createRuns(tools: Tools, limit: number | undefined): Runs {
  const active = new Map<string, ActiveRun>();
  const byOutcome: Partial<Record<EndingKind, number>> = {};
  let total = 0;

  function requireSlot(): void {
    if (limit !== undefined && active.size >= limit)
      throw new Failure("busy", `All ${limit} slots of this runner are taken (AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY)`, { "retry-after": RETRY_AFTER_S });
  }

  return {
    requireSlot,
    admit(request) {
      const runId = request.runId ?? randomUUID();
      if (active.has(runId)) throw new Failure("conflict", `A run with the id ${JSON.stringify(runId)} is active`);
      requireSlot();
      const admitted: ActiveRun = { job: { ...request, runId, acceptedAt: performance.now() }, stop: new AbortController() };
      active.set(runId, admitted);
      total += 1;
      return admitted;
    },
    async perform(admitted, sink) {
      const result = await run(admitted.job, sink, admitted.stop, tools);
      active.delete(admitted.job.runId);
      byOutcome[result.reason] = (byOutcome[result.reason] ?? 0) + 1;
      return result;
    },
    get counts() { return { active: active.size, total, byOutcome }; },
  };
}
