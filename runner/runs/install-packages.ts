// A script's packages, made available before it starts.
import { delimiter } from "node:path";
import type { TerminationReason } from "../protocol/termination-reason.ts";
import type { Script } from "../protocol/job.ts";
import type { Interpreter, Language } from "../languages/language.ts";
import type { OutputPipeline } from "../output/output-pipeline.ts";
import type { Packages, Provision } from "../packages/packages.ts";
import { folderName } from "../workspace/script-files.ts";

/** What making packages available needs of a run. */
export interface InstallPackagesDependencies {
  readonly packages: Pick<Packages, "ensure">;
  readonly output: OutputPipeline;
  readonly stop: AbortSignal;
}

/** An installation that a run waited for, in milliseconds. */
export interface InstallRecord {
  readonly language: string;
  readonly ok: boolean;
  readonly ms: number;
}

/** Where a script's packages lie, if it needs any, and what it took to get them there. */
export interface PackagesReady {
  readonly provision: Provision | undefined;
  readonly installs: readonly InstallRecord[];
}

/** Resolves with where the packages lie, if the script needs any, or with the ending that it comes to without them. What the installer says is shown live. */
export async function installPackages(
  script: Script, { language, interpreter }: { readonly language: Language; readonly interpreter: Interpreter }, { packages, output, stop }: InstallPackagesDependencies,
): Promise<PackagesReady | TerminationReason> {
  const needs = { scriptId: script.id, home: folderName(script.id), language: language.name, code: script.code, interpreter };
  const began = performance.now();
  let said = false;
  const say = (line: string) => {
    said = true;
    output.line(line);
  };
  const provided = await packages.ensure(needs, { say, signal: stop });
  if (provided.kind === "stopped") return stop.reason as TerminationReason;
  const installs = said ? [{ language: language.name, ok: provided.kind !== "failed", ms: Math.round(performance.now() - began) }] : [];
  if (provided.kind !== "failed") return { provision: provided.kind === "ready" ? provided.provision : undefined, installs };
  output.structured.take("log", JSON.stringify({ message: provided.message, level: "error", type: "system" }));
  return { kind: "dependencies-failed", message: provided.message };
}

/** The variables by which an interpreter finds packages, the script's own first. */
export function withPaths(variables: NodeJS.ProcessEnv, provision: Provision | undefined): NodeJS.ProcessEnv {
  const paths = Object.entries(provision?.paths ?? {}).map(([name, folder]) => [name, [folder, variables[name]].filter(Boolean).join(delimiter)]);
  return { ...variables, ...Object.fromEntries(paths) };
}

/** Those variables alone. */
export function pathsOf(variables: NodeJS.ProcessEnv, provision: Provision | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(provision?.paths ?? {}).map((name) => [name, variables[name] ?? ""]));
}
