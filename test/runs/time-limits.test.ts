import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { RETURN_GRACE_MS, timeLimit, TimeLimits } from "../../runner/runs/time-limits.ts";

/** Passes so much time, and lets the event loop deliver what has happened by then. */
type Tick = (ms: number) => Promise<void>;

/** Has `use` work with clocks that stand still until they are told to tick. */
async function withClock(use: (tick: Tick, stop: AbortController, limits: TimeLimits) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout"] });
  const stop = new AbortController();
  const tick: Tick = (ms) => {
    mock.timers.tick(ms);
    return new Promise((resolve) => setImmediate(resolve));
  };
  try {
    await use(tick, stop, new TimeLimits(stop));
  } finally {
    mock.timers.reset();
  }
}

describe("timeLimit", () => {
  const none = undefined;
  for (const [script, own, wanted] of [[5, 9, 5], [9, 5, 5], [5, none, 5], [none, 5, 5], [none, none, none]] as const)
    it(`is ${wanted} for a script's ${script} and the runner's ${own}`, () => assert.equal(timeLimit(script, own), wanted));
});

describe("TimeLimits", () => {
  it("ends a script at its timeout, not before", () => withClock(async (tick, stop, limits) => {
    limits.scriptStarted(1_000);
    await tick(999);
    assert.equal(stop.signal.aborted, false);
    await tick(1);
    assert.deepEqual(stop.signal.reason, { kind: "timed-out", afterMs: 1_000 });
  }));

  it("never ends a script without a timeout", () => withClock(async (tick, stop, limits) => {
    limits.scriptStarted(undefined);
    await tick(2 ** 31);
    assert.equal(stop.signal.aborted, false);
  }));

  it("gives a script that has returned its grace period, though the timeout comes first", () => withClock(async (tick, stop, limits) => {
    limits.scriptStarted(1_000);
    await tick(999);
    limits.scriptReturned();
    await tick(RETURN_GRACE_MS - 1);
    assert.equal(stop.signal.aborted, false);
    await tick(1);
    assert.deepEqual(stop.signal.reason, { kind: "returned" });
  }));

  it("ends nothing once it is cleared", () => withClock(async (tick, stop, limits) => {
    limits.scriptStarted(10);
    limits.clear();
    await tick(100);
    assert.equal(stop.signal.aborted, false);
  }));

  it("leaves the first reason to end a run as it is", () => withClock(async (tick, stop, limits) => {
    limits.scriptStarted(10);
    stop.abort({ kind: "cancelled" });
    await tick(10);
    assert.deepEqual(stop.signal.reason, { kind: "cancelled" });
  }));
});
