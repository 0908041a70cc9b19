// One installation, shared by all that wait for it.
import { unlessAborted } from "../lib/abort.ts";
import type { InstallOrder, InstallResult, InstallWaiter } from "./install-order.ts";
import { type PackageSetSpec, willSatisfy } from "./package-set.ts";

/** Does the work of an installation, handing the installer's lines to `say`; ends early when the signal is aborted. Never rejects. */
export type InstallWork = (order: InstallOrder, say: (line: string) => void, signal: AbortSignal) => Promise<InstallResult>;

/** An installation under way. */
export class Installation {
  readonly order: InstallOrder;
  readonly #done: Promise<InstallResult>;
  readonly #controller = new AbortController();
  readonly #listeners = new Set<(line: string) => void>();
  #waiters = 0;

  /** Begins at once. */
  constructor(order: InstallOrder, work: InstallWork) {
    this.order = order;
    this.#done = work(order, (line) => { for (const listener of this.#listeners) listener(line); }, this.#controller.signal);
  }

  /** Whether its result will do for a script with these needs. */
  serves(spec: PackageSetSpec): boolean {
    return !this.#controller.signal.aborted && willSatisfy(this.order.spec, spec);
  }

  /** Its result; undefined when the waiter gave up. Once nobody waits for it any more it is ended, and the last waiter waits for that. */
  async follow({ say, signal }: InstallWaiter): Promise<InstallResult | undefined> {
    this.#waiters += 1;
    this.#listeners.add(say);
    const result = await unlessAborted(this.#done, signal);
    this.#listeners.delete(say);
    this.#waiters -= 1;
    if (result !== undefined || this.#waiters > 0) return result;
    await this.stop(new Error("nobody waits for it any more"));
    return undefined;
  }

  /** Resolves when it has ended, or when the signal is aborted. Waiting so does not keep it going. */
  async over(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#done, signal);
  }

  /** Ends it and resolves when nothing of it is left. */
  async stop(reason: Error): Promise<void> {
    this.#controller.abort(reason);
    await this.#done;
  }
}
