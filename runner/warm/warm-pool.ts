// Warm processes: each is started ahead, waits for a script, runs it, and ends with it.
import type { Language, LanguageName } from "../languages/language.ts";
import type { LaunchRequest, Launcher } from "../workspace/launcher.ts";
import type { StartConditions } from "./eligibility.ts";
import { LanguagePool } from "./language-pool.ts";
import type { LanguagePoolOptions, WarmPoolOptions } from "./language-pool.ts";
import { warmLauncher } from "./warm-launcher.ts";

export type { WarmPoolOptions } from "./language-pool.ts";

/** A script that a process is wanted for. */
export interface WarmRequest extends LaunchRequest, StartConditions {
  readonly language: Language;
  readonly spelling: string;
}

/** How warm processes did in one language. */
export interface WarmCounts {
  readonly ready: number;
  readonly hits: number;
  readonly misses: number;
}

/** The warm processes of all languages. A language has some from its first script on. */
export class WarmPool {
  readonly #options: LanguagePoolOptions;
  readonly #pools = new Map<string, LanguagePool>();
  #lastRequestAt = -Infinity;
  #open: boolean;

  /** Makes the pool, empty; on Windows, where a process cannot inherit the channel, it stays so. */
  constructor(options: WarmPoolOptions, platform: NodeJS.Platform = process.platform) {
    this.#options = { ...options, quietMs: () => performance.now() - this.#lastRequestAt };
    this.#open = options.size > 0 && platform !== "win32";
  }

  /** By language, those that were asked for so far. */
  get counts(): Readonly<Partial<Record<LanguageName, WarmCounts>>> {
    const byLanguage: Partial<Record<LanguageName, WarmCounts>> = {};
    for (const { language: { name }, counts } of this.#pools.values()) byLanguage[name] = sum(byLanguage[name] ?? NONE, counts);
    return byLanguage;
  }

  /** A launcher with a process that is there already and the input in its workspace; nothing where the script must start cold. */
  async take(request: WarmRequest, inputJson: string): Promise<Launcher | undefined> {
    if (!this.#open || request.language.warm === undefined) return undefined;
    this.#lastRequestAt = performance.now();
    const pool = this.#poolFor(request);
    const warm = pool.take(request);
    if (warm === undefined) return undefined;
    const discard = pool.discard.bind(pool);
    if (await warm.writeInput(inputJson)) return warmLauncher(warm, { onHit: () => pool.countHit(), discard });
    void discard(warm);
    return undefined;
  }

  /** Ends all that wait or are being started. Resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #poolFor({ language, spelling, interpreter, command }: WarmRequest): LanguagePool {
    const key = JSON.stringify([language.name, command.args.slice(0, -1)]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new LanguagePool(language, spelling, interpreter, this.#options);
    this.#pools.set(key, pool);
    return pool;
  }
}

const NONE: WarmCounts = { ready: 0, hits: 0, misses: 0 };

function sum(a: WarmCounts, b: WarmCounts): WarmCounts {
  return { ready: a.ready + b.ready, hits: a.hits + b.hits, misses: a.misses + b.misses };
}
