// One job on its way to a runner, and its answer read exactly as the public host reads it (protocol, section 2).
import { request } from "node:http";
import type { Agent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RunResult } from "../../runner/protocol/result.ts";

/** A job as a host sends it. */
export interface JobBody {
  readonly runId?: string;
  readonly script: Readonly<Record<string, unknown>>;
  readonly reqBody?: unknown;
}

/** Where a job goes and how its answer is read. */
export interface Delivery {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** A socket that is silent for so long, in milliseconds, is destroyed and the run has failed. */
  readonly idleTimeoutMs: number;
  readonly onLog?: (text: string) => void;
  /** Gives the run up: the connection is closed. */
  readonly signal?: AbortSignal;
}

/** What came of a job. */
export interface Dispatched {
  /** The HTTP status; absent where there was no answer. */
  readonly status?: number;
  readonly headers: IncomingHttpHeaders;
  /** The texts of the log frames, in order. */
  readonly logs: readonly string[];
  readonly result?: RunResult;
  /** Why the host counts the run as failed although the runner may not have said so. */
  readonly failure?: string;
  /** Whether the host's history shows a success: a result with code 0 and a blank stderr. */
  readonly success: boolean;
  /** How many empty lines came, which keep the connection alive. */
  readonly emptyLines: number;
  readonly durationMs: number;
}

/** Sends a job and resolves at the result frame, or at whatever made the run fail; never rejects. */
export function deliver(body: JobBody, delivery: Delivery): Promise<Dispatched> {
  const { endpoint, headers, agent, idleTimeoutMs, onLog, signal } = delivery;
  const startedAt = performance.now();
  const payload = JSON.stringify(body);
  return new Promise((resolve) => {
    const reading = createReading(onLog);
    let answer: IncomingMessage | undefined;
    const settle = (outcome: { result?: RunResult; failure?: string }): void => resolve({
      ...(answer?.statusCode === undefined ? {} : { status: answer.statusCode }),
      headers: answer?.headers ?? {}, logs: reading.logs, ...outcome,
      success: outcome.result?.code === 0 && outcome.result.stderr.trim() === "",
      emptyLines: reading.emptyLines, durationMs: Math.round(performance.now() - startedAt),
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
      if ((response.statusCode ?? 500) >= 400) refusal(response, (text) => settle({ failure: `Runner responded with status ${response.statusCode}: ${text}` }));
      else followFrames(response, reading, settle, fail);
    });
    sent.end(payload);
  });
}

function refusal(response: IncomingMessage, done: (text: string) => void): void {
  let text = "";
  response.on("data", (chunk: string) => { text += chunk; });
  response.on("close", () => done(text));
}

function followFrames(response: IncomingMessage, reading: Reading, settle: (outcome: { result?: RunResult; failure?: string }) => void, fail: (failure: string) => void): void {
  response.on("data", (chunk: string) => {
    if (reading.done) return;
    const outcome = reading.push(chunk);
    if (outcome !== undefined) "result" in outcome ? settle(outcome) : fail(outcome.failure);
  });
  response.on("close", () => {
    if (!reading.done) settle(reading.push("\n") ?? { failure: "Runner stream ended without delivering a result" });
  });
}

/** The frames of one answer, as far as they have come. */
interface Reading {
  readonly logs: readonly string[];
  readonly emptyLines: number;
  readonly done: boolean;
  /** Takes a piece of the answer in; tells the outcome once there is one, and nothing is read behind it. */
  push(chunk: string): { result: RunResult } | { failure: string } | undefined;
}

function createReading(onLog: ((text: string) => void) | undefined): Reading {
  const logs: string[] = [];
  let rest = "";
  let emptyLines = 0;
  let done = false;

  function take(line: string): { result: RunResult } | { failure: string } | undefined {
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
        const outcome = take(line.trim());
        if (outcome === undefined) continue;
        done = true;
        return outcome;
      }
      return undefined;
    },
  };
}
