// The names of scopes: of the processes that can be seen from one place.
import { createHash, randomBytes } from "node:crypto";

const DIGITS = 12;

/** The name of the scope that these texts tell from all others, whoever asks there. */
export function scopeOf(...identity: readonly string[]): string {
  return createHash("sha256").update(identity.join("\n")).digest("hex").slice(0, DIGITS);
}

/** A name for a scope of which nothing is known: no other process is in it. */
export function ownScope(): string {
  return randomBytes(DIGITS / 2).toString("hex");
}
