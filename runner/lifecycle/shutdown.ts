// Ends the service: it drains on the first signal, stops at once on the second, and ends every run after a fatal error.
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";

/** What ending the service takes. */
export interface ShutdownSteps {
  /** Accepts no more jobs, lets active runs finish, then terminates those that did not; resolves when none is left. */
  drain(): Promise<void>;
  /** Terminates every run without a grace period; resolves when none is left. */
  endRuns(): Promise<void>;
  /** Kills what still runs, without waiting. */
  kill(): void;
  /** Closes everything else, in order. */
  close(): Promise<void>;
  /** Ends the process. */
  exit(code: number): void;
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type ShutdownSignal = keyof typeof SIGNAL_NUMBERS;
type SignalHandler = (signal: ShutdownSignal) => void;

/** How long the runs may take to end after a fatal error. */
const FATAL_ERROR_MS = 10_000;
/** Any time will do: a timer keeps the process alive between its ticks. */
const KEEP_ALIVE_MS = 60_000;

/** The signals that ask the process to end. */
export interface ShutdownSignals {
  /** Passes them to `handler` from now on. */
  handOver(handler: SignalHandler): void;
}

/** How signals are caught. */
export interface SignalOptions {
  /** SIGHUP does nothing, as for a process that `nohup` started. */
  readonly ignoreHangup: boolean;
  readonly target?: NodeJS.Process;
}

/** Catches the signals for good, since one that arrived while listeners are exchanged would be lost. At first they go to `handler`. */
export function catchSignals(handler: SignalHandler, { ignoreHangup, target = process }: SignalOptions): ShutdownSignals {
  let current = handler;
  for (const signal of Object.keys(SIGNAL_NUMBERS) as ShutdownSignal[]) {
    target.on(signal, () => { if (signal !== "SIGHUP" || !ignoreHangup) current(signal); });
  }
  return { handOver(next) { current = next; } };
}

/** Takes over the signals and the uncaught errors of the process. */
export function handleShutdown(steps: ShutdownSteps, signals: ShutdownSignals, log: Log, target: NodeJS.Process = process): void {
  /** Set while draining: what the steps wait for need not keep the process alive by itself. */
  let alive: NodeJS.Timeout | undefined;

  function exit(code: number): void {
    clearInterval(alive);
    steps.exit(code);
  }

  async function shutDown(signal: ShutdownSignal): Promise<void> {
    if (alive !== undefined) {
      if (signal === "SIGHUP") return; // a terminal that closes sends several: the kernel's and the shell's
      log.warn("Stopping at once", { signal });
      steps.kill();
      exit(128 + SIGNAL_NUMBERS[signal]);
      return;
    }
    alive = setInterval(() => {}, KEEP_ALIVE_MS);
    log.info("Draining: no more jobs are accepted, active runs may finish", { signal });
    await steps.drain();
    await steps.close();
    log.info("Stopped");
    exit(0);
  }

  async function handleFatalError(error: unknown): Promise<void> {
    log.error("Fatal error: the runner stops", { error: error instanceof Error ? error.stack : messageOf(error) });
    const overdue = new Promise((resolve) => setTimeout(resolve, FATAL_ERROR_MS));
    await Promise.race([steps.endRuns().then(steps.close), overdue]).catch(() => {});
    steps.kill();
    exit(1);
  }

  signals.handOver((signal) => void shutDown(signal));
  target.on("uncaughtException", (error) => void handleFatalError(error));
  target.on("unhandledRejection", (reason) => void handleFatalError(reason));
  if (target.pid === 1) log.warn("This runner is process 1 and reaps no orphans: start the container with an init, e.g. docker run --init");
}
