// What npm says when it fails, and when it succeeds without having done everything.
import { excerpt } from "../failure-excerpt.ts";
import type { ToolEnd } from "../installer.ts";

/** A failure of npm: its code, such as `E404`, and npm's own reason without what it says every time. */
export interface NpmFailure {
  readonly code: string;
  readonly reason: string;
}

/** npm's lines about its error; npm before 10 writes `ERR!`. */
const ERROR_LINE = /^npm (?:error|ERR!)(?: (.*))?$/;
/** npm's hints and the circumstances of a failed install script. */
const NOISE = new RegExp([
  "^code \\S+$", "^errno -?\\d+$", "^syscall ", "^path ", "^command (?!failed)", "undefined@undefined",
  "A complete log of this run", "-debug-\\d*\\.log$", "^Note that you can also install", "^tarball, folder, http url",
  "^This is probably not a problem with npm", "^For a full report see",
  "^gyp (?:ERR!|info|verb) (?:stack|System|command|cwd|not ok|node -v|node-gyp -v)",
].join("|"));
/** npm 12 blocks install scripts that are not allowed, says so and exits with 0. */
const BLOCKED_TITLE = /^npm warn install-scripts \d+ packages? had install scripts blocked/;
const BLOCKED_PACKAGE = /^npm warn install-scripts {3}((?:@[^@/\s]+\/)?[^@\s]+)@\S+ \(/;

/** Reads how npm ended; undefined after a success. */
export function npmFailure({ code: exitCode, lines }: ToolEnd): NpmFailure | undefined {
  if (exitCode === 0) return undefined;
  const errors = lines.map((line) => ERROR_LINE.exec(line)).filter((match) => match !== null).map((match) => match[1] ?? "");
  const code = errors.map((line) => /^code (\S+)/.exec(line)?.[1]).find((found) => found !== undefined) ?? "";
  const telling = withoutTag(errors.filter(isTelling)).filter(isTelling);
  const reason = excerpt(telling.length > 0 ? telling : lines, (line) => !isTelling(line)).join("\n  ");
  if (reason === "") return { code, reason: `npm ended ${exitCode === null ? "by a signal" : `with code ${exitCode}`} without a message` };
  return { code, reason: code === "" || /^\d+$/.test(code) || reason.includes(code) ? reason : `${code}: ${reason}` };
}

/** The packages whose install scripts npm says it has blocked. */
export function blockedPackages({ lines }: ToolEnd): string[] {
  if (!lines.some((line) => BLOCKED_TITLE.test(line))) return [];
  return lines.map((line) => BLOCKED_PACKAGE.exec(line)?.[1]).filter((name) => name !== undefined);
}

function isTelling(line: string): boolean {
  return line.trim() !== "" && !NOISE.test(line);
}

/** npm starts each line of an error with a short tag: `404 Not Found …`, `notarget No matching version …`, `nospc …`. */
function withoutTag(lines: readonly string[]): readonly string[] {
  const [tag = ""] = (lines[0] ?? "").split(" ", 1);
  const hasTag = (line: string) => line.split(" ", 1)[0] === tag;
  const isTag = lines.length > 1 && tag !== "gyp" && /^(?:[a-z]+|\d{3})$/.test(tag) && lines.filter(hasTag).length * 2 > lines.length;
  return isTag ? lines.map((line) => (hasTag(line) ? line.slice(tag.length).trimStart() : line)) : lines;
}
