// A run, from the accepted job to its result.
import { messageOf } from "../lib/failure.ts";
import { followProcess } from "./follow-process.ts";
import { installPackages } from "./install-packages.ts";
import { launch } from "./launch.ts";
import { ended, startFailed, toReport } from "./result.ts";
import type { RunOutcome, RunReport } from "./result.ts";
import type { RunContext } from "./run-context.ts";

/** Runs a job. Never rejects: whatever goes wrong is a result. */
export async function run(context: RunContext): Promise<RunReport> {
  try {
    return toReport(context, await runScript(context));
  } catch (error) {
    return toReport(context, startFailed(126, `Cannot start the script: ${messageOf(error)}`));
  } finally {
    context.close();
  }
}

/** The steps of a run. Each one may find that the run ends there. */
async function runScript(context: RunContext): Promise<RunOutcome> {
  const { job, dependencies } = context;

  const runnable = await dependencies.languages.find(job.script.language);
  if ("message" in runnable) return ended({ kind: "start-failed", ...runnable });

  const packages = await installPackages(context, runnable);
  if ("reason" in packages) return packages;

  const process = await launch(context, runnable, packages);
  if ("reason" in process) return process;

  return followProcess(context, process);
}
