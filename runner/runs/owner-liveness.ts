// Which runners still live: by their process where it can be seen, else by the file that a living runner writes.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessTable } from "../process/table.ts";
import { TOUCH_MS, touchedAt } from "./liveness-file.ts";
import type { LivenessFile } from "./liveness-file.ts";
import { parseOwner } from "./owner.ts";

/** A runner that cannot be seen, and that has shown no sign of life for this long, is dead. */
export const STALE_MS = 60_000;
/** It must be seen to show none for this long: should a clock leap, a living runner has had the time to write its file. */
export const CONFIRM_MS = 2 * TOUCH_MS + 1_000;
/** A runner of an earlier version writes no file; it changes its working directory with each run alone. */
export const STALE_LEGACY_MS = 3_600_000;

/** What telling depends on. */
export interface OwnerLivenessOptions {
  /** The name of this runner, which lives. */
  readonly owner: string;
  /** Each runner's own working directory is in here, by its owner's name. */
  readonly workDir: string;
  readonly table: ProcessTable;
  readonly livenessFile: Pick<LivenessFile, "now">;
  /** Milliseconds of a clock that does not leap. */
  readonly now?: () => number;
}

/** Tells which runners still live. A living one is never taken for dead. */
export class OwnerLiveness {
  readonly #options: OwnerLivenessOptions;
  readonly #now: () => number;
  /** When the runners that cannot be seen had last written their file, and since when that has been so. */
  readonly #watched = new Map<string, { readonly touchedAt: number | undefined; readonly since: number }>();

  constructor({ now = () => performance.now(), ...options }: OwnerLivenessOptions) {
    this.#options = options;
    this.#now = now;
  }

  /** Whether pids of that runner mean the same here. */
  sharesScope(name: string): boolean {
    return parseOwner(name)?.scope === this.#options.table.scope;
  }

  /** Whether the runner of that name lives, or may live as far as can be told by now. Never rejects. */
  async isAlive(name: string): Promise<boolean> {
    const { owner, table } = this.#options;
    const { scope, pid, startTime } = parseOwner(name) ?? { pid: undefined };
    if (pid === undefined || name === owner) return name === owner;
    if (scope === table.scope) return table.isRunning(pid, startTime);
    if (scope !== undefined) return this.#mayLive(name).catch(() => true);
    return (await table.isRunning(pid, startTime)) || this.#mayLiveAsLegacy(name).catch(() => true);
  }

  async #mayLive(name: string): Promise<boolean> {
    const touched = await touchedAt(join(this.#options.workDir, name));
    const known = this.#watched.get(name);
    if (known === undefined || known.touchedAt !== touched) {
      this.#watched.set(name, { touchedAt: touched, since: this.#now() });
      return true;
    }
    const isStale = touched !== undefined && (await this.#options.livenessFile.now()) - touched > STALE_MS;
    return this.#now() - known.since < (isStale ? CONFIRM_MS : STALE_MS);
  }

  /** A runner of an earlier version that has a run, or has had one, has a directory. */
  async #mayLiveAsLegacy(name: string): Promise<boolean> {
    const directory = join(this.#options.workDir, name);
    const names = await readdir(directory).catch(() => undefined);
    if (names === undefined) return false;
    const changes = await Promise.all(["", ...names].map((each) => stat(join(directory, each)).then(({ mtimeMs }) => mtimeMs, () => 0)));
    return (await this.#options.livenessFile.now()) - Math.max(...changes) < STALE_LEGACY_MS;
  }
}
