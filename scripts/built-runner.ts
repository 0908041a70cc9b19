// The built runner as a process of its own, as an administrator would start it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The file that the build makes of the service. */
export const SERVICE = fileURLToPath(new URL("../runner/service.js", import.meta.url));

/** A line of the runner's log. */
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

/** A runner that listens. */
export interface BuiltRunner {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The log so far; a line that is no JSON has level `""`. */
  readonly log: readonly LogLine[];
  /** All that it wrote to stdout and stderr so far. */
  readonly output: string;
  readonly ended: Promise<End>;
  /** Asks it to end, SIGTERM by default, and waits until it has; nothing where it has ended already. */
  stop(signal?: NodeJS.Signals): Promise<End>;
}

/** How to start one. */
export interface Start {
  /** The whole environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  readonly service?: string;
  readonly node?: string;
  readonly cwd?: string;
}

/** It ended, or took too long, before it listened; `output` is all that it had said. */
export class NotStarted extends Error {
  readonly end: End | undefined;
  readonly output: string;

  constructor(reason: string, end: End | undefined, output: string) {
    super(`The runner did not start: ${reason}`);
    this.end = end;
    this.output = output;
  }
}

const PATIENCE_MS = 30_000;

/** Starts the built runner and resolves when it listens. Rejects with `NotStarted` when it does not. */
export async function startBuiltRunner({ env, service = SERVICE, node = process.execPath, cwd }: Start): Promise<BuiltRunner> {
  if (!existsSync(service)) throw new NotStarted(`there is no ${service}; npm run build makes it`, undefined, "");
  const child = spawn(node, [service], {
    env: { ...env, AUTOMN_RUNNER_LOG_FORMAT: "json" }, stdio: ["ignore", "pipe", "pipe"], detached: true, ...(cwd === undefined ? {} : { cwd }),
  });
  const abandon = (): void => void child.kill("SIGKILL");
  process.once("exit", abandon);
  const log: LogLine[] = [];
  let output = "";
  const ended = once(child, "close").then(([code, signal]): End => {
    process.off("exit", abandon);
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
  const patience = setTimeout(() => void stop("SIGKILL"), PATIENCE_MS);
  const first = await Promise.race([port, ended]).finally(() => clearTimeout(patience));
  if (typeof first !== "number") throw new NotStarted(first.signal === "SIGKILL" ? `it did not listen within ${PATIENCE_MS / 1000} s` : `it ended with ${first.code ?? first.signal}`, first, output);
  return { pid: child.pid as number, url: `http://127.0.0.1:${first}`, port: first, log, get output() { return output; }, ended, stop };
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: "", message: text };
  }
}

/** A port that nobody listens on, outside the range from which systems take ports for outgoing connections. */
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
