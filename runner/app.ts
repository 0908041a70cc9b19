// The composition root: a runner with all its parts, between the HTTP server and the end of the process.
import type { IncomingMessage, ServerResponse } from "node:http";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "./config/config.ts";
import { createRoutes } from "./http/routes/index.ts";
import { openJournal } from "./journal/journal.ts";
import type { Journal, StartEntry } from "./journal/journal.ts";
import type { Language } from "./languages/language.ts";
import { LanguageRegistry } from "./languages/registry.ts";
import { LANGUAGES } from "./languages/table.ts";
import type { Log } from "./lib/log.ts";
import { collectWhenIdle, limitYoungGeneration } from "./lifecycle/heap.ts";
import { createFramer } from "./output/framer.ts";
import { Packages } from "./packages/packages.ts";
import { createStdioFactory } from "./process/stdio.ts";
import { createToolRunner } from "./process/tool.ts";
import { processTable } from "./process/table.ts";
import type { ProcessTable } from "./process/table.ts";
import { processTree } from "./process/tree.ts";
import { UsageMeter } from "./process/usage.ts";
import { notRegistered } from "./registration/not-registered.ts";
import { Registrar } from "./registration/registrar.ts";
import { missingSettings, withStoredSettings } from "./registration/settings.ts";
import type { StateStore } from "./registration/state-store.ts";
import { forRunner } from "./registration/state.ts";
import { FrameLog } from "./results/frame-log.ts";
import { ResultStore } from "./results/result-store.ts";
import { RunHistory } from "./runs/history.ts";
import { Recovery } from "./runs/recovery.ts";
import type { RunDependencies, RunProcesses } from "./runs/run-context.ts";
import { RunRegistry } from "./runs/run-registry.ts";
import { RunnerInstance } from "./runs/runner-instance.ts";
import { WarmPool } from "./warm/warm-pool.ts";
import { ScriptFiles } from "./workspace/script-files.ts";
import { Workspaces } from "./workspace/workspaces.ts";

/** A host may send its next job in the moment after a result. While the runner drains, such a job is answered for this long. */
const LATE_JOB_MS = 2_000;

/** A runner that can answer. */
export interface App {
  /** Answers a request; never rejects. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells the host, sees to what an earlier runner left behind, and keeps itself small from here on. */
  begin(): Promise<void>;
  /** Takes no more jobs; resolves when the active runs have ended, or were ended after the drain's time, and a moment has passed. */
  drain(): Promise<void>;
  /** Ends every run without a grace period; resolves when none is left. */
  endRuns(): Promise<void>;
  /** Kills what still runs, without waiting. */
  kill(): void;
  /** Closes all parts in order and removes what was for this process alone. */
  close(): Promise<void>;
}

/** What a runner is put together from. */
export interface AppOptions {
  readonly config: Config;
  /** Sentences about doubtful settings. */
  readonly warnings: readonly string[];
  readonly state: StateStore;
  readonly log: Log;
  /** The port that the runner listens on. */
  readonly port: number;
  readonly publicDir: string;
  /** The languages whose scripts it runs; by default all. */
  readonly languages?: readonly Language[];
}

/** Puts a runner together. */
export async function openApp(options: AppOptions): Promise<App> {
  const { warnings, state, log, port, publicDir, languages: known = LANGUAGES } = options;
  const config = withStoredSettings(options.config, state.current, log);
  await state.update((before) => forRunner(before, config.runnerId));
  const secret = () => config.secret ?? state.current.secret;

  const table = processTable();
  const instance = await RunnerInstance.open({ ...config, table, log });
  const processes = { environment: process.env, markPrefix: instance.markPrefix, table, tree: processTree(), meter: new UsageMeter(table) };
  const records = await openRecords(config, log);
  const recovery = openRecovery(config, instance, records, table, log);
  const languages = new LanguageRegistry({ languages: known, paths: config.interpreters, environment: process.env, log });
  const interpretersKnown = languages.ready(); // they are looked for while everything else opens
  const packages = openPackages(config, languages, processes, log);
  const { history } = records;
  const parts = { instance, processes, languages, packages, history, secret, log };
  const { runs, warmPool, stdioFactory, close: closeRuns } = openRuns(config, parts);
  const registrar = new Registrar({
    config, state, log, secret,
    runtimes: () => languages.runtimes,
    runtimesKnown: interpretersKnown,
    environment: process.env,
    concurrency: () => (runs.draining ? Math.max(1, runs.counts.active) : config.advertisedConcurrency),
  });

  return {
    answer: createRoutes({
      config, warnings, state, registrar, languages, runs, warmPool, packages, history, stdioFactory, secret, log, publicDir,
    }),
    async begin() {
      registrar.start();
      void stdioFactory.prepare();
      const missingNames = missingSettings(config).map((names) => names.join(" or "));
      const missing = notRegistered(missingNames, { hasSecret: secret() !== undefined, port });
      if (missing !== undefined) log.warn(missing);
      limitYoungGeneration();
      collectWhenIdle(() => runs.counts.active === 0);
      await recovery.start();
      await packages.restore(async (name) => {
        const found = await languages.find(name);
        return "message" in found ? undefined : found.interpreter;
      });
    },
    /** The host is told at once to send no more than what is active; it goes on hearing from this runner until the end. */
    async drain() {
      const drained = runs.drain(config.drainMs);
      void registrar.register("heartbeat");
      await drained;
      await delay(Math.max(0, LATE_JOB_MS - runs.msSinceLastEnd));
    },
    endRuns: () => runs.drain(0),
    kill: () => runs.kill(),
    async close() {
      registrar.stop();
      languages.close();
      await Promise.all([recovery.stop(), packages.close(), closeRuns()]);
      await Promise.all([history.close(), state.settled()]);
      await instance.close();
    },
  };
}

/** What is known of runs; `open` had not ended when the journal was opened. */
interface Records {
  readonly journal: Journal;
  readonly history: RunHistory;
  readonly open: readonly StartEntry[];
}

async function openRecords(config: Config, log: Log): Promise<Records> {
  const { journal, open, recent } = await openJournal({ directory: config.stateDir, maxBytes: config.journalMaxBytes, log });
  const results = new ResultStore({ directory: join(config.stateDir, "results"), maxBytes: config.keepResultsBytes, log });
  return { journal, history: new RunHistory({ journal, results, recent }), open };
}

function openRecovery({ workDir }: Config, instance: RunnerInstance, records: Records, table: ProcessTable, log: Log): Recovery {
  const { owner, installation, liveness } = instance;
  const { journal, history, open } = records;
  return new Recovery({
    owner, installation, liveness, workDir, open, table, log,
    readOpen: () => journal.readOpen(),
    keptResult: (start) => history.keptResult(start),
    onEnded: (end) => history.recovered(end),
  });
}

function openPackages(config: Config, { languages }: LanguageRegistry, processes: RunProcesses, log: Log): Packages {
  const { environment, tree, markPrefix } = processes;
  return new Packages({
    languages, environment, log,
    mode: config.packages,
    scriptsDir: config.scriptsDir,
    recordsDir: join(config.stateDir, "packages"),
    concurrency: config.installConcurrency,
    timeoutMs: config.installTimeoutMs,
    maxBytes: config.packagesMaxBytes,
    npmPath: config.npmPath,
    npmIgnoreScripts: config.npmIgnoreScripts,
    runTool: createToolRunner({ tree, killGraceMs: config.killGraceMs, markPrefix }),
  });
}

/** The parts that runs use, and others use too. */
interface SharedParts extends Pick<RunDependencies, "processes" | "languages" | "packages"> {
  readonly instance: RunnerInstance;
  readonly history: RunHistory;
  readonly secret: () => string | undefined;
  readonly log: Log;
}

/** The runs, and what they alone use; to be closed when none is active any more. */
function openRuns(config: Config, { instance: { owner, workDir }, processes, languages, packages, history, secret, log }: SharedParts) {
  const stdioFactory = createStdioFactory(join(workDir, "pipes"), { log });
  const workspaces = new Workspaces({ workDir, ahead: Math.min(4, config.localMaxConcurrency ?? 4), stdioFactory, log });
  const warmPool = new WarmPool({
    ...processes, workspaces, log,
    size: config.warm,
    idleMs: config.warmIdleMs,
    active: () => runs.counts.active,
    cores: availableParallelism(),
  });
  const dependencies: RunDependencies = {
    processes, languages, packages, workspaces, warmPool,
    scripts: new ScriptFiles(config.scriptsDir),
    workspaceMode: config.workspace,
    framer: createFramer(),
    limits: config,
  };
  const runs: RunRegistry = new RunRegistry(dependencies, {
    history, owner,
    slots: config.localMaxConcurrency,
    newFrameLog: () => new FrameLog({ maxBytes: Math.floor(config.keepResultsBytes / 4), spillDir: join(workDir, "frames"), log }),
    secretRules: { secrets: () => [secret(), config.resetToken].filter((one) => one !== undefined), secretWords: config.secretWords },
  });
  const close = async () => {
    await warmPool.close();
    await workspaces.close();
    await stdioFactory.close();
  };
  return { runs, warmPool, stdioFactory, close };
}
