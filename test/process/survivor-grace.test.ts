import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitForSurvivors } from "../../runner/process/survivor-grace.ts";
import { terminateLeftovers } from "../../runner/process/terminate.ts";
import type { ProcessTree, Root, Survivor } from "../../runner/process/tree.ts";

const ROOT: Root = { pid: 100, mark: "m", startedAt: 0 };

type Activity = Survivor["activity"];

/** What is left of a run, played by the test: at each look, `survivors` says who is there, and `output` may change. */
function play(survivors: (look: number) => readonly Activity[], output = { chunks: 0, isHeld: false }) {
  let looks = 0;
  const signals: string[] = [];
  const tree: ProcessTree = {
    killMarked: () => {},
    signalGroup: () => assert.fail("the group was signalled"),
    signalOne: (pid, signal) => void signals.push(`${pid} ${signal}`),
    survivors() {
      looks += 1;
      const left = survivors(looks).map((activity, index): Survivor => ({ pid: index + 1, command: "c", inGroup: true, activity }));
      return Promise.resolve(left);
    },
  };
  return { tree, output, signals, looks: () => looks };
}

/** Waits and tells for how long, in milliseconds. */
async function wait({ tree, output }: ReturnType<typeof play>, stop = new AbortController().signal): Promise<number> {
  const began = performance.now();
  await waitForSurvivors(ROOT, tree, output, stop);
  return performance.now() - began;
}

describe("waitForSurvivors", () => {
  it("ends as soon as nobody is left", async () => {
    const run = play((look) => (look < 3 ? ["waiting"] : []));
    await wait(run);
    assert.equal(run.looks(), 3);
  });

  it("ends as soon as everybody who is left is on the way out", async () => {
    const run = play((look) => (look < 3 ? ["exiting", "working"] : ["exiting", "exiting"]));
    await wait(run);
    assert.equal(run.looks(), 3);
  });

  it("takes the short grace for one that waits and prints nothing", async () => {
    const ms = await wait(play(() => ["waiting"]));
    assert.ok(ms >= 200, `${ms} ms`);
  });

  it("takes four times the grace for one that works and prints nothing, as one that is only starting", async () => {
    const [idle, busy] = [play(() => ["waiting"]), play(() => ["waiting", "working"])];
    await Promise.all([wait(idle), wait(busy)]);
    assert.ok(busy.looks() > 2 * idle.looks(), `${busy.looks()} looks against ${idle.looks()}`);
  });

  it("goes on while output comes, and takes the grace from the last of it", async () => {
    const silent = play(() => ["waiting"]);
    await wait(silent);
    const output = { chunks: 0, isHeld: false };
    const run = play((look) => {
      if (look <= 20) output.chunks += 1;
      return ["waiting"];
    }, output);
    await wait(run);
    assert.ok(run.looks() > 20 && run.looks() <= 20 + silent.looks(), `${run.looks()} looks`);
  });

  it("ends after a few seconds although output still comes", async () => {
    const output = { chunks: 0, isHeld: false };
    const run = play(() => {
      output.chunks += 1;
      return ["working"];
    }, output);
    await wait(run);
    assert.ok(run.looks() < 120, `${run.looks()} looks`);
  });

  it("does not count the time while the reader of the frames is behind", async () => {
    const output = { chunks: 0, isHeld: true };
    const run = play((look) => {
      if (look === 30) output.isHeld = false;
      return ["waiting"];
    }, output);
    await wait(run);
    assert.ok(run.looks() > 30, `${run.looks()} looks`);
  });

  it("does not take time in which the runner itself stands still for silence", async () => {
    const run = play((look) => {
      if (look === 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
      return look < 6 ? ["waiting"] : [];
    });
    await wait(run);
    assert.equal(run.looks(), 6);
  });

  it("ends at once when the run is to end", async () => {
    const stop = new AbortController();
    const run = play((look) => {
      if (look === 2) stop.abort();
      return ["waiting"];
    });
    await wait(run, stop.signal);
    assert.equal(run.looks(), 2);
    await wait(run, stop.signal);
    assert.equal(run.looks(), 2);
  });
});

describe("terminateLeftovers: what the main process left gets a chance to finish", () => {
  it("a run without survivors is looked at twice and waits for nobody", async () => {
    const run = play(() => []);
    assert.deepEqual(await terminateLeftovers(ROOT, run.tree, () => assert.fail("waited")), []);
    assert.equal(run.looks(), 2);
  });

  it("what has finished by then is neither signalled nor reported", async () => {
    let finished = false;
    const run = play(() => (finished ? [] : ["waiting"]));
    const left = await terminateLeftovers(ROOT, run.tree, async () => { finished = true; });
    assert.deepEqual([left, run.signals], [[], []]);
  });

  it("what is on its way out is waited for, but neither signalled nor reported", async () => {
    const run = play((look) => (look < 5 ? ["exiting"] : []));
    assert.deepEqual([await terminateLeftovers(ROOT, run.tree), run.signals], [[], []]);
    assert.ok(run.looks() >= 6);
  });

  it("what has not finished is ended", async () => {
    const run = play((look) => (look < 4 ? ["waiting"] : []));
    assert.deepEqual(await terminateLeftovers(ROOT, run.tree, () => Promise.resolve()), [{ pid: 1, command: "c" }]);
    assert.deepEqual(run.signals, ["1 SIGTERM"]);
  });
});
