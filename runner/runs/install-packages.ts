// The step of a run that makes the script's packages available.
import type { RunnableLanguage } from "../languages/registry.ts";
import type { Provision, ProvisionResult } from "../packages/packages.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import { folderName } from "../workspace/script-files.ts";
import { ended } from "./result.ts";
import type { RunOutcome } from "./result.ts";
import type { RunContext } from "./run-context.ts";

/** What a script is given of its packages; nothing where it needs none. */
export type ScriptPackages = Partial<Omit<Provision, "release">>;

/**
 * Resolves with where the script's packages lie, held until the run has ended, or with the run's end where they cannot be
 * had. What the installer says is shown live.
 */
export async function installPackages(context: RunContext, runnable: RunnableLanguage): Promise<ScriptPackages | RunOutcome> {
  const { output, stop: { signal } } = context;
  const provided = await ensurePackages(context, runnable);
  switch (provided.kind) {
    case "nothing-needed":
      return {};
    case "ready":
      context.defer(() => provided.provision.release());
      return provided.provision;
    case "stopped":
      return ended(signal.reason as TerminationReason);
    case "failed":
      output.structured.take("log", JSON.stringify({ message: provided.message, level: "error", type: "system" }));
      return ended({ kind: "dependencies-failed", message: provided.message });
  }
}

/** An installation that says something is one that the run waits for, and is recorded. */
async function ensurePackages(context: RunContext, { language, interpreter }: RunnableLanguage): Promise<ProvisionResult> {
  const { job: { script }, output, installs, stop: { signal }, dependencies } = context;
  const needs = { scriptId: script.id, home: folderName(script.id), language: language.name, code: script.code, interpreter };
  const began = performance.now();
  let hasWaited = false;
  const say = (line: string) => {
    hasWaited = true;
    output.line(line);
  };
  const provided = await dependencies.packages.ensure(needs, { say, note: (line) => output.line(line), signal });
  if (hasWaited && provided.kind !== "stopped") {
    installs.push({ language: language.name, ok: provided.kind !== "failed", ms: Math.round(performance.now() - began) });
  }
  return provided;
}
