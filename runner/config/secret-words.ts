// Which variables hold secrets: nothing in a job marks them but their names.
import { describe } from "../lib/failure.ts";

/** Words that make a variable's name a secret's. */
export const SECRET_WORDS: readonly string[] = [
  "PASSWORD", "PASS", "PWD", "SECRET", "TOKEN", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS", "PRIVATE", "AUTH",
];

/** The words that AUTOMN_RUNNER_REDACT comes to: `WORD,WORD` replaces the default, `+WORD` and `-WORD` change it, `off` is none, nothing is the default. Throws what was wanted and found. */
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

/** Says whether one of the words, in any case, stands between the underscores of a variable's name. */
export function namesSecret(name: string, words: readonly string[]): boolean {
  return name.toUpperCase().split("_").some((part) => words.includes(part));
}
