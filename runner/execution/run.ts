// A run from the accepted job to its result.
import type { Ending } from "../contract/ending.ts";
import { Failure, messageOf } from "../contract/failure.ts";
import type { RunRequest } from "../contract/job.ts";
import { namesSecret } from "../contract/secret-names.ts";
import type { RunResult } from "../contract/result.ts";
import type { Catalogue } from "../languages/catalogue.ts";
import type { Interpreter, Language } from "../languages/language.ts";
import type { Packages, Provision } from "../packages/packages.ts";
import type { Framer } from "../output/framer.ts";
import { needlesOf } from "../output/needles.ts";
import { createRedaction } from "../output/redactor.ts";
import type { Redaction } from "../output/redactor.ts";
import { createTranscript } from "../output/transcript.ts";
import type { Transcript } from "../output/transcript.ts";
import { childEnvironment } from "./environment.ts";
import { follow } from "./follow.ts";
import type { Brake } from "./follow.ts";
import { pathsOf, provide, withPaths } from "./provision.ts";
import type { Install } from "./provision.ts";
import { toResult } from "./result.ts";
import type { Outcome } from "./result.ts";
import type { Rooms } from "./rooms.ts";
import type { ScriptFiles, ScriptPlace } from "./script-files.ts";
import { coldSeat } from "./seat.ts";
import type { Occupant, Seat } from "./seat.ts";
import type { Spares, Wanted } from "./spares.ts";
import type { ProcessTree, Root } from "./tree.ts";
import type { UsageMeter } from "./usage.ts";

/** A script that returned a value has this long to end by itself (protocol, section 3). */
const RETURN_GRACE_MS = 300;
/** Time for the result to reach the host, within the bound that the host was told. */
const DELIVERY_MS = 1_000;
const MIB = 1024 * 1024;

/** An accepted job. */
export interface Job extends RunRequest {
  readonly runId: string;
  /** `performance.now()` when it was accepted. */
  readonly acceptedAt: number;
  readonly redaction: Redaction;
}

/** Where a run's frames go. */
export interface Sink extends Brake {
  write(frame: Buffer): void;
}

/** What a run needs of the house. */
export interface Tools {
  readonly catalogue: Catalogue;
  readonly rooms: Rooms;
  readonly spares: Spares;
  readonly scripts: ScriptFiles;
  readonly packages: Pick<Packages, "ensure">;
  readonly framer: Framer;
  readonly tree: ProcessTree;
  readonly meter: UsageMeter;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** The runner's own secrets, which no log may show. */
  readonly secrets: () => readonly string[];
  /** The words that make a variable's name a secret's. */
  readonly secretWords: readonly string[];
  readonly killGraceMs: number;
  /** The bound that the host was told, in milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly maxOutputBytes: number;
  readonly maxMemoryMb: number | undefined;
  /** Begins every mark of this runner's processes. */
  readonly markPrefix: string;
}

/** One run, while it goes on. */
interface Course {
  readonly job: Job;
  readonly sink: Sink;
  /** Its first reason is an `Ending` and ends the run. */
  readonly stop: AbortController;
  readonly tools: Tools;
  readonly transcript: Transcript;
  readonly limits: Limits;
  /** Called once the process is there. */
  readonly onProcess: (root: Root) => void;
}

/** A result, with what the journal says besides. */
export interface Report {
  readonly result: RunResult;
  readonly bytesOut: { readonly stdout: number; readonly stderr: number };
  readonly installs: readonly Install[];
}

/** Hides all that no log of this run may show. */
export function redactionOf({ script }: RunRequest, { secrets, secretWords }: Tools): Redaction {
  const named = script.variables.filter(({ name }) => namesSecret(name, secretWords)).map(({ value }) => value);
  return createRedaction(needlesOf([...secrets(), ...named, ...(script.runToken === undefined ? [] : [script.runToken])]));
}

/** Runs a job. Never rejects: whatever goes wrong is a result. */
export async function run(job: Job, sink: Sink, stop: AbortController, tools: Tools, onProcess: (root: Root) => void): Promise<Report> {
  const limits = createLimits(stop);
  const { redaction } = job;
  const transcript = createTranscript({
    show: (text) => { for (const frame of tools.framer(text)) sink.write(frame); },
    onReturn: limits.returned,
    maxBytes: tools.maxOutputBytes,
    redaction,
  });
  const outcome = await execute({ job, sink, stop, tools, transcript, limits, onProcess }).catch(
    (error: unknown): Outcome => ended(startFailure(126, `Cannot start the script: ${messageOf(error)}`)),
  );
  limits.clear();
  return { result: toResult(job, outcome, transcript), bytesOut: transcript.bytes, installs: outcome.installs ?? [] };
}

async function execute(course: Course): Promise<Outcome> {
  const { job, stop, tools, transcript } = course;
  const { language: spelling } = job.script;
  const found = await tools.catalogue.find(spelling);
  if ("message" in found) return ended({ kind: "start-failed", ...found });
  const { language, interpreter } = found;
  const provided = await provide(job.script, { language, interpreter }, { packages: tools.packages, transcript, stop: stop.signal });
  if ("kind" in provided) return ended(provided);
  const { provision, installs } = provided;
  try {
    return { ...(await seatAndRun(course, { language, interpreter, provision })), installs };
  } finally {
    provision?.release();
  }
}

/** What a run has been given to run with. */
interface Means {
  readonly language: Language;
  readonly interpreter: Interpreter;
  readonly provision: Provision | undefined;
}

async function seatAndRun(course: Course, { language, interpreter, provision }: Means): Promise<Outcome> {
  const { job, stop, tools, transcript } = course;
  const { language: spelling } = job.script;
  const inputJson = JSON.stringify(job.input);
  const variables = withPaths(withVariables(job, tools.environment), provision);
  const [seat, place] = await together(takeSeat({ language, interpreter, spelling, variables, inputJson }, tools), tools.scripts.place(job.script, language.extension(spelling), provision?.codeHome));
  try {
    const command = language.command(interpreter, place.codeFile, spelling, variables);
    const environment = childEnvironment({
      inherited: tools.environment,
      variables: job.script.variables,
      runId: job.runId,
      inputJson,
      inputFile: seat.room.inputFile,
      scriptDir: place.lastingDir,
      packagesDir: provision?.folder,
      mark: seat.mark,
      interpreter: { ...command.environment, ...pathsOf(variables, provision) },
    });
    environment.notices.forEach(transcript.notice);
    if (environment.problem !== undefined) return ended(startFailure(126, environment.problem));
    if (stop.signal.aborted) return ended(stop.signal.reason as Ending);
    const occupant = await seat.occupy(command, environment.values, stop.signal);
    return { ...(await accompany(course, seat, occupant)), start: seat.start };
  } catch (error) {
    if (error === stop.signal.reason) return ended(stop.signal.reason as Ending);
    if (error instanceof Failure) return ended(startFailure(127, error.message));
    throw error;
  } finally {
    transcript.finish();
    place.release();
    void seat.room.close(); // nobody waits for the removal; the end of the service does
  }
}

/** A process that waits for a job like this, or a room to start one in. */
async function takeSeat(wanted: Wanted, { spares, rooms, markPrefix }: Tools): Promise<Seat> {
  return (await spares.take(wanted)) ?? coldSeat(await rooms.open(wanted.inputJson), markPrefix);
}

/** Follows a process to its end, with all the clocks and guards around it. */
async function accompany({ job, sink, stop, tools, transcript, limits, onProcess }: Course, seat: Seat, { child, root }: Occupant): Promise<Outcome> {
  const { tree, killGraceMs, maxMemoryMb } = tools;
  onProcess(root);
  limits.started(timeLimit(job.script.timeoutMs, tools));
  const watch = tools.meter.watch(root, maxMemoryMb === undefined ? undefined : maxMemoryMb * MIB, (usedBytes) => {
    stop.abort({ kind: "memory", limitMb: maxMemoryMb ?? 0, usedMb: Math.ceil(usedBytes / MIB) } satisfies Ending);
  });
  const followup = await follow({ child, root, plumbing: seat.room.plumbing, transcript, brake: sink, stop: stop.signal, tree, killGraceMs });
  watch.stop();
  return { ...followup, ...(watch.usage === undefined ? {} : { usage: watch.usage }) };
}

function ended(ending: Ending): Outcome {
  return { ending, leftovers: [] };
}

/** Resolves with both; when one rejects, the other is not left open. */
async function together(seat: Promise<Seat>, place: Promise<ScriptPlace>): Promise<[Seat, ScriptPlace]> {
  const [taken, placed] = await Promise.allSettled([seat, place]);
  if (taken.status === "fulfilled" && placed.status === "fulfilled") return [taken.value, placed.value];
  if (taken.status === "fulfilled") await taken.value.room.close();
  if (placed.status === "fulfilled") placed.value.release();
  throw taken.status === "rejected" ? taken.reason : (placed as PromiseRejectedResult).reason;
}

function withVariables(job: Job, inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...inherited, ...Object.fromEntries(job.script.variables.map(({ name, value }) => [name, value])) };
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
