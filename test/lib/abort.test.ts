import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anySignal, unlessAborted } from "../../runner/lib/abort.ts";

const forever = new Promise<never>(() => {});

describe("unlessAborted", () => {
  it("gives what the promise gives, while the signal is not aborted", async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessAborted(Promise.resolve(5), signal), 5);
    await assert.rejects(unlessAborted(Promise.reject(new Error("no")), signal), /no/);
  });

  it("gives undefined as soon as the signal is aborted, before or meanwhile", async () => {
    assert.equal(await unlessAborted(Promise.resolve(5), AbortSignal.abort()), undefined);
    const controller = new AbortController();
    const waiting = unlessAborted(forever, controller.signal);
    controller.abort();
    assert.equal(await waiting, undefined);
  });

  it("leaves a rejection that comes after the abort unheard", async () => {
    const late = new Promise((_, reject) => setImmediate(() => reject(new Error("late"))));
    assert.equal(await unlessAborted(late, AbortSignal.abort()), undefined);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  });
});

describe("anySignal", () => {
  it("is aborted with the first of its signals, with that one's reason", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signal = anySignal(first.signal, second.signal);
    assert.equal(signal.aborted, false);
    second.abort("the second");
    first.abort("the first");
    assert.deepEqual([signal.aborted, signal.reason], [true, "the second"]);
  });
});
