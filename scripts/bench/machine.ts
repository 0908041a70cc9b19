// The machine and the time of a measurement.
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { RUNNER_VERSION } from "../../runner/protocol/registration.ts";
import type { Interpreter } from "./interpreters.ts";

/** What a reader needs to judge the figures. */
export interface Machine {
  readonly date: string;
  readonly runner: string;
  readonly processor: string;
  readonly memory: string;
  readonly system: string;
  readonly interpreters: string;
  /** Load averages over 1, 5 and 15 minutes, before the first measurement. */
  readonly load: string;
}

/** Describes this machine. */
export function describeMachine(interpreters: readonly Interpreter[]): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    runner: `${RUNNER_VERSION} on Node.js ${process.versions.node}`,
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim() || arch()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()} ${arch()}`,
    interpreters: interpreters.map(({ name, version }) => `${name} ${version}`).join(", "),
    load: loadavg().map((load) => load.toFixed(1)).join(" "),
  };
}
