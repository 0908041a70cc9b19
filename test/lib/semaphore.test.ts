import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Semaphore } from "../../runner/lib/semaphore.ts";

const never = new AbortController().signal;

describe("Semaphore", () => {
  it("lets in as many as it has permits, and the others in the order in which they asked", async () => {
    const semaphore = new Semaphore(2);
    const entered: number[] = [];
    const releases: (() => void)[] = [];
    for (let number = 0; number < 5; number++) void semaphore.acquire(never).then((release) => { entered.push(number); releases.push(release); });
    await turn();
    assert.deepEqual(entered, [0, 1]);
    for (let number = 2; number < 5; number++) {
      releases[number - 2]?.();
      await turn();
      assert.equal(entered.at(-1), number);
    }
    assert.deepEqual(entered, [0, 1, 2, 3, 4]);
  });

  it("counts a permit that is given back twice once", async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire(never);
    release();
    release();
    await semaphore.acquire(never);
    const second = new AbortController();
    const waiting = semaphore.acquire(second.signal);
    second.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
  });

  it("rejects with the signal's reason, at once where it is aborted already, and loses no permit over it", async () => {
    const semaphore = new Semaphore(1);
    await assert.rejects(semaphore.acquire(AbortSignal.abort(new Error("too late"))), /too late/);
    const release = await semaphore.acquire(never);
    const leaving = new AbortController();
    const [gone, next] = [semaphore.acquire(leaving.signal), semaphore.acquire(never)];
    leaving.abort(new Error("gone"));
    await assert.rejects(gone, /gone/);
    release();
    (await next)();
    (await semaphore.acquire(never))();
  });
});
