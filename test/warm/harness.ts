// Runs scripts cold and warm, with the same workspaces, launchers and environment as the runner, and tells all that came of them.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LanguageRegistry } from "../../runner/languages/registry.ts";
import { createLog } from "../../runner/lib/log.ts";
import { baseEnvironment, scriptEnvironment } from "../../runner/process/environment.ts";
import { sendSignal } from "../../runner/process/signal.ts";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import type { OutputPipe } from "../../runner/process/stdio.ts";
import { processTable } from "../../runner/process/table.ts";
import { WarmPool } from "../../runner/warm/warm-pool.ts";
import type { WarmPoolOptions, WarmRequest } from "../../runner/warm/warm-pool.ts";
import { coldLauncher, newMark } from "../../runner/workspace/launcher.ts";
import type { RunningProcess } from "../../runner/workspace/launcher.ts";
import { ScriptFiles } from "../../runner/workspace/script-files.ts";
import { Workspaces } from "../../runner/workspace/workspaces.ts";
import { until } from "../support/until.ts";

/** What came of a script; paths that differ from run to run are named instead. */
export interface Outcome {
  readonly start: RunningProcess["start"];
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
export interface TestScript {
  readonly language: string;
  readonly code: string;
  readonly input?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
  /** Runs it in its script's lasting directory. */
  readonly inScriptDir?: boolean;
}

/** A small runner without HTTP. */
export interface Harness {
  readonly warmPool: WarmPool;
  /** What the warm pool was made with. */
  readonly options: WarmPoolOptions;
  readonly languages: LanguageRegistry;
  /** What the runner's log has said. */
  readonly log: readonly string[];
  readonly workDir: string;
  /** What a run asks the warm pool for. */
  requestFor(script: TestScript, codeFile?: string, scriptDir?: string): Promise<WarmRequest>;
  /** Runs a script: cold, or by whatever the warm pool gives. */
  run(script: TestScript, how: "cold" | "warm"): Promise<Outcome>;
  /** Resolves when a warm process is ready for scripts like this one. */
  warmed(script: TestScript): Promise<void>;
  close(): Promise<void>;
}

/** What a harness can be made with. */
export interface HarnessOptions extends Partial<Pick<WarmPoolOptions, "size" | "idleMs" | "active" | "cores">> {
  readonly environment?: NodeJS.ProcessEnv;
  readonly paths?: Readonly<Record<string, string | undefined>>;
}

/** Makes a harness in a directory of its own. */
export async function openHarness({ environment = process.env, paths = {}, ...options }: HarnessOptions = {}): Promise<Harness> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "automn-warm-")));
  const workDir = join(home, "work");
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => lines.push(line) });
  const languages = new LanguageRegistry({ paths: { ...pathsOf(environment), ...paths }, environment, log });
  const stdioFactory = createStdioFactory(join(workDir, "pipes"));
  const workspaces = new Workspaces({ workDir, ahead: 2, stdioFactory, log });
  const scripts = new ScriptFiles(join(home, "scripts"));
  const markPrefix = `${process.pid}.`;
  const poolOptions: WarmPoolOptions = {
    workspaces, environment, markPrefix, table: processTable(), log, size: 1, idleMs: 60_000, active: () => 1, cores: availableParallelism(), ...options,
  };
  const warmPool = new WarmPool(poolOptions);
  await languages.ready();

  async function runnable(named: string) {
    const found = await languages.find(named);
    if ("message" in found) throw new Error(found.message);
    return found;
  }

  async function requestFor(script: TestScript, codeFile = "", scriptDir = ""): Promise<WarmRequest> {
    const { input = {}, variables = {} } = script;
    const { language, spelling, interpreter } = await runnable(script.language);
    const list = Object.entries(variables).map(([name, value]) => ({ name, value }));
    const base = baseEnvironment({ inherited: environment, variables: list });
    const command = language.command(interpreter, codeFile, spelling, base.values);
    const own = { interpreter: command.environment, runId: "the-run", inputJson: JSON.stringify(input), scriptDir };
    const { values } = scriptEnvironment(base, own);
    const directory = script.inScriptDir === true ? { directory: scriptDir } : {};
    return { language, interpreter, spelling, command, environment: values, ...directory };
  }

  async function run(script: TestScript, how: "cold" | "warm"): Promise<Outcome> {
    const { code, input = {} } = script;
    const { language, spelling } = await runnable(script.language);
    const inputJson = JSON.stringify(input);
    const place = await scripts.place({ id: "script", language: spelling, code, variables: [] } as never, (text) => language.extension(spelling, text));
    const request = await requestFor(script, place.codeFile, place.lastingDir);
    const began = performance.now();
    const warm = how === "warm" ? await warmPool.take(request, inputJson) : undefined;
    const launcher = warm ?? coldLauncher(await workspaces.open(inputJson), newMark(markPrefix));
    try {
      const { child, root, stdio, start } = await launcher.launch(request, new AbortController().signal);
      let firstByteMs = 0;
      const onByte = () => { firstByteMs ||= performance.now() - began; };
      const outputs = [collect(stdio.stdout, onByte), collect(stdio.stderr, onByte)];
      const { code: exitCode, signal } = await child.exited;
      const exitMs = performance.now() - began;
      await Promise.race([Promise.all(outputs.map(({ ended }) => ended)), delay(300)]);
      sendSignal(-child.pid, "SIGKILL");
      const [stdout = "", stderr = ""] = outputs.map(({ text }) => named(text(), launcher.workspace.directory, root.mark));
      return { start, stdout, stderr, code: exitCode, signal, pid: child.pid, firstByteMs, exitMs };
    } finally {
      place.release();
      await launcher.close();
    }
  }

  return {
    warmPool, options: poolOptions, languages, log: lines, workDir, requestFor, run,
    async warmed(script) {
      const { language: { name } } = await runnable(script.language);
      if (warmPool.counts[name] === undefined) await warmPool.take(await requestFor({ language: script.language, code: "" }), "{}");
      await until(() => (warmPool.counts[name]?.ready ?? 0) > 0, `a warm process: ${lines.join("")}`);
    },
    async close() {
      const alive = setInterval(() => {}, 1_000); // warm processes do not keep this one alive, not even while they are being ended
      await warmPool.close().finally(() => clearInterval(alive));
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

/** Workspace and mark are others in each run. */
function named(text: string, directory: string, mark: string): string {
  const home = directory.replace(/\/work$/, "");
  return text.replaceAll(home, "<workspace>").replaceAll(home.replace(/^.*\//, ""), "<workspace>").replaceAll(mark, "<mark>");
}
