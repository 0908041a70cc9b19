// From all that was seen of a run to its result.
import { resultStatus } from "../protocol/termination-reason.ts";
import type { Leftover, RunResult } from "../protocol/result.ts";
import type { OutputPipeline } from "../output/output-pipeline.ts";
import type { ProcessOutcome } from "../process/follow.ts";
import type { InstallRecord } from "./install-packages.ts";
import type { Job } from "./run.ts";
import type { Usage } from "../process/usage.ts";

/** A leftover's command line is told up to this length. */
const MAX_COMMAND = 200;

/** How a run ended, and what was seen of its processes. */
export interface RunOutcome extends ProcessOutcome {
  readonly start?: "warm" | "cold";
  readonly usage?: Usage;
  /** Installations that the run waited for. */
  readonly installs?: readonly InstallRecord[];
}

/** The result of a job that ended so; `transcript` has been finished. */
export function toResult(job: Job, { ending, leftovers: found, start, usage }: RunOutcome, output: OutputPipeline): RunResult {
  const { redaction } = job;
  const { structured, kept } = output;
  const { message, ...verdict } = redaction.value(resultStatus(ending));
  const leftovers = found.map(({ pid, command }) => ({ pid, command: redaction.text(command).slice(0, MAX_COMMAND) }));
  const problem = structured.returned?.problem;
  const truncated = { stdout: kept.stdout.missingBytes, stderr: kept.stderr.missingBytes };
  if (leftovers.length > 0) output.notice(leftoverNotice(leftovers));
  if (message !== undefined) output.notice(message);
  return {
    runId: job.runId,
    stdout: kept.stdout.text().trimEnd(),
    stderr: lines(kept.stderr.text(), problem === undefined ? undefined : redaction.text(problem), message),
    duration: Math.round(performance.now() - job.acceptedAt),
    returnData: structured.returned?.value ?? null,
    automnLogs: structured.logs,
    automnNotifications: structured.notifications,
    input: job.input,
    reason: ending.kind,
    ...verdict,
    ...(start === undefined ? {} : { start }),
    ...(usage === undefined ? {} : { usage }),
    ...(leftovers.length === 0 ? {} : { leftovers }),
    ...(truncated.stdout + truncated.stderr === 0 ? {} : { truncated }),
    ...(structured.logsDropped === 0 ? {} : { automnLogsDropped: structured.logsDropped }),
  };
}

function leftoverNotice(leftovers: readonly Leftover[]): string {
  const named = leftovers.slice(0, 10).map(({ pid, command }) => `${pid} (${command})`).join(", ");
  const rest = leftovers.length > 10 ? ` and ${leftovers.length - 10} more` : "";
  return `The run left ${leftovers.length === 1 ? "a process" : `${leftovers.length} processes`} behind, which the runner ended: ${named}${rest}`;
}

/** The script's own stderr with the runner's lines behind it, each on a line of its own. */
function lines(text: string, ...own: readonly (string | undefined)[]): string {
  return own.reduce<string>((all, line) => (line === undefined ? all : `${all}${all === "" || all.endsWith("\n") ? "" : "\n"}${line}\n`), text);
}
