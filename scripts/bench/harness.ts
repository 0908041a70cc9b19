// The environment of a measurement: a temporary folder, and the runners and processes that end with it.
import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { interpretersFound, startBuiltRunner } from "../built-runner.ts";
import type { BuiltRunner } from "../built-runner.ts";
import { openConnection } from "./connection.ts";
import type { Connection } from "./connection.ts";

/** The secret of every measured runner. */
export const SECRET = "secret-of-this-benchmark";

/** A measured runner. */
export interface Runner {
  readonly pid: number;
  /** Opens a keep-alive connection once the runner has found its interpreters. */
  connect(): Promise<Connection>;
  stop(): Promise<unknown>;
}

/** Starts what is measured, and ends all of it when it closes. */
export interface Harness {
  readonly directory: string;
  /** The environment of every measured process. */
  readonly environment: NodeJS.ProcessEnv;
  startRunner(env?: NodeJS.ProcessEnv): Promise<Runner>;
  /** Starts a process in the same environment as the runners. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Writes a file into the temporary folder and resolves with its path. */
  write(name: string, content: string | Buffer): Promise<string>;
  /** Registers `cleanup` to run when the harness closes. */
  afterwards(cleanup: () => unknown): void;
  close(): Promise<void>;
}

/** The variables that measured processes inherit. Nothing else of the environment can influence a figure. */
const INHERITED = /^(PATH|HOME|TMPDIR|TEMP|TMP|LANG|SystemRoot|npm_config_.*|.*_PROXY|NODE_EXTRA_CA_CERTS)$/i;

/** Opens a harness in a temporary folder. */
export async function openHarness(): Promise<Harness> {
  const directory = await mkdtemp(join(tmpdir(), "automn-bench-"));
  const environment = inherited((name) => INHERITED.test(name));
  const interpreters = inherited((name) => LANGUAGES.some(({ pathVariable }) => pathVariable === name));
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
        await interpretersFound(runner);
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

function inherited(isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isWanted(name)));
}
