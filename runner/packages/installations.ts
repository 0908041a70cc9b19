// All installations under way: one at a time for a script, and only so many for all scripts together.
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/failure.ts";
import { Semaphore } from "../lib/semaphore.ts";
import { refusalText, refuseAll } from "../languages/installer.ts";
import { install, type InstallDependencies, resultOf } from "./install.ts";
import type { InstallOrder, InstallResult } from "./install-order.ts";
import { Installation } from "./installation.ts";

/** What installing depends on. */
export interface InstallationsDependencies extends InstallDependencies {
  /** How many installations there may be at a time. */
  readonly concurrency: number;
  readonly log: Log;
}

/** The installations under way, by script. */
export class Installations {
  readonly #dependencies: InstallationsDependencies;
  readonly #semaphore: Semaphore;
  readonly #active = new Map<string, Installation>();

  /** Starts nothing yet. */
  constructor(dependencies: InstallationsDependencies) {
    this.#dependencies = dependencies;
    this.#semaphore = new Semaphore(dependencies.concurrency);
  }

  get count(): number {
    return this.#active.size;
  }

  /** The installation under way for a script. */
  current(home: string): Installation | undefined {
    return this.#active.get(home);
  }

  /** Begins an installation; there must be none for the script. */
  begin(order: InstallOrder): Installation {
    const installation = new Installation(order, (...work) => this.#work(...work).finally(() => this.#active.delete(order.home)));
    this.#active.set(order.home, installation);
    return installation;
  }

  /** Ends all and resolves when nothing of them is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#active.values()].map((installation) => installation.stop(new Error("the runner is shutting down"))));
  }

  async #work(order: InstallOrder, say: (line: string) => void, signal: AbortSignal): Promise<InstallResult> {
    try {
      const release = await this.#semaphore.acquire(signal);
      try {
        return await install(order, say, signal, this.#dependencies);
      } finally {
        release();
      }
    } catch (error) {
      const refusal = refuseAll(order.spec.requirements, messageOf(error));
      // One that was stopped says nothing about the packages.
      if (signal.aborted) return { ...refusal, message: refusalText(order.manager.installer.noun, refusal.refused) };
      return resultOf(order, refusal, say, this.#dependencies.absent);
    }
  }
}
