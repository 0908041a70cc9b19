// Decides by its name whether a variable holds a secret: nothing else in a job says so.

/** Whether one of the words, in any case, stands between the underscores of a variable's name. The words are in upper case. */
export function namesSecret(name: string, words: readonly string[]): boolean {
  return name.toUpperCase().split("_").some((part) => words.includes(part));
}
