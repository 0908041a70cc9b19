// What the journal says of a run: names and sizes, never a variable's value nor anything that is to be hidden.
import type { EndEntry, StartEntry } from "../journal/journal.ts";
import type { RunResult } from "../protocol/result.ts";
import { resultStatus } from "../protocol/termination-reason.ts";
import { sha256 } from "../workspace/script-files.ts";
import type { RunReport } from "./result.ts";
import type { Job } from "./run-context.ts";

/** What the host tells of a job's circumstances is journalled up to this length. */
const MAX_CONTEXT = 4096;

/** A run's entry at its start; `owner` names this runner's process. */
export function startEntry({ runId, script, redaction }: Job, owner: string): StartEntry {
  const { by, userId, context } = redaction.value(script.trigger);
  const contextLength = context === undefined ? 0 : JSON.stringify(context).length;
  return {
    event: "start", at: new Date().toISOString(), runId, owner,
    ...(script.id === undefined ? {} : { scriptId: script.id }),
    name: redaction.text(script.label),
    ...(script.versionId === undefined ? {} : { version: script.versionId }),
    language: script.language,
    sha256: sha256(script.code),
    trigger: {
      ...(by === undefined ? {} : { by }),
      ...(userId === undefined ? {} : { userId }),
      ...(contextLength === 0 || contextLength > MAX_CONTEXT ? {} : { context }),
    },
    variables: script.variables.map(({ name }) => name),
  };
}

/** A run's entry at its end. */
export function endEntry({ result, bytesOut, installs }: RunReport): EndEntry {
  return { ...outcomeOf(result), at: new Date().toISOString(), bytesOut, ...(installs.length === 0 ? {} : { installs }) };
}

/** The end of a run whose result was kept, by a runner that was killed before it had journalled that end. */
export function keptEntry({ at: startedAt }: StartEntry, result: RunResult): EndEntry {
  return { ...outcomeOf(result), at: new Date(Date.parse(startedAt) + result.duration).toISOString(), startedAt };
}

/** The end of a run that ended with its runner. */
export function lostEntry({ runId, at: startedAt }: StartEntry): EndEntry {
  const { code } = resultStatus({ kind: "lost" });
  const durationMs = Math.max(0, Date.now() - Date.parse(startedAt));
  return { event: "end", at: new Date().toISOString(), runId, startedAt, reason: "lost", code, durationMs };
}

function outcomeOf({ runId, reason, code, duration, signal, usage, leftovers }: RunResult): Omit<EndEntry, "at"> {
  return {
    event: "end", runId, reason, code, durationMs: duration,
    ...(signal === undefined ? {} : { signal }),
    ...(usage === undefined ? {} : { maxRssBytes: usage.maxRssBytes }),
    ...(leftovers === undefined ? {} : { leftovers: [...leftovers] }),
  };
}
