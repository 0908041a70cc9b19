// Starts the built runner as a separate process, the way an administrator would.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The entry point of the built runner. */
export const SERVICE = fileURLToPath(new URL("../runner/service.js", import.meta.url));

/** An entry of the runner's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running, listening runner. */
export interface BuiltRunner {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The log so far. A line that is not JSON has the level `""`. */
  readonly log: readonly LogLine[];
  /** Everything written to stdout and stderr so far. */
  readonly output: string;
  readonly ended: Promise<End>;
  /** Sends a signal, SIGTERM by default, and resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<End>;
}

/** How to start a runner. */
export interface BuiltRunnerOptions {
  /** The whole environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  readonly service?: string;
  readonly node?: string;
  readonly cwd?: string;
}

/** The runner ended or timed out before it listened. `output` is everything that it wrote. */
export class NotStarted extends Error {
  readonly end: End | undefined;
  readonly output: string;

  constructor(reason: string, end: End | undefined, output: string) {
    super(`The runner did not start: ${reason}`);
    this.end = end;
    this.output = output;
  }
}

const START_TIMEOUT_MS = 30_000;

/** Starts the built runner and resolves when it listens. Rejects with `NotStarted` when it does not. */
export async function startBuiltRunner(
  { env, service = SERVICE, node = process.execPath, cwd }: BuiltRunnerOptions,
): Promise<BuiltRunner> {
  if (!existsSync(service)) throw new NotStarted(`${service} does not exist; npm run build creates it`, undefined, "");
  const child = spawn(node, [service], {
    env: { ...env, AUTOMN_RUNNER_LOG_FORMAT: "json" }, stdio: ["ignore", "pipe", "pipe"], detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const killOnExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killOnExit);
  const log: LogLine[] = [];
  let output = "";
  const ended = once(child, "close").then(([code, signal]): End => {
    process.off("exit", killOnExit);
    return { code: code as End["code"], signal: signal as End["signal"] };
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { output += text; });
  const port = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      output += `${text}\n`;
      const line = parse(text);
      log.push(line);
      if (line.message === "Listening") resolve(Number(line["port"]));
    });
  });
  const stop: BuiltRunner["stop"] = (signal = "SIGTERM") => {
    child.kill(signal);
    return ended;
  };
  const timer = setTimeout(() => void stop("SIGKILL"), START_TIMEOUT_MS);
  const first = await Promise.race([port, ended]).finally(() => clearTimeout(timer));
  if (typeof first !== "number") {
    const isTimeout = first.signal === "SIGKILL";
    const reason = isTimeout ? `it did not listen within ${START_TIMEOUT_MS / 1000} s` : `it ended with ${first.code ?? first.signal}`;
    throw new NotStarted(reason, first, output);
  }
  return { pid: child.pid as number, url: `http://127.0.0.1:${first}`, port: first, log, get output() { return output; }, ended, stop };
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: "", message: text };
  }
}

/** Resolves when the runner has looked for every interpreter, which is the last of its start-up work. */
export async function interpretersFound({ log }: BuiltRunner): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!log.some(({ message }) => message === "Interpreters found")) {
    if (performance.now() > deadline) throw new Error(`The runner did not find its interpreters within ${START_TIMEOUT_MS / 1000} s`);
    await delay(20);
  }
}

/** Finds a free port outside the range that systems use for outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
