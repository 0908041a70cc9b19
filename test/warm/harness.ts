// Runs scripts cold and warm, by the same rooms, seats and environment as the runner, and tells all that came of them.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { childEnvironment } from "../../runner/process/environment.ts";
import { processTable } from "../../runner/process/table.ts";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import type { OutputPipe } from "../../runner/process/stdio.ts";
import { Workspaces } from "../../runner/workspace/workspaces.ts";
import { ScriptFiles } from "../../runner/workspace/script-files.ts";
import { coldLauncher } from "../../runner/workspace/launcher.ts";
import type { Launcher } from "../../runner/workspace/launcher.ts";
import { sendSignal } from "../../runner/process/signal.ts";
import { createWarmPool } from "../../runner/warm/warm-pool.ts";
import type { WarmPool, WarmPoolOptions } from "../../runner/warm/warm-pool.ts";
import { LanguageRegistry } from "../../runner/languages/registry.ts";
import { createLog } from "../../runner/lib/log.ts";
import { until } from "../support/until.ts";

/** What came of a script; paths that differ from run to run are named instead. */
export interface Outcome {
  readonly start: Launcher["start"];
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pid: number;
  /** From the job to the first byte of output and to the exit, in milliseconds. */
  readonly firstByteMs: number;
  readonly exitMs: number;
}

/** A script to run. */
export interface Errand {
  readonly language: string;
  readonly code: string;
  readonly input?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A small runner without HTTP. */
export interface Harness {
  readonly warmPool: WarmPool;
  readonly languages: LanguageRegistry;
  /** What the runner's log has said. */
  readonly log: readonly string[];
  readonly workDir: string;
  /** Runs a script: cold, or by whatever `take` gives. */
  run(errand: Errand, how: "cold" | "warm"): Promise<Outcome>;
  /** Resolves when a spare is ready for scripts like this one. */
  warmed(errand: Errand): Promise<void>;
  close(): Promise<void>;
}

/** Makes a harness in a directory of its own. */
export async function openHarness(
  options: Partial<Pick<WarmPoolOptions, "size" | "idleMs" | "active" | "cores">> & { environment?: NodeJS.ProcessEnv; paths?: Record<string, string | undefined> } = {},
): Promise<Harness> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "automn-warm-")));
  const workDir = join(home, "work");
  const environment = options.environment ?? process.env;
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => lines.push(line) });
  const languages = new LanguageRegistry({ paths: { ...pathsOf(environment), ...options.paths }, environment, log });
  const stdioFactory = createStdioFactory(join(workDir, "pipes"));
  const workspaces = new Workspaces({ workDir, ahead: 2, stdioFactory, log });
  const scripts = new ScriptFiles(join(home, "scripts"));
  const markPrefix = `${process.pid}.`;
  const warmPool = createWarmPool({
    workspaces, environment, markPrefix, table: processTable(), log, size: options.size ?? 1, idleMs: options.idleMs ?? 60_000,
    active: options.active ?? (() => 1), cores: options.cores ?? availableParallelism(),
  });
  await languages.ready();

  async function run({ language: asked, code, input = {}, variables = {} }: Errand, how: "cold" | "warm"): Promise<Outcome> {
    const found = await languages.find(asked);
    if ("message" in found) throw new Error(found.message);
    const { language, interpreter, spelling } = found;
    const inputJson = JSON.stringify(input);
    const list = Object.entries(variables).map(([name, value]) => ({ name, value }));
    const place = await scripts.place({ id: "script", language: spelling, code, variables: list } as never, language.extension(spelling));
    const all = { ...environment, ...variables };
    const began = performance.now();
    const taken = how === "warm" ? await warmPool.take({ language, interpreter, spelling, variables: all, inputJson }) : undefined;
    const launcher = taken ?? coldLauncher(await workspaces.open(inputJson), markPrefix);
    const { workspace, mark } = launcher;
    try {
      const command = language.command(interpreter, place.codeFile, spelling, all);
      const { values } = childEnvironment({
        inherited: environment, variables: list, runId: "the-run", inputJson, inputFile: workspace.inputFile, scriptDir: place.lastingDir, mark, interpreter: command.environment,
      });
      const { child } = await launcher.launch(command, values, new AbortController().signal);
      let firstByteMs = 0;
      const onByte = () => { firstByteMs ||= performance.now() - began; };
      const outputs = [collect(workspace.stdio.stdout, onByte), collect(workspace.stdio.stderr, onByte)];
      const { code: exitCode, signal } = await child.exited;
      const exitMs = performance.now() - began;
      await Promise.race([Promise.all(outputs.map(({ ended }) => ended)), delay(300)]);
      sendSignal(-child.pid, "SIGKILL");
      const [stdout = "", stderr = ""] = outputs.map(({ text }) => named(text(), workspace.directory, mark));
      return { start: launcher.start, stdout, stderr, code: exitCode, signal, pid: child.pid, firstByteMs, exitMs };
    } finally {
      place.release();
      await workspace.close();
    }
  }

  return {
    warmPool, languages, log: lines, workDir, run,
    async warmed({ language }) {
      const found = await languages.find(language);
      if ("message" in found) throw new Error(found.message);
      const { name } = found.language;
      if (warmPool.counts[name] === undefined) await (await warmPool.take({ ...found, variables: environment, inputJson: "{}" }))?.workspace.close();
      await until(() => (warmPool.counts[name]?.ready ?? 0) > 0, `a spare: ${lines.join("")}`);
    },
    async close() {
      await warmPool.close();
      await workspaces.close();
      await stdioFactory.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The interpreters that the runner would be told of, so that the same tests can be run with others. */
function pathsOf(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const path = (name: string) => environment[`AUTOMN_RUNNER_${name}_PATH`];
  return { node: path("NODE"), python: path("PYTHON"), powershell: path("POWERSHELL"), shell: path("SHELL") };
}

function collect(outputPipe: OutputPipe, onByte: () => void): { readonly ended: Promise<void>; text(): string } {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => outputPipe.read((bytes) => { onByte(); chunks.push(Buffer.from(bytes)); }, resolve));
  return { ended, text: () => Buffer.concat(chunks).toString() };
}

/** The room and the mark are another one in each run. */
function named(text: string, directory: string, mark: string): string {
  const home = directory.replace(/\/work$/, "");
  return text.replaceAll(home, "<room>").replaceAll(home.replace(/^.*\//, ""), "<room>").replaceAll(mark, "<mark>");
}
