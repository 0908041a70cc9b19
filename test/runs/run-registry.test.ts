import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../runner/lib/failure.ts";
import type { RunResult } from "../../runner/protocol/result.ts";
import { FrameLog } from "../../runner/results/frame-log.ts";
import type { EndEntry, StartEntry } from "../../runner/journal/journal.ts";
import type { RunHistory } from "../../runner/runs/history.ts";
import type { RunDependencies } from "../../runner/runs/run-context.ts";
import { RunRegistry } from "../../runner/runs/run-registry.ts";
import type { TestContext } from "../support/cleanup.ts";
import { recordingSink, requestFor, runDependencies } from "./harness.ts";

/** A registry whose runs wait for their language until `letGo`, then end without a process. */
async function registryFor(t: TestContext, { slots }: { slots?: number } = {}) {
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => { letGo = resolve; });
  const missing = { code: 127, errorCode: "INTERPRETER_MISSING", message: "none here" } as const;
  const languages: RunDependencies["languages"] = { find: () => gate.then(() => missing) };
  const entries: (StartEntry | EndEntry)[] = [];
  const history: Partial<RunHistory> = {
    accepted: (start) => void entries.push(start),
    ended: (_start, end) => void entries.push(end),
  };
  const dependencies = await runDependencies(t, { languages });
  const registry = new RunRegistry(dependencies, {
    slots, owner: "me",
    history: history as RunHistory,
    newFrameLog: () => new FrameLog({ maxBytes: 0, spillDir: "/nowhere", log: { warn: () => {} } }),
    secretRules: { secrets: () => [], secretWords: [] },
  });
  const begin = (runId: string) => {
    const active = registry.admit(requestFor("", {}, runId));
    return { active, ended: registry.perform(active, recordingSink()) };
  };
  return { registry, begin, letGo, entries };
}

const refusedWith = (status: number, words: RegExp, retryAfter?: string) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.equal(error.status, status);
  if (retryAfter !== undefined) assert.equal(error.headers["retry-after"], retryAfter);
  assert.match(error.message, words);
  return true;
};

describe("RunRegistry", () => {
  it("admit: with every slot taken a job gets 429 and when to come back, until one is free", async (t) => {
    const { registry, begin, letGo } = await registryFor(t, { slots: 2 });
    const runs = [begin("a"), begin("b")];
    assert.throws(() => registry.requireSlot(), refusedWith(429, /All 2 slots/, "1"));
    assert.throws(() => registry.admit(requestFor("", {}, "c")), refusedWith(429, /All 2 slots/));
    assert.equal(registry.counts.total, 2, "a refused job is not counted");
    letGo();
    await Promise.all(runs.map(({ ended }) => ended));
    assert.doesNotThrow(() => registry.admit(requestFor("", {}, "c")));
  });

  it("admit: a run id that is active gets 409 although there is no slot either, and is free again after its run", async (t) => {
    const { registry, begin, letGo } = await registryFor(t, { slots: 1 });
    const { ended } = begin("a/b");
    assert.throws(() => registry.admit(requestFor("", {}, "a/b")), refusedWith(409, /"a\/b" is active; GET \/api\/runs\/a%2Fb\/stream/));
    letGo();
    await ended;
    assert.doesNotThrow(() => registry.admit(requestFor("", {}, "a/b")));
  });

  it("admit: a job without a run id gets one of its own", async (t) => {
    const { registry } = await registryFor(t);
    const { script, input } = requestFor("");
    const [first, second] = [registry.admit({ script, input }), registry.admit({ script, input })];
    assert.match(first.job.runId, /^[0-9a-f-]{36}$/);
    assert.notEqual(first.job.runId, second.job.runId);
  });

  it("perform: counts and journals the run, and ends with the frame of its result", async (t) => {
    const { registry, begin, letGo, entries } = await registryFor(t);
    const { ended } = begin("a");
    assert.deepEqual(registry.counts, { active: 1, total: 1, byOutcome: {} });
    assert.equal(registry.msSinceLastEnd, Infinity);
    letGo();
    const { frame, report } = await ended;
    const sent = JSON.parse(frame.toString()) as { type: string; data: RunResult };
    assert.deepEqual([sent.type, sent.data.runId, sent.data.code, report.result.code], ["result", "a", 127, 127]);
    assert.deepEqual(registry.counts, { active: 0, total: 1, byOutcome: { "start-failed": 1 } });
    assert.ok(Number.isFinite(registry.msSinceLastEnd));
    assert.deepEqual(entries.map(({ event, runId }) => [event, runId]), [["start", "a"], ["end", "a"]]);
  });

  it("end: stops an active run, and says so; any other is unknown", async (t) => {
    const { registry, begin, letGo } = await registryFor(t);
    const { active, ended } = begin("a");
    assert.equal(registry.end("a", { kind: "cancelled" }), true);
    assert.deepEqual(active.stop.signal.reason, { kind: "cancelled" });
    assert.equal(registry.end("b", { kind: "cancelled" }), false);
    letGo();
    await ended;
  });

  it("drain: takes no more jobs and resolves when the active runs have ended", async (t) => {
    const { registry, begin, letGo } = await registryFor(t);
    const { ended } = begin("a");
    let drained = false;
    const draining = registry.drain(60_000).then(() => { drained = true; });
    assert.equal(registry.draining, true);
    assert.throws(() => registry.requireSlot(), refusedWith(503, /shutting down/, "30"));
    assert.throws(() => registry.admit(requestFor("", {}, "b")), refusedWith(503, /shutting down/));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(drained, false);
    letGo();
    await Promise.all([ended, draining]);
  });

  it("drain: ends what is still active after the grace period, and a second drain may be shorter", async (t) => {
    const { registry, begin, letGo } = await registryFor(t);
    const { active, ended } = begin("a");
    active.stop.signal.addEventListener("abort", letGo);
    await Promise.all([registry.drain(60_000), registry.drain(0), ended]);
    assert.deepEqual(active.stop.signal.reason, { kind: "shutdown" });
  });

  it("drain: resolves at once when nothing is active", async (t) => {
    const { registry } = await registryFor(t);
    await registry.drain(60_000);
  });
});
