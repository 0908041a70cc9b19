// The file of a kept run: its frames as they were sent, so that its last line is its result.
import { isDeeperThan, MAX_DEPTH } from "../lib/depth.ts";
import { openRegularFile, parseRow, readLastLine, readLines } from "../lib/lines.ts";
import { isAnything, isCount, isInteger, isObject, isText, listOf, oneOf, optional, shape } from "../lib/shape.ts";
import type { Leftover, RunResult } from "../protocol/result.ts";
import { gapFrame } from "./frame-log.ts";

/** The longest result frame that is kept: reading takes it as bytes, as text and as an object. */
export const MAX_RESULT_BYTES = 256 * 1024 * 1024;

const isResult = shape<RunResult>({
  runId: isText,
  stdout: isText,
  stderr: isText,
  code: isInteger,
  duration: isInteger,
  returnData: isAnything,
  automnLogs: listOf(isObject),
  automnNotifications: listOf(isObject),
  input: isAnything,
  reason: isText,
  signal: optional(isText),
  errorCode: optional(isText),
  clientMessage: optional(isText),
  start: optional(oneOf("warm", "cold")),
  usage: optional(shape<NonNullable<RunResult["usage"]>>({ maxRssBytes: isCount, cpuMs: isCount })),
  leftovers: optional(listOf(shape<Leftover>({ pid: isCount, command: isText }))),
  truncated: optional(shape<NonNullable<RunResult["truncated"]>>({ stdout: isCount, stderr: isCount })),
  automnLogsDropped: optional(isCount),
});

/** The result in a run's result frame; nothing where the frame is another one. */
export function parseResultFrame(frame: Buffer, runId: string): RunResult | undefined {
  const row = parseRow(frame.toString());
  const result = row?.["type"] === "result" ? row["data"] : undefined;
  return isResult(result) && result.runId === runId && !isDeeperThan(result, 2 * MAX_DEPTH) ? result : undefined;
}

/** Reads the result of a run. Rejects where it cannot; the error has no `code` where the file is not what the runner wrote. */
export async function readResult(path: string, runId: string): Promise<RunResult> {
  const handle = await openRegularFile(path);
  try {
    const frame = await readLastLine(handle, MAX_RESULT_BYTES);
    const result = frame === undefined ? undefined : parseResultFrame(frame, runId);
    if (result === undefined) throw new Error("its last line is not the result of the run");
    return result;
  } finally {
    await handle.close();
  }
}

/** Reads the frames from the `from`-th on; a gap that begins earlier counts from there. Rejects as `readResult` does. */
export async function* readFrames(path: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await openRegularFile(path);
  let next = 0;
  try {
    for await (const lines of readLines(handle, { maxBytes: MAX_RESULT_BYTES }))
      for (const line of lines) {
        if (signal.aborted) return;
        const first = Math.max(next, from);
        const gap = gapIn(line);
        next += gap ?? 1;
        if (next > from) yield gap === undefined ? line : gapFrame(next - first);
      }
  } finally {
    await handle.close();
  }
}

/** For how many frames a gap frame stands; nothing for another frame. Throws for a line that is no frame. */
function gapIn(line: Buffer): number | undefined {
  const { type, missing } = parseRow(line.toString()) ?? {};
  if (type === "gap" && isCount(missing)) return missing as number;
  if (type === "log" || type === "result") return undefined;
  throw new Error("it holds a line that is no frame");
}
