// Reads AUTOMN_RUNNER_REDACT: the words by which a variable's name shows that it holds a secret.
import { describe } from "../lib/failure.ts";

/** The words where AUTOMN_RUNNER_REDACT is not set. */
export const SECRET_WORDS: readonly string[] = [
  "PASSWORD", "PASS", "PWD", "SECRET", "TOKEN", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS", "PRIVATE", "AUTH",
];

/**
 * The words, in upper case, that a setting stands for: `WORD,WORD` replaces the default, `+WORD` and `-WORD` change it,
 * `off` is no word at all, and a blank setting is the default. Throws an `Error` that says what was wanted and found.
 */
export function secretWords(setting: string): readonly string[] {
  const upper = setting.trim().toUpperCase();
  if (upper === "") return SECRET_WORDS;
  if (upper === "OFF") return [];
  const parts = upper.split(",").map((part) => part.trim());
  const changes = parts.filter((part) => /^[+-]/.test(part)).length;
  if (!parts.every((part) => /^[+-]?(?!OFF$)[A-Z0-9]+$/.test(part)) || (changes > 0 && changes < parts.length)) {
    throw new Error(`wanted WORD,WORD or +WORD,-WORD of letters and digits, or off, found ${describe(setting)}`);
  }
  if (changes === 0) return [...new Set(parts)];
  const words = new Set(SECRET_WORDS);
  for (const part of parts) {
    if (part.startsWith("+")) words.add(part.slice(1));
    else words.delete(part.slice(1));
  }
  return [...words];
}
