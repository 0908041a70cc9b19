import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { RETURN_GRACE_MS, TimeLimits } from "../../runner/runs/time-limits.ts";

/** Has `use` work with clocks that stand still until they are told to tick. */
function withClock(use: (tick: (ms: number) => void, stop: AbortController, limits: TimeLimits) => void): void {
  mock.timers.enable({ apis: ["setTimeout"] });
  const stop = new AbortController();
  try {
    use((ms) => mock.timers.tick(ms), stop, new TimeLimits(stop));
  } finally {
    mock.timers.reset();
  }
}

describe("TimeLimits", () => {
  it("ends a script at its timeout, not before", () => withClock((tick, stop, limits) => {
    limits.scriptStarted(1_000);
    tick(999);
    assert.equal(stop.signal.aborted, false);
    tick(1);
    assert.deepEqual(stop.signal.reason, { kind: "timed-out", afterMs: 1_000 });
  }));

  it("never ends a script without a timeout", () => withClock((tick, stop, limits) => {
    limits.scriptStarted(undefined);
    tick(2 ** 31);
    assert.equal(stop.signal.aborted, false);
  }));

  it("gives a script that has returned its grace period, though the timeout comes first", () => withClock((tick, stop, limits) => {
    limits.scriptStarted(1_000);
    tick(999);
    limits.scriptReturned();
    tick(RETURN_GRACE_MS - 1);
    assert.equal(stop.signal.aborted, false);
    tick(1);
    assert.deepEqual(stop.signal.reason, { kind: "returned" });
  }));

  it("ends nothing once it is cleared", () => withClock((tick, stop, limits) => {
    limits.scriptStarted(10);
    limits.clear();
    tick(100);
    assert.equal(stop.signal.aborted, false);
  }));

  it("leaves the first reason to end a run as it is", () => withClock((tick, stop, limits) => {
    limits.scriptStarted(10);
    stop.abort({ kind: "cancelled" });
    tick(10);
    assert.deepEqual(stop.signal.reason, { kind: "cancelled" });
  }));
});
