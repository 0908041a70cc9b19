// How the service ends: gently on the first signal, at once on the second, and after an error that nobody caught.
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";

/** The steps of an ending, in the words of the service. */
export interface ShutdownSteps {
  /** Takes no more jobs, lets active runs end, then ends those that did not; resolves when none is left. */
  drain(): Promise<void>;
  /** Ends every run without a grace period; resolves when none is left. */
  endRuns(): Promise<void>;
  /** Kills what still runs, without waiting. */
  kill(): void;
  /** Closes everything else in order. */
  close(): Promise<void>;
  /** Ends the process. */
  exit(code: number): void;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
/** After an error that nobody caught nothing is waited for longer. */
const FATAL_ERROR_MS = 10_000;
/** Any time will do: a timer keeps the process alive between its ticks. */
const KEEP_ALIVE_MS = 60_000;

/** The signals that ask the process to end. */
export interface EndSignals {
  /** From now on they go to `handler`. */
  handOver(handler: (signal: keyof typeof SIGNALS) => void): void;
}

/** Listens to the signals for good: one that came while listeners are exchanged would be lost. At first they go to `early`. */
export function catchSignals(early: () => void, target: NodeJS.Process = process): EndSignals {
  let handle: (signal: keyof typeof SIGNALS) => void = early;
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) target.on(signal, () => handle(signal));
  return { handOver(handler) { handle = handler; } };
}

/** Takes over the signals and the process's uncaught errors. */
export function handleShutdown(steps: ShutdownSteps, signals: EndSignals, log: Log, target: NodeJS.Process = process): void {
  let ending = false;

  async function end(signal: keyof typeof SIGNALS): Promise<void> {
    if (ending) {
      log.warn("Ending at once", { signal });
      steps.kill();
      steps.exit(128 + SIGNALS[signal]);
      return;
    }
    ending = true;
    log.info("Draining: no more jobs are taken, active runs may end", { signal });
    const alive = setInterval(() => {}, KEEP_ALIVE_MS); // what the steps wait for need not keep the process alive
    await steps.drain();
    await steps.close();
    clearInterval(alive);
    log.info("Ended");
    steps.exit(0);
  }

  async function handleFatalError(error: unknown): Promise<void> {
    log.error("An error that nobody caught ends the runner", { error: error instanceof Error ? error.stack : messageOf(error) });
    const overdue = new Promise((resolve) => setTimeout(resolve, FATAL_ERROR_MS));
    await Promise.race([steps.endRuns().then(steps.close), overdue]).catch(() => {});
    steps.kill();
    steps.exit(1);
  }

  signals.handOver((signal) => void end(signal));
  target.on("uncaughtException", (error) => void handleFatalError(error));
  target.on("unhandledRejection", (reason) => void handleFatalError(reason));
  if (target.pid === 1) log.warn("This runner is process 1 and reaps no orphans: start the container with an init, e.g. docker run --init");
}
