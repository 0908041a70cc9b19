// Looks runs up, follows them and ends them, for those who know the secret of jobs.
import { describe, Failure } from "../../lib/failure.ts";
import type { RunHistory } from "../../runs/history.ts";
import type { RunRegistry } from "../../runs/run-registry.ts";
import { openFrameStream } from "../frame-stream.ts";
import { sendJson } from "../reply.ts";
import type { Exchange, Handler } from "../router.ts";

const SILENCE_MS = 15_000;

/** What looking at runs depends on. */
export interface RunRouteDependencies {
  readonly runs: RunRegistry;
  readonly history: RunHistory;
}

/** `GET /api/runs`: the active ones and the last that have ended, the newest first. */
export function listRuns({ history }: RunRouteDependencies): Handler {
  return ({ response }) => {
    sendJson(response, 200, { runs: history.list() });
  };
}

/** `GET /api/runs/{id}`: its state, and the full result once it has ended, for as long as it is kept. */
export function showRun({ history }: RunRouteDependencies): Handler {
  return async (exchange) => {
    const runId = runIdOf(exchange);
    const result = await history.result(runId);
    const summary = history.summary(runId) ?? (result === undefined ? undefined : { runId, state: "ended" });
    if (summary === undefined) throw unknown(runId);
    sendJson(exchange.response, 200, { ...summary, ...(result === undefined ? {} : { result }) });
  };
}

/** `DELETE /api/runs/{id}`: 202 when the run is being ended, 409 when it has ended. */
export function cancelRun({ runs, history }: RunRouteDependencies): Handler {
  return async (exchange) => {
    const runId = runIdOf(exchange);
    if (runs.end(runId, { kind: "cancelled" })) {
      sendJson(exchange.response, 202, { runId, cancelling: true });
      return;
    }
    if (history.summary(runId) === undefined && (await history.result(runId)) === undefined) throw unknown(runId);
    throw new Failure("conflict", `The run ${describe(runId)} has ended`);
  };
}

/** `GET /api/runs/{id}/stream?from=N`: its frames from the N-th on, live until the end. */
export function followRun({ history }: RunRouteDependencies): Handler {
  return async (exchange) => {
    const runId = runIdOf(exchange);
    const gone = new AbortController();
    const frames = await history.frames(runId, firstFrame(exchange), gone.signal);
    if (frames === undefined) throw unknown(runId);
    const stream = openFrameStream(exchange.response, SILENCE_MS, () => gone.abort());
    try {
      for await (const frame of frames) {
        stream.write(frame);
        if (stream.full) await new Promise<void>((resolve) => stream.onceDrained(resolve));
      }
    } finally {
      gone.abort();
      stream.end();
    }
  };
}

function runIdOf({ params }: Exchange): string {
  return params["id"] ?? "";
}

function firstFrame({ query }: Exchange): number {
  const text = query.get("from") ?? "0";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Failure("bad-request", `Cannot read from: wanted the number of a frame, counted from 0, found ${describe(text)}`);
}

function unknown(runId: string): Failure {
  return new Failure("not-found", `There is no run with the id ${describe(runId)}`);
}
