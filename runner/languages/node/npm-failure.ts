// What npm says when it fails.
import type { ToolEnd } from "../installer.ts";

/** A failure of npm: its code, such as `E404`, and its own words without what is said every time. */
export interface NpmFailure {
  readonly code: string;
  readonly reason: string;
}

/** npm's lines about its error; older versions shout. */
const ERROR_LINE = /^npm (?:error|ERR!)(?: (.*))?$/;
/** What helps nobody who reads a run's log. */
const NOISE = /^code \S+$|A complete log of this run|-debug-\d*\.log$|^Note that you can also install|^tarball, folder, http url|^This is probably not a problem with npm|^For a full report see|^errno -?\d+$|^syscall /;
const MAX_LINES = 10;

/** Reads how npm ended; undefined after a success. */
export function npmFailure({ code: exitCode, lines }: ToolEnd): NpmFailure | undefined {
  if (exitCode === 0) return undefined;
  const errors = lines.map((line) => ERROR_LINE.exec(line)).filter((match) => match !== null).map((match) => match[1] ?? "");
  const code = errors.map((line) => /^code (\S+)/.exec(line)?.[1]).find((found) => found !== undefined) ?? "";
  const said = withoutTag(errors.filter(isWorthSaying)).filter(isWorthSaying);
  const words = said.length > 0 ? said : lines.filter((line) => line.trim() !== "");
  const reason = words.slice(-MAX_LINES).join("\n  ");
  if (reason === "") return { code, reason: `npm ended ${exitCode === null ? "by a signal" : `with code ${exitCode}`} and said nothing` };
  return { code, reason: code === "" || reason.includes(code) ? reason : `${code}: ${reason}` };
}

function isWorthSaying(line: string): boolean {
  return line.trim() !== "" && !NOISE.test(line);
}

/** npm begins each line of an error with a short word for it: `404 Not Found …`, `notarget No matching version …`, `nospc …`. */
function withoutTag(lines: readonly string[]): readonly string[] {
  const [tag = ""] = (lines[0] ?? "").split(" ", 1);
  const isTag = lines.length > 1 && /^(?:[a-z]+|\d{3})$/.test(tag) && lines.filter((line) => line.split(" ", 1)[0] === tag).length * 2 > lines.length;
  return isTag ? lines.map((line) => (line.split(" ", 1)[0] === tag ? line.slice(tag.length).trimStart() : line)) : lines;
}
