// From how a run ended to its result.
import { messageOf } from "../lib/failure.ts";
import type { OutputPipeline } from "../output/output-pipeline.ts";
import type { Usage } from "../process/usage.ts";
import { resultFrame } from "../protocol/frames.ts";
import type { Leftover, RunResult } from "../protocol/result.ts";
import { resultStatus } from "../protocol/termination-reason.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { InstallRecord, Job, RunContext } from "./run-context.ts";

/** A leftover's command line is told up to this length. */
const MAX_COMMAND = 200;
/** So many leftovers are named in the log; the result has them all. */
const MAX_NAMED = 10;

/** How a run ended, and what was seen of its processes. */
export interface RunOutcome {
  readonly reason: TerminationReason;
  /** What the script left running, and the runner ended. */
  readonly leftovers: readonly Leftover[];
  /** Absent where there was no process. */
  readonly start?: "warm" | "cold";
  readonly usage?: Usage;
}

/** A result, with what the journal says besides. */
export interface RunReport {
  readonly result: RunResult;
  readonly bytesOut: { readonly stdout: number; readonly stderr: number };
  readonly installs: readonly InstallRecord[];
}

/** A run that ended before it had a process. */
export function ended(reason: TerminationReason): RunOutcome {
  return { reason, leftovers: [] };
}

/** A run whose script could not be started; codes as shells give them: 126 for what cannot be run, 127 for what is not there. */
export function startFailed(code: 126 | 127, message: string): RunOutcome {
  return ended({ kind: "start-failed", code, errorCode: "START_FAILED", message });
}

/** Closes the run's output and makes its report. */
export function toReport({ job, output, installs }: RunContext, outcome: RunOutcome): RunReport {
  output.finish();
  return { result: toResult(job, outcome, output), bytesOut: output.bytes, installs };
}

/** The result of a job that ended so; its output has been finished, and is told of leftovers and of an end by the runner. */
export function toResult(job: Job, { reason, leftovers: found, start, usage }: RunOutcome, output: OutputPipeline): RunResult {
  const { redaction } = job;
  const { structured, kept } = output;
  const { message, ...status } = redaction.value(resultStatus(reason));
  const leftovers = found.map(({ pid, command }) => ({ pid, command: redaction.text(command).slice(0, MAX_COMMAND) }));
  const problem = structured.returned?.problem;
  const truncated = { stdout: kept.stdout.missingBytes, stderr: kept.stderr.missingBytes };
  if (leftovers.length > 0) output.notice(leftoverNotice(leftovers));
  if (message !== undefined) output.notice(message);
  return {
    runId: job.runId,
    stdout: kept.stdout.text().trimEnd(),
    stderr: withLines(kept.stderr.text(), problem === undefined ? undefined : redaction.text(problem), message),
    duration: Math.round(performance.now() - job.acceptedAt),
    returnData: structured.returned?.value ?? null,
    automnLogs: structured.logs,
    automnNotifications: structured.notifications,
    input: job.input,
    reason: reason.kind,
    ...status,
    ...(start === undefined ? {} : { start }),
    ...(usage === undefined ? {} : { usage }),
    ...(leftovers.length === 0 ? {} : { leftovers }),
    ...(truncated.stdout + truncated.stderr === 0 ? {} : { truncated }),
    ...(structured.logsDropped === 0 ? {} : { automnLogsDropped: structured.logsDropped }),
  };
}

/** The frame of a result; where the result is too large for one text, of what is left of it without its largest parts. */
export function toFrame(result: RunResult): Buffer {
  try {
    return resultFrame(result);
  } catch (error) {
    const stderr = `The result is too large to be sent: ${messageOf(error)}\n`;
    const code = result.code === 0 ? 1 : result.code;
    const without = { stdout: "", returnData: null, automnLogs: [], automnNotifications: [], input: {} };
    return resultFrame({ ...result, ...without, code, errorCode: "RESULT_TOO_LARGE", stderr });
  }
}

function leftoverNotice(leftovers: readonly Leftover[]): string {
  const named = leftovers.slice(0, MAX_NAMED).map(({ pid, command }) => `${pid} (${command})`).join(", ");
  const more = leftovers.length > MAX_NAMED ? ` and ${leftovers.length - MAX_NAMED} more` : "";
  const what = leftovers.length === 1 ? "a process" : `${leftovers.length} processes`;
  return `The run left ${what} behind, which the runner ended: ${named}${more}`;
}

/** The script's own stderr with the runner's lines after it, each on a line of its own. */
function withLines(text: string, ...lines: readonly (string | undefined)[]): string {
  return lines.reduce<string>((all, line) => {
    if (line === undefined) return all;
    return `${all}${all === "" || all.endsWith("\n") ? "" : "\n"}${line}\n`;
  }, text);
}
