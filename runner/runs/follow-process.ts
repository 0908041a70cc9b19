// The step of a run that follows the script's process to its end, with all the clocks and guards around it.
import { follow } from "../process/follow.ts";
import type { Watch } from "../process/usage.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { RunningProcess } from "../workspace/launcher.ts";
import type { RunOutcome } from "./result.ts";
import type { RunContext } from "./run-context.ts";
import { timeLimit } from "./time-limits.ts";

const MIB = 1024 * 1024;

/** Resolves when the process has ended, and all that it had left running. */
export async function followProcess(context: RunContext, { child, root, stdio, start }: RunningProcess): Promise<RunOutcome> {
  const { job, sink, stop, output, dependencies: { processes, limits } } = context;
  context.onProcess(root);
  context.timeLimits.scriptStarted(timeLimit(job.script.timeoutMs, limits.maxRunMs));
  const watch = watchMemory(context, root);
  const { ending, leftovers } = await follow({
    child, root, stdio, output, backpressure: sink, stop: stop.signal, tree: processes.tree, killGraceMs: limits.killGraceMs,
  });
  watch.stop();
  return { reason: ending, leftovers, start, ...(watch.usage === undefined ? {} : { usage: watch.usage }) };
}

/** Measures what the run's processes use, and ends the run when that is more memory than allowed. */
function watchMemory({ stop, dependencies: { processes, limits } }: RunContext, root: RunningProcess["root"]): Watch {
  const { maxMemoryMb: limitMb } = limits;
  return processes.meter.watch(root, limitMb === undefined ? undefined : limitMb * MIB, (usedBytes) => {
    stop.abort({ kind: "memory", limitMb: limitMb ?? 0, usedMb: Math.ceil(usedBytes / MIB) } satisfies TerminationReason);
  });
}
