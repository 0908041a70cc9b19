// A run from the accepted job to its result.
import type { TerminationReason } from "../protocol/termination-reason.ts";
import { Failure, messageOf } from "../lib/failure.ts";
import type { RunRequest } from "../protocol/job.ts";
import { namesSecret } from "../redaction/secret-names.ts";
import type { RunResult } from "../protocol/result.ts";
import type { LanguageRegistry } from "../languages/registry.ts";
import type { Interpreter, Language } from "../languages/language.ts";
import type { Packages, Provision } from "../packages/packages.ts";
import type { Framer } from "../output/framer.ts";
import { secretForms } from "../redaction/secret-forms.ts";
import { createRedaction } from "../redaction/redactor.ts";
import type { Redaction } from "../redaction/redactor.ts";
import { OutputPipeline } from "../output/output-pipeline.ts";
import { childEnvironment } from "../process/environment.ts";
import { follow } from "../process/follow.ts";
import type { Backpressure } from "../process/follow.ts";
import { pathsOf, installPackages, withPaths } from "./install-packages.ts";
import type { InstallRecord } from "./install-packages.ts";
import { toResult } from "./result.ts";
import type { RunOutcome } from "./result.ts";
import type { Workspaces } from "../workspace/workspaces.ts";
import type { ScriptFiles, ScriptPlace } from "../workspace/script-files.ts";
import { coldLauncher } from "../workspace/launcher.ts";
import { linkPackages } from "../workspace/link-packages.ts";
import type { RunningProcess, Launcher } from "../workspace/launcher.ts";
import type { WarmPool, LaunchRequest } from "../warm/warm-pool.ts";
import type { ProcessTree, Root } from "../process/tree.ts";
import type { UsageMeter } from "../process/usage.ts";

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
export interface Sink extends Backpressure {
  write(frame: Buffer): void;
}

/** What a run needs of the harness. */
export interface RunDependencies {
  readonly languages: LanguageRegistry;
  readonly workspaces: Workspaces;
  readonly warmPool: WarmPool;
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
interface RunContext {
  readonly job: Job;
  readonly sink: Sink;
  /** Its first reason is an `Ending` and ends the run. */
  readonly stop: AbortController;
  readonly dependencies: RunDependencies;
  readonly output: OutputPipeline;
  readonly limits: Limits;
  /** Called once the process is there. */
  readonly onProcess: (root: Root) => void;
}

/** A result, with what the journal says besides. */
export interface Report {
  readonly result: RunResult;
  readonly bytesOut: { readonly stdout: number; readonly stderr: number };
  readonly installs: readonly InstallRecord[];
}

/** Hides all that no log of this run may show. */
export function redactionOf({ script }: RunRequest, { secrets, secretWords }: RunDependencies): Redaction {
  const named = script.variables.filter(({ name }) => namesSecret(name, secretWords)).map(({ value }) => value);
  return createRedaction(secretForms([...secrets(), ...named, ...(script.runToken === undefined ? [] : [script.runToken])]));
}

/** Runs a job. Never rejects: whatever goes wrong is a result. */
export async function run(job: Job, sink: Sink, stop: AbortController, dependencies: RunDependencies, onProcess: (root: Root) => void): Promise<Report> {
  const limits = createLimits(stop);
  const { redaction } = job;
  const output = new OutputPipeline({
    show: (text) => { for (const frame of dependencies.framer(text)) sink.write(frame); },
    onReturn: limits.returned,
    maxBytes: dependencies.maxOutputBytes,
    redaction,
  });
  const outcome = await execute({ job, sink, stop, dependencies, output, limits, onProcess }).catch(
    (error: unknown): RunOutcome => ended(startFailure(126, `Cannot start the script: ${messageOf(error)}`)),
  );
  limits.clear();
  return { result: toResult(job, outcome, output), bytesOut: output.bytes, installs: outcome.installs ?? [] };
}

async function execute(context: RunContext): Promise<RunOutcome> {
  const { job, stop, dependencies, output } = context;
  const found = await dependencies.languages.find(job.script.language);
  if ("message" in found) return ended({ kind: "start-failed", ...found });
  const { language, interpreter, spelling } = found;
  const provided = await installPackages(job.script, { language, interpreter }, { packages: dependencies.packages, output, stop: stop.signal });
  if ("kind" in provided) return ended(provided);
  const { provision, installs } = provided;
  try {
    return { ...(await launchAndFollow(context, { language, interpreter, spelling, provision })), installs };
  } finally {
    provision?.release();
  }
}

/** What a run has been given to run with. */
interface LaunchTools {
  readonly language: Language;
  readonly interpreter: Interpreter;
  readonly spelling: string;
  readonly provision: Provision | undefined;
}

async function launchAndFollow(context: RunContext, { language, interpreter, spelling, provision }: LaunchTools): Promise<RunOutcome> {
  const { job, stop, dependencies, output } = context;
  const inputJson = JSON.stringify(job.input);
  const variables = withPaths(withVariables(job, dependencies.environment), provision);
  const [launcher, place] = await together(takeLauncher({ language, interpreter, spelling, variables, inputJson }, dependencies), dependencies.scripts.place(job.script, language.extension(spelling, job.script.code), provision?.codeHome));
  try {
    const command = language.command(interpreter, place.codeFile, spelling, variables, job.script.code);
    const environment = childEnvironment({
      inherited: dependencies.environment,
      variables: job.script.variables,
      runId: job.runId,
      inputJson,
      inputFile: launcher.workspace.inputFile,
      scriptDir: place.lastingDir,
      packagesDir: provision?.folder,
      mark: launcher.mark,
      interpreter: { ...command.environment, ...pathsOf(variables, provision) },
    });
    for (const notice of environment.notices) output.notice(notice);
    if (environment.problem !== undefined) return ended(startFailure(126, environment.problem));
    if (provision?.codeHome !== undefined) await linkPackages(launcher.workspace, provision.folder);
    if (stop.signal.aborted) return ended(stop.signal.reason as TerminationReason);
    const running = await launcher.launch(command, environment.values, stop.signal);
    return { ...(await followProcess(context, launcher, running)), start: launcher.start };
  } catch (error) {
    if (error === stop.signal.reason) return ended(stop.signal.reason as TerminationReason);
    if (error instanceof Failure) return ended(startFailure(127, error.message));
    throw error;
  } finally {
    output.finish();
    place.release();
    void launcher.workspace.close(); // nobody waits for the removal; the end of the service does
  }
}

/** A process that waits for a job like this, or a room to start one in. */
async function takeLauncher(wanted: LaunchRequest, { warmPool, workspaces, markPrefix }: RunDependencies): Promise<Launcher> {
  return (await warmPool.take(wanted)) ?? coldLauncher(await workspaces.open(wanted.inputJson), markPrefix);
}

/** Follows a process to its end, with all the clocks and guards around it. */
async function followProcess({ job, sink, stop, dependencies, output, limits, onProcess }: RunContext, launcher: Launcher, { child, root }: RunningProcess): Promise<RunOutcome> {
  const { tree, killGraceMs, maxMemoryMb } = dependencies;
  onProcess(root);
  limits.started(timeLimit(job.script.timeoutMs, dependencies));
  const watch = dependencies.meter.watch(root, maxMemoryMb === undefined ? undefined : maxMemoryMb * MIB, (usedBytes) => {
    stop.abort({ kind: "memory", limitMb: maxMemoryMb ?? 0, usedMb: Math.ceil(usedBytes / MIB) } satisfies TerminationReason);
  });
  const followup = await follow({ child, root, stdio: launcher.workspace.stdio, output, backpressure: sink, stop: stop.signal, tree, killGraceMs });
  watch.stop();
  return { ...followup, ...(watch.usage === undefined ? {} : { usage: watch.usage }) };
}

function ended(ending: TerminationReason): RunOutcome {
  return { ending, leftovers: [] };
}

/** Resolves with both; when one rejects, the other is not left open. */
async function together(launcher: Promise<Launcher>, place: Promise<ScriptPlace>): Promise<[Launcher, ScriptPlace]> {
  const [taken, placed] = await Promise.allSettled([launcher, place]);
  if (taken.status === "fulfilled" && placed.status === "fulfilled") return [taken.value, placed.value];
  if (taken.status === "fulfilled") await taken.value.workspace.close();
  if (placed.status === "fulfilled") placed.value.release();
  throw taken.status === "rejected" ? taken.reason : (placed as PromiseRejectedResult).reason;
}

function withVariables(job: Job, inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...inherited, ...Object.fromEntries(job.script.variables.map(({ name, value }) => [name, value])) };
}

function startFailure(code: number, message: string): TerminationReason {
  return { kind: "start-failed", code, errorCode: "START_FAILED", message };
}

/** The shorter of the author's limit and this runner's own, which leaves time for the grace period and the result. */
function timeLimit(script: number | undefined, { timeoutMs, killGraceMs }: RunDependencies): number | undefined {
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
  const endAfter = (ms: number, ending: TerminationReason) => {
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
