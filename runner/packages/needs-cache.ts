// What scripts need, read once for each text.
import { createHash } from "node:crypto";
import type { Interpreter } from "../languages/interpreter.ts";
import type { PackageManager } from "../languages/package-manager.ts";
import type { Needs } from "../languages/requirement.ts";

/** The needs of this many texts are remembered. */
const MAX_REMEMBERED = 256;

/** Reads needs and remembers those of the scripts that were read last. */
export class NeedsCache {
  /** Least recently used first. */
  readonly #known = new Map<string, Needs>();

  /** What a text needs that `interpreter` is to run. */
  read(manager: PackageManager, code: string, interpreter: Interpreter): Needs {
    const { version, path } = interpreter;
    const key = [manager.runtime(interpreter), version, path, createHash("sha256").update(code).digest("base64")].join(" ");
    const needs = this.#known.get(key) ?? manager.read(code, interpreter);
    this.#known.delete(key);
    this.#known.set(key, needs);
    if (this.#known.size > MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value ?? "");
    return needs;
  }
}
