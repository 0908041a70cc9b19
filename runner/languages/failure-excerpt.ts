// What to quote of a failed installer's output: its first and its last words, without what says nothing.

/** A cause is often named first and the consequence last, with pages of traces between them. */
const HEAD_LINES = 8;
const TAIL_LINES = 6;

/** Stack frames, carets and other lines of a trace that do not say what went wrong. */
const TRACE = /^\s*(?:at (?:.+:\d+(?::\d+)?\)?|.+ \(.+\)|async .+|<anonymous>.*)|\^+|node:internal\/\S+|Node\.js v\d\S*|throw err;?)\s*$/;

/** The lines worth quoting, at most 15: all of them, or the first and the last with a line between them that counts the others. */
export function excerpt(lines: readonly string[], isNoise: (line: string) => boolean = () => false): string[] {
  const telling = lines.map((line) => line.trimEnd()).filter((line) => line.trim() !== "" && !TRACE.test(line) && !isNoise(line));
  const omitted = telling.length - HEAD_LINES - TAIL_LINES;
  if (omitted <= 1) return telling;
  return [...telling.slice(0, HEAD_LINES), `… ${omitted} more lines …`, ...telling.slice(-TAIL_LINES)];
}
