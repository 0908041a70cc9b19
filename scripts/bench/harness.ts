// Where the measuring takes place: a folder of its own, runners and processes that all end with it.
import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startBuiltRunner } from "../built-runner.ts";
import type { BuiltRunner } from "../built-runner.ts";
import { openConnection } from "./connection.ts";
import type { Connection } from "./connection.ts";

/** The secret of every runner that is measured. */
export const SECRET = "secret-of-this-benchmark";

/** A runner under measurement. */
export interface Runner {
  readonly pid: number;
  /** A connection that stays open for one job after another, once the runner has found its interpreters. */
  connect(): Promise<Connection>;
  stop(): Promise<unknown>;
}

/** Gives out what is measured. All that is still there when it closes is ended. */
export interface Harness {
  readonly directory: string;
  /** What every measured process finds in its environment. */
  readonly environment: NodeJS.ProcessEnv;
  startRunner(env?: NodeJS.ProcessEnv): Promise<Runner>;
  /** A process in an environment like that of the runners. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Writes a file and resolves with its path. */
  write(name: string, content: string | Buffer): Promise<string>;
  /** Has `cleanup` run when the harness closes. */
  afterwards(cleanup: () => unknown): void;
  close(): Promise<void>;
}

/** Names that are handed on to what is measured; nothing else may differ from one machine to the next. */
const KEPT = /^(PATH|HOME|TMPDIR|TEMP|TMP|LANG|SystemRoot|npm_config_.*|.*_PROXY|NODE_EXTRA_CA_CERTS)$/i;
const INTERPRETER = /^AUTOMN_RUNNER_(NODE|PYTHON|POWERSHELL|SHELL)_PATH$/;

/** Opens a harness in a temporary folder. */
export async function openHarness(): Promise<Harness> {
  const directory = await mkdtemp(join(tmpdir(), "automn-bench-"));
  const environment = only(KEPT);
  const interpreters = only(INTERPRETER);
  const children = new Set<ChildProcess>();
  const runners = new Set<BuiltRunner>();
  const cleanups: (() => unknown)[] = [];
  let count = 0;

  async function startRunner(env: NodeJS.ProcessEnv = {}): Promise<Runner> {
    const own = {
      AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_PORT: "0", AUTOMN_RUNNER_BIND: "127.0.0.1",
      AUTOMN_RUNNER_DATA_DIR: join(directory, `runner-${++count}`), AUTOMN_RUNNER_DRAIN_MS: "0",
    };
    const runner = await startBuiltRunner({ env: { ...environment, ...interpreters, ...own, ...env } });
    runners.add(runner);
    void runner.ended.then(() => runners.delete(runner));
    return {
      pid: runner.pid,
      stop: () => runner.stop(),
      async connect() {
        await settled(runner);
        return openConnection(runner.port, SECRET);
      },
    };
  }

  return {
    directory, environment, startRunner,
    spawn(file, args, options) {
      const child = spawn(file, args, { cwd: directory, env: environment, ...options });
      children.add(child);
      child.once("close", () => children.delete(child));
      return child;
    },
    async write(name, content) {
      const file = join(directory, name);
      await writeFile(file, content);
      return file;
    },
    afterwards: (cleanup) => void cleanups.push(cleanup),
    async close() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all([...runners].map((runner) => runner.stop()));
      for (const cleanup of cleanups.reverse()) await cleanup();
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Resolves when the runner is done with what it does at its start. */
async function settled({ log }: BuiltRunner): Promise<void> {
  const patience = performance.now() + 30_000;
  while (!log.some(({ message }) => message === "Interpreters found")) {
    if (performance.now() > patience) throw new Error("The runner did not find its interpreters within 30 s");
    await delay(20);
  }
}

function only(names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}
