// The step of a run that launches the script: in a warm process where one fits, else in a new one.
import { Failure } from "../lib/failure.ts";
import type { RunnableLanguage } from "../languages/registry.ts";
import { baseEnvironment, scriptEnvironment } from "../process/environment.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { WarmRequest } from "../warm/warm-pool.ts";
import { coldLauncher, newMark } from "../workspace/launcher.ts";
import type { Launcher, RunningProcess } from "../workspace/launcher.ts";
import { linkPackages } from "../workspace/link-packages.ts";
import type { ScriptPackages } from "./install-packages.ts";
import { ended, startFailed } from "./result.ts";
import type { RunOutcome } from "./result.ts";
import type { RunContext } from "./run-context.ts";

/** What a process is wanted for, with sentences for the script's author; `problem` says why the system would refuse it. */
interface ScriptRequest extends WarmRequest {
  readonly notices: readonly string[];
  readonly problem?: string;
}

/** Resolves with the process that runs the script, or with the run's end where it does not come to that. */
export async function launch(
  context: RunContext, runnable: RunnableLanguage, packages: ScriptPackages,
): Promise<RunningProcess | RunOutcome> {
  const { output, stop: { signal } } = context;
  try {
    const request = requestFor(context, runnable, packages);
    for (const notice of request.notices) output.notice(notice);
    if (request.problem !== undefined) return startFailed(126, request.problem);

    const [launcher] = await allSettled([takeLauncher(context, request), placeScript(context, runnable, packages)]);
    const { directory = launcher.workspace.directory } = request;
    if (packages.folder !== undefined && packages.codeHome !== undefined) await linkPackages({ directory }, packages.folder);
    signal.throwIfAborted();
    return await launcher.launch(request, signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return ended(signal.reason as TerminationReason);
    if (error instanceof Failure) return startFailed(127, error.message);
    throw error;
  }
}

/** The script's command and environment. Throws a `Failure` when the interpreter cannot run this spelling of the language. */
function requestFor(context: RunContext, { language, spelling, interpreter }: RunnableLanguage, packages: ScriptPackages): ScriptRequest {
  const { job, inputJson, dependencies } = context;
  const { runId, script: { variables } } = job;
  const { codeFile, lastingDir } = dependencies.scripts.locate(job.script, (code) => language.extension(spelling, code), packages.codeHome);
  const base = baseEnvironment({ inherited: dependencies.processes.environment, variables, paths: packages.paths ?? {} });
  const command = language.command(interpreter, codeFile, spelling, base.values, job.script.code);
  const { values, ...remarks } = scriptEnvironment(base, {
    interpreter: command.environment, runId, inputJson, scriptDir: lastingDir, packagesDir: packages.folder,
  });
  const directory = dependencies.workspaceMode === "script" ? { directory: lastingDir } : {};
  return { language, interpreter, spelling, command, environment: values, ...directory, ...remarks };
}

/** Takes a warm process, or else a workspace to start a process in, with the input in it. */
async function takeLauncher(context: RunContext, request: WarmRequest): Promise<Launcher> {
  const { inputJson, dependencies: { warmPool, workspaces, processes } } = context;
  const warm = await warmPool.take(request, inputJson);
  const launcher = warm ?? coldLauncher(await workspaces.open(inputJson), newMark(processes.markPrefix));
  context.defer(() => void launcher.close()); // nobody waits for the removal but the end of the service
  return launcher;
}

/** Sees to it that the script's file is there until the run has ended. */
async function placeScript(context: RunContext, { language, spelling }: RunnableLanguage, { codeHome }: ScriptPackages): Promise<void> {
  const { job: { script }, dependencies: { scripts } } = context;
  const place = await scripts.place(script, (code) => language.extension(spelling, code), codeHome);
  context.defer(() => place.release());
}

/** As `Promise.all`, but waits for all of them before it rejects: none goes on after the run. */
async function allSettled<T extends readonly unknown[]>(promises: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(promises);
  return Promise.all(promises) as Promise<unknown> as Promise<T>;
}
