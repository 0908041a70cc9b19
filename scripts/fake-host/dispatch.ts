// Sends one job to a runner and reads the answer exactly as the public host does (protocol, section 2).
import { request } from "node:http";
import type { Agent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RunResult } from "../../runner/protocol/result.ts";

/** A job as a host sends it. */
export interface JobBody {
  readonly runId?: string;
  readonly script: Readonly<Record<string, unknown>>;
  readonly reqBody?: unknown;
}

/** Where a job is sent and how its answer is read. */
export interface Delivery {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** In milliseconds. A socket that is silent for so long is destroyed, and the run has failed. */
  readonly idleTimeoutMs: number;
  readonly onLog?: (text: string) => void;
  /** Closes the connection. */
  readonly signal?: AbortSignal;
}

/** The outcome of a job, as the host sees it. */
export interface Dispatched {
  /** The HTTP status; absent without an answer. */
  readonly status?: number;
  readonly headers: IncomingHttpHeaders;
  /** The texts of the log frames, in order. */
  readonly logs: readonly string[];
  readonly result?: RunResult;
  /** Why the host counts the run as failed, where there is no result. */
  readonly failure?: string;
  /** Whether the host shows a success: a result with code 0 and blank stderr. */
  readonly success: boolean;
  /** The number of empty lines received, which keep the connection alive. */
  readonly emptyLines: number;
  readonly durationMs: number;
}

/** Sends a job; resolves at the result frame or at the first failure. Never rejects. */
export function deliver(body: JobBody, delivery: Delivery): Promise<Dispatched> {
  const { endpoint, headers, agent, idleTimeoutMs, onLog, signal } = delivery;
  const startedAt = performance.now();
  const payload = JSON.stringify(body);
  return new Promise((resolve) => {
    const reader = createFrameReader(onLog);
    let answer: IncomingMessage | undefined;
    const settle = (outcome: { result?: RunResult; failure?: string }): void => resolve({
      ...(answer?.statusCode === undefined ? {} : { status: answer.statusCode }),
      headers: answer?.headers ?? {}, logs: reader.logs, ...outcome,
      success: outcome.result?.code === 0 && outcome.result.stderr.trim() === "",
      emptyLines: reader.emptyLines, durationMs: Math.round(performance.now() - startedAt),
    });
    const fail = (failure: string): void => {
      settle({ failure });
      sent.destroy();
    };
    const sent = request(endpoint, {
      method: "POST", agent, timeout: idleTimeoutMs, ...(signal === undefined ? {} : { signal }),
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(payload), ...headers },
    });
    sent.on("timeout", () => fail(`Runner request timed out: the socket was silent for ${idleTimeoutMs} ms`));
    sent.on("error", (error) => settle({ failure: `Runner request failed: ${error.message}` }));
    sent.on("response", (response) => {
      answer = response;
      response.setEncoding("utf8");
      response.on("error", () => {});
      if ((response.statusCode ?? 500) < 400) return readFrames(response, reader, settle, fail);
      return readText(response, (text) => settle({ failure: `Runner responded with status ${response.statusCode}: ${text}` }));
    });
    sent.end(payload);
  });
}

function readText(response: IncomingMessage, done: (text: string) => void): void {
  let text = "";
  response.on("data", (chunk: string) => { text += chunk; });
  response.on("close", () => done(text));
}

function readFrames(
  response: IncomingMessage, reader: FrameReader,
  settle: (outcome: { result?: RunResult; failure?: string }) => void, fail: (failure: string) => void,
): void {
  response.on("data", (chunk: string) => {
    if (reader.done) return;
    const outcome = reader.push(chunk);
    if (outcome !== undefined) "result" in outcome ? settle(outcome) : fail(outcome.failure);
  });
  response.on("close", () => {
    if (!reader.done) settle(reader.push("\n") ?? { failure: "Runner stream ended without delivering a result" });
  });
}

/** Reads the frames of one answer. */
interface FrameReader {
  readonly logs: readonly string[];
  readonly emptyLines: number;
  readonly done: boolean;
  /** Reads a part of the answer; returns the outcome when it is complete. What follows it must not be pushed. */
  push(chunk: string): { result: RunResult } | { failure: string } | undefined;
}

function createFrameReader(onLog: ((text: string) => void) | undefined): FrameReader {
  const logs: string[] = [];
  let rest = "";
  let emptyLines = 0;
  let done = false;

  function readLine(line: string): { result: RunResult } | { failure: string } | undefined {
    if (line === "") {
      emptyLines += 1;
      return undefined;
    }
    let frame: { type?: unknown; line?: unknown; data?: unknown } | null;
    try {
      frame = JSON.parse(line) as typeof frame;
    } catch (error) {
      return { failure: `Runner sent a line that is not JSON: ${(error as Error).message}` };
    }
    if (frame?.type === "result") return { result: frame.data as RunResult };
    if (frame?.type === "log") {
      logs.push(String(frame.line));
      onLog?.(String(frame.line));
    }
    return undefined;
  }

  return {
    logs,
    get emptyLines() { return emptyLines; },
    get done() { return done; },
    push(chunk) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const outcome = readLine(line.trim());
        if (outcome === undefined) continue;
        done = true;
        return outcome;
      }
      return undefined;
    },
  };
}
