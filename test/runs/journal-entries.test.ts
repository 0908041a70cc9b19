import assert from "node:assert/strict";
import { it } from "node:test";
import { endEntry, startEntry } from "../../runner/runs/journal-entries.ts";
import { ended, toReport } from "../../runner/runs/result.ts";
import { runRedaction } from "../../runner/runs/run-redaction.ts";
import { contextFor, requestFor, runDependencies } from "./harness.ts";

/** A job whose variable is a secret. */
function jobWith(script: Parameters<typeof requestFor>[1]) {
  const request = requestFor("echo", { id: "s1", variables: [{ name: "API_TOKEN", value: "hunter2-hunter2" }], ...script });
  return { ...request, runId: "r1", acceptedAt: 0, redaction: runRedaction(request, { secrets: () => [], secretWords: ["TOKEN"] }) };
}

it("startEntry: names variables and hides their values wherever they stand", () => {
  const trigger = { by: "api", context: { url: "/?t=hunter2-hunter2" } };
  const entry = startEntry(jobWith({ label: "uses hunter2-hunter2", trigger }), "me");
  assert.deepEqual([entry.owner, entry.runId, entry.scriptId, entry.variables, entry.trigger.by], ["me", "r1", "s1", ["API_TOKEN"], "api"]);
  assert.doesNotMatch(JSON.stringify(entry), /hunter2/);
  assert.match(entry.sha256, /^[0-9a-f]{64}$/);
});

it("startEntry: leaves out circumstances that are too long", () => {
  assert.deepEqual(startEntry(jobWith({ trigger: { by: "api", context: "x".repeat(5_000) } }), "me").trigger, { by: "api" });
});

it("endEntry: tells sizes, and only what there was", async (t) => {
  const { context } = contextFor(requestFor(""), await runDependencies(t));
  context.output.stdout.push(Buffer.from("abc"));
  const outcome = { ...ended({ kind: "signalled", signal: "SIGKILL" }), usage: { maxRssBytes: 5, cpuMs: 1 } };
  const { at, durationMs, ...entry } = endEntry(toReport(context, outcome));
  assert.ok(Date.parse(at) > 0 && durationMs >= 0);
  assert.deepEqual(entry, {
    event: "end", runId: "run 1", reason: "signalled", code: 137, signal: "SIGKILL", bytesOut: { stdout: 3, stderr: 0 }, maxRssBytes: 5,
  });
});
