// Taking a job, running it, streaming what it prints and ending with its result.
import type { Config } from "../../config/config.ts";
import { parseRunRequest } from "../../protocol/job.ts";
import type { RunRegistry } from "../../runs/run-registry.ts";
import { readJson } from "../body.ts";
import { openFrameStream } from "../frame-stream.ts";
import type { Handler } from "../router.ts";
import type { Log } from "../../lib/log.ts";

/** A silent socket is given a sign of life after this long at the latest. */
const MAX_SILENCE_MS = 15_000;

/** What taking jobs depends on. */
export interface JobRouteDependencies {
  readonly runs: RunRegistry;
  readonly config: Pick<Config, "maxBodyBytes" | "timeoutMs" | "onDisconnect">;
  readonly log: Log;
}

/** `POST /api/run`. */
export function takeJob({ runs, config, log }: JobRouteDependencies): Handler {
  const { maxBodyBytes, timeoutMs, onDisconnect } = config;
  const silenceMs = Math.max(1, Math.min(MAX_SILENCE_MS, Math.floor((timeoutMs ?? MAX_SILENCE_MS * 3) / 3)));
  return async ({ request, response }) => {
    runs.requireSlot();
    const run = runs.admit(parseRunRequest(await readJson(request, maxBodyBytes)));
    const { runId, script, redaction } = run.job;
    const facts = { runId, script: redaction.text(script.label), language: script.language };
    log.info("Run started", facts);
    const stream = openFrameStream(response, silenceMs, () => {
      if (onDisconnect === "cancel") run.stop.abort({ kind: "host-gone" });
      else log.info("The host has gone, the run goes on", { runId });
    });
    const { frame, report: { result } } = await runs.perform(run, stream);
    stream.end(frame);
    const logEnd = result.code === 0 ? log.info : log.warn;
    logEnd("Run ended", { ...facts, reason: result.reason, code: result.code, ms: result.duration });
  };
}
