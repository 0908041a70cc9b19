// What pip says when it fails.
import { excerpt } from "../failure-excerpt.ts";
import type { ToolEnd } from "../installer.ts";

const DEFAULT_INDEX = "https://pypi.org/simple";

/** Frames of a trace, drawing characters and hints that pip adds to every failure. */
const NOISE = new RegExp([
  "^\\[notice\\]", "^WARNING: You are using pip", "^\\s*[│╰╭─>×]*\\s*$", '^\\s*[│]?\\s*File ".*", line \\d+',
  "^\\s*Traceback \\(most recent call last\\)",
  "note: This error (?:originates|is likely)", "^hint: See ", "See above for", "\\[end of output\\]",
].join("|"));

/** pip's last warning before it gives a request up, with the cause. */
const GAVE_UP = /Retrying \(Retry\(total=0,.*after connection broken by '(.*)': \S+$/;
/** What pip says of a page of the index with `-vv`. */
const NOT_FETCHED = /Could not fetch URL (\S+): (.*?)(?: - skipping)?$/;

/** Causes that urllib3 wraps in its own messages. */
const CAUSE = new RegExp([
  "\\[Errno -?\\d+\\] [^'\")\\]]+", "Read timed out", "Tunnel connection failed: [^'\")]+", "certificate verify failed[^'\")]*",
  "too many \\d+ error responses", "Remote end closed connection[^'\")]*",
].join("|"));

/** The reason for a failure in pip's or uv's own words, without frames and hints; may be several lines. */
export function pipReason({ code, lines }: ToolEnd): string {
  const errors = lines.filter((line) => line.startsWith("ERROR: ")).map((line) => line.slice("ERROR: ".length));
  const build = lines.findIndex((line) => /^\s*error: subprocess-exited-with-error/.test(line));
  const quoted = build >= 0 ? lines.slice(build) : errors.length > 0 ? errors : lines;
  const reason = excerpt(quoted, (line) => NOISE.test(line)).join("\n  ");
  return reason === "" ? `it ended ${code === null ? "by a signal" : `with code ${code}`} without a message` : reason;
}

/** Why the package index answers nobody, in one sentence; undefined if pip's output does not say that it does not. */
export function indexProblem({ lines }: ToolEnd): string | undefined {
  const looking = lines.map((line) => /^Looking in indexes: ([^\s,]+)/.exec(line)?.[1]);
  const index = looking.find((url) => url !== undefined) ?? DEFAULT_INDEX;
  for (const line of lines) {
    const gaveUp = GAVE_UP.exec(line)?.[1];
    if (gaveUp !== undefined) return `the package index ${withoutPassword(index)} cannot be reached: ${causeOf(gaveUp)}`;
    const [, url = index, problem] = NOT_FETCHED.exec(line) ?? [];
    if (problem === undefined || problem.startsWith("404 ")) continue;
    const status = /^(\d{3}) (?:Client|Server) Error: (.*?) for url:/.exec(problem);
    if (status !== null) return `the package index answered ${status[1]} ${status[2]} (${withoutPassword(url)})`;
    return `the package index cannot be reached (${withoutPassword(url)}): ${causeOf(problem)}`;
  }
  return undefined;
}

/** The innermost cause in a message of urllib3. */
function causeOf(message: string): string {
  return (CAUSE.exec(message)?.[0] ?? message).trim();
}

function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1");
}
