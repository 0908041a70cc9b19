// A run from the accepted job to its result.
import type { Ending } from "../contract/ending.ts";
import { verdictOn } from "../contract/ending.ts";
import { Failure, messageOf } from "../contract/failure.ts";
import { logFrames } from "../contract/frames.ts";
import type { RunRequest } from "../contract/job.ts";
import type { Leftover, RunResult } from "../contract/result.ts";
import type { Catalogue } from "../languages/catalogue.ts";
import type { Command } from "../languages/language.ts";
import { createTranscript } from "../output/transcript.ts";
import type { Transcript } from "../output/transcript.ts";
import { childEnvironment } from "./environment.ts";
import type { ChildEnvironment } from "./environment.ts";
import { follow } from "./follow.ts";
import type { Brake, Followup } from "./follow.ts";
import type { Room, Rooms } from "./rooms.ts";
import type { ScriptFiles, ScriptPlace } from "./script-files.ts";
import { coldSeat } from "./seat.ts";
import type { Seat } from "./seat.ts";
import type { ProcessTree } from "./tree.ts";

/** A script that returned a value has this long to end by itself (protocol, section 3). */
const RETURN_GRACE_MS = 300;
/** Time for the result to reach the host, within the bound that the host was told. */
const DELIVERY_MS = 1_000;

/** An accepted job. */
export interface Job extends RunRequest {
  readonly runId: string;
  /** `performance.now()` when it was accepted. */
  readonly acceptedAt: number;
}

/** Where a run's frames go. */
export interface Sink extends Brake {
  write(frame: string): void;
}

/** What a run needs of the house. */
export interface Tools {
  readonly catalogue: Catalogue;
  readonly rooms: Rooms;
  readonly scripts: ScriptFiles;
  readonly tree: ProcessTree;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly killGraceMs: number;
  /** The bound that the host was told, in milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly maxOutputBytes: number;
  /** Begins every mark of this runner's processes. */
  readonly markPrefix: string;
}

/** Runs a job. Never rejects: whatever goes wrong is a result. `stop`'s first reason is an `Ending` and ends the run. */
export async function run(job: Job, sink: Sink, stop: AbortController, tools: Tools): Promise<RunResult> {
  const limits = createLimits(stop);
  const transcript = createTranscript({
    show: (text) => { for (const frame of logFrames(text)) sink.write(frame); },
    onReturn: limits.returned,
    maxBytes: tools.maxOutputBytes,
  });
  const { ending, leftovers } = await execute(job, transcript, sink, stop.signal, limits, tools).catch(
    (error: unknown): Followup => ({ ending: { kind: "start-failed", code: 126, errorCode: "START_FAILED", message: `Cannot start the script: ${messageOf(error)}` }, leftovers: [] }),
  );
  limits.clear();
  return toResult(job, ending, leftovers, transcript);
}

async function execute(job: Job, transcript: Transcript, sink: Sink, stop: AbortSignal, limits: Limits, tools: Tools): Promise<Followup> {
  const found = await tools.catalogue.find(job.script.language);
  if ("message" in found) return { ending: { kind: "start-failed", ...found }, leftovers: [] };
  const { language, interpreter } = found;
  const { language: spelling } = job.script;
  const inputJson = JSON.stringify(job.input);
  const [room, place] = await together(tools.rooms.open(inputJson), tools.scripts.place(job.script, language.extension(spelling)));
  try {
    const seat = coldSeat(room, tools.markPrefix);
    const command = language.command(interpreter, place.codeFile, spelling, withVariables(job, tools.environment));
    const environment = environmentOf(job, command, seat, place, inputJson, tools.environment);
    environment.notices.forEach(transcript.notice);
    if (environment.problem !== undefined) return { ending: startFailure(126, environment.problem), leftovers: [] };
    if (stop.aborted) return { ending: stop.reason as Ending, leftovers: [] };
    const occupant = await seat.occupy(command, environment.values);
    limits.started(timeLimit(job.script.timeoutMs, tools));
    return await follow({ ...occupant, plumbing: room.plumbing, transcript, brake: sink, stop, tree: tools.tree, killGraceMs: tools.killGraceMs });
  } catch (error) {
    if (error instanceof Failure) return { ending: startFailure(127, error.message), leftovers: [] };
    throw error;
  } finally {
    transcript.finish();
    place.release();
    await room.close();
  }
}

/** Resolves with both; when one rejects, the other is not left open. */
async function together(room: Promise<Room>, place: Promise<ScriptPlace>): Promise<[Room, ScriptPlace]> {
  const [opened, placed] = await Promise.allSettled([room, place]);
  if (opened.status === "fulfilled" && placed.status === "fulfilled") return [opened.value, placed.value];
  if (opened.status === "fulfilled") await opened.value.close();
  if (placed.status === "fulfilled") placed.value.release();
  throw opened.status === "rejected" ? opened.reason : (placed as PromiseRejectedResult).reason;
}

function withVariables(job: Job, inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...inherited, ...Object.fromEntries(job.script.variables.map(({ name, value }) => [name, value])) };
}

function environmentOf(job: Job, command: Command, { room, mark }: Seat, place: ScriptPlace, inputJson: string, inherited: NodeJS.ProcessEnv): ChildEnvironment {
  return childEnvironment({
    inherited, inputJson, mark,
    variables: job.script.variables,
    runId: job.runId,
    inputFile: room.inputFile,
    scriptDir: place.lastingDir,
    interpreter: command.environment,
  });
}

function startFailure(code: number, message: string): Ending {
  return { kind: "start-failed", code, errorCode: "START_FAILED", message };
}

/** The shorter of the author's limit and this runner's own, which leaves time for the grace period and the result. */
function timeLimit(script: number | undefined, { timeoutMs, killGraceMs }: Tools): number | undefined {
  if (timeoutMs === undefined) return script;
  const own = Math.max(1, timeoutMs - Math.min(killGraceMs + DELIVERY_MS, Math.floor(timeoutMs / 2)));
  return Math.min(script ?? own, own);
}

/** The clocks that can end a run. */
interface Limits {
  /** The script has started: its time-out counts from here. */
  started(timeoutMs: number | undefined): void;
  /** The script has returned a value: no time-out any more, but a short while to end by itself. */
  returned(): void;
  clear(): void;
}

function createLimits(stop: AbortController): Limits {
  let timer: NodeJS.Timeout | undefined;
  const endAfter = (ms: number, ending: Ending) => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(ending), ms);
  };
  return {
    started(timeoutMs) {
      if (timeoutMs !== undefined) endAfter(timeoutMs, { kind: "timed-out", afterMs: timeoutMs });
    },
    returned: () => endAfter(RETURN_GRACE_MS, { kind: "returned" }),
    clear: () => clearTimeout(timer),
  };
}

function toResult(job: Job, ending: Ending, leftovers: readonly Leftover[], transcript: Transcript): RunResult {
  const { sentence, ...verdict } = verdictOn(ending);
  const { findings, kept } = transcript;
  const truncated = { stdout: kept.stdout.missingBytes, stderr: kept.stderr.missingBytes };
  if (leftovers.length > 0) transcript.notice(`${leftovers.length} processes that the run had left behind were ended: ${leftovers.map(({ pid, command }) => `${pid} ${command}`).join(", ")}`);
  if (sentence !== undefined) transcript.notice(sentence);
  return {
    runId: job.runId,
    stdout: kept.stdout.text().trimEnd(),
    stderr: lines(kept.stderr.text(), findings.returned?.problem, sentence),
    duration: Math.round(performance.now() - job.acceptedAt),
    returnData: findings.returned?.value ?? null,
    automnLogs: findings.logs,
    automnNotifications: findings.notifications,
    input: job.input,
    reason: ending.kind,
    ...verdict,
    ...(leftovers.length === 0 ? {} : { leftovers }),
    ...(truncated.stdout + truncated.stderr === 0 ? {} : { truncated }),
    ...(findings.logsDropped === 0 ? {} : { automnLogsDropped: findings.logsDropped }),
  };
}

/** The script's own stderr with the runner's lines behind it, each on a line of its own. */
function lines(text: string, ...own: readonly (string | undefined)[]): string {
  return own.reduce<string>((all, line) => (line === undefined ? all : `${all}${all === "" || all.endsWith("\n") ? "" : "\n"}${line}\n`), text);
}
