// A runner with all its parts, between the front door and the end of the process.
import type { IncomingMessage, ServerResponse } from "node:http";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Config } from "./config/config.ts";
import { createRunHistory } from "./runs/history.ts";
import { createStdioFactory } from "./process/stdio.ts";
import { ownerName, recover } from "./runs/recovery.ts";
import { createWorkspaces } from "./workspace/workspaces.ts";
import { createRunRegistry } from "./runs/run-registry.ts";
import type { RunRegistry } from "./runs/run-registry.ts";
import { createScriptFiles, sha256 } from "./workspace/script-files.ts";
import { createWarmPool } from "./warm/warm-pool.ts";
import { createToolRunner } from "./process/tool.ts";
import { processTree } from "./process/tree.ts";
import { createUsageMeter } from "./process/usage.ts";
import { notRegistered } from "./registration/not-registered.ts";
import { createRegistrar, missingSettings } from "./registration/registrar.ts";
import { createLanguageRegistry } from "./languages/registry.ts";
import { collectWhenIdle, limitYoungGeneration } from "./lifecycle/heap.ts";
import type { Log } from "./lib/log.ts";
import { createFramer } from "./output/framer.ts";
import { createPackages } from "./packages/packages.ts";
import { createRoutes } from "./http/routes/index.ts";
import { openArchive } from "./results/archive.ts";
import { removeTree } from "./lib/files.ts";
import { createFrameLog } from "./results/frame-log.ts";
import { openJournal } from "./journal/journal.ts";
import { forRunner } from "./registration/state.ts";
import type { StateStore } from "./registration/state-store.ts";

/** A runner that can answer. */
export interface App {
  /** Answers a request; never rejects. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells the host, sees to what an earlier runner left behind, and keeps itself small from here on. */
  begin(): Promise<void>;
  /** Takes no more jobs; resolves when the active runs have ended, or have been ended after the drain's time. */
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
}

/** Puts a runner together. */
export async function openApp({ config, warnings, state, log, port, publicDir }: AppOptions): Promise<App> {
  await state.update((before) => forRunner(before, config.runnerId));
  const secret = () => config.secret ?? state.current.secret;

  const owner = await ownerName(process.pid);
  const installation = sha256(config.stateDir).slice(0, 12);
  const ownWorkDir = join(config.workDir, owner);
  const { journal, open, recent } = await openJournal({ directory: config.stateDir, maxBytes: config.journalMaxBytes, log });
  const archive = openArchive({ directory: join(config.stateDir, "results"), maxBytes: config.keepResultsBytes, log });
  const history = createRunHistory({ journal, archive, recent });

  const stdioFactory = createStdioFactory(join(ownWorkDir, "pipes"));
  const workspaces = createWorkspaces({ workDir: ownWorkDir, ahead: Math.min(4, config.localMaxConcurrency ?? 4), stdioFactory, log });
  const languages = createLanguageRegistry({ paths: config.interpreters, environment: process.env, log });
  const markPrefix = `${installation}.${owner}.`;
  const warmPool = createWarmPool({
    workspaces, markPrefix, log,
    environment: process.env,
    size: config.warm,
    idleMs: config.warmIdleMs,
    active: () => runs.counts.active,
    cores: availableParallelism(),
  });
  const tree = processTree();
  const packages = createPackages({
    mode: config.packages,
    scriptsDir: config.scriptsDir,
    recordsDir: join(config.stateDir, "packages"),
    concurrency: config.installConcurrency,
    timeoutMs: config.installTimeoutMs,
    maxBytes: config.packagesMaxBytes,
    npmPath: config.npmPath,
    npmIgnoreScripts: config.npmIgnoreScripts,
    environment: process.env,
    runTool: createToolRunner({ tree, killGraceMs: config.killGraceMs, markPrefix }),
    log,
  });
  const runs: RunRegistry = createRunRegistry(
    {
      languages, workspaces, warmPool, packages, tree, markPrefix,
      scripts: createScriptFiles(config.scriptsDir),
      framer: createFramer(),
      meter: createUsageMeter(),
      environment: process.env,
      secrets: () => [secret(), config.resetToken].filter((one) => one !== undefined),
      secretWords: config.secretWords,
      killGraceMs: config.killGraceMs,
      timeoutMs: config.timeoutMs,
      maxOutputBytes: config.maxOutputBytes,
      maxMemoryMb: config.maxMemoryMb,
    },
    {
      limit: config.localMaxConcurrency,
      history, owner,
      newFrameLog: () => createFrameLog({ maxBytes: Math.floor(config.keepResultsBytes / 4), spillDir: join(ownWorkDir, "frames"), log }),
    },
  );
  const registrar = createRegistrar({
    config, state, log, secret,
    runtimes: async () => {
      await languages.ready();
      return languages.runtimes;
    },
    concurrency: () => (runs.draining ? Math.max(1, runs.counts.active) : config.advertisedConcurrency),
  });

  return {
    answer: createRoutes({ config, warnings, state, registrar, languages, runs, warmPool, packages, history, secret, log, publicDir }),
    async begin() {
      registrar.start();
      const missing = notRegistered(missingSettings(config), { hasSecret: secret() !== undefined, port });
      if (missing !== undefined) log.warn(missing);
      limitYoungGeneration();
      collectWhenIdle(() => runs.counts.active === 0);
      await recover({ installation, open, onLost: history.lost, workDir: config.workDir, log });
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
    },
    endRuns: () => runs.drain(0),
    kill: runs.kill,
    async close() {
      registrar.stop();
      languages.close();
      await Promise.all([warmPool.close(), packages.close()]);
      await Promise.all([workspaces.close(), history.close(), state.settled()]);
      await stdioFactory.close();
      await removeTree(ownWorkDir, log);
    },
  };
}
