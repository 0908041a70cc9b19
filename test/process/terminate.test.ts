import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { childOf } from "../../runner/process/spawn.ts";
import type { Child, Exit } from "../../runner/process/spawn.ts";
import { terminateChild, terminateLeftovers, LEFTOVER_GRACE_MS } from "../../runner/process/terminate.ts";
import { KEEP_VARIABLE, MARK_VARIABLE } from "../../runner/process/environment.ts";
import { sendSignal } from "../../runner/process/signal.ts";
import { processTree } from "../../runner/process/tree.ts";
import type { ProcessTree, Root, Signal, Survivor } from "../../runner/process/tree.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processLives } from "../support/process-lives.ts";
import { until } from "../support/until.ts";

const ROOT: Root = { pid: 100, mark: "m", startedAt: 0 };

describe("terminateChild", () => {
  /** A tree that notes the signals; the child ends by one of them, or by none. */
  function fakeTree(endsBy: Signal | "nothing") {
    const signals: Signal[] = [];
    let end: (exit: Exit) => void = () => {};
    const child: Child = { pid: 100, exited: new Promise((resolve) => { end = resolve; }) };
    const tree: ProcessTree = {
      killMarked: () => {},
      signalGroup(_, signal) {
        signals.push(signal);
        if (signal === endsBy) end({ code: null, signal });
      },
      signalOne: () => assert.fail("one process was signalled"),
      survivors: () => Promise.resolve([]),
    };
    return { signals, child, tree, end };
  }

  it("a process that ends by SIGTERM gets no other signal", async () => {
    const { signals, child, tree } = fakeTree("SIGTERM");
    await terminateChild(ROOT, child, tree, 30);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.deepEqual(signals, ["SIGTERM"]);
  });

  it("a process that ignores SIGTERM is killed after the grace period, not before", async () => {
    const { signals, child, tree } = fakeTree("SIGKILL");
    const began = performance.now();
    await terminateChild(ROOT, child, tree, 100);
    assert.ok(performance.now() - began >= 95);
    assert.deepEqual(signals, ["SIGTERM", "SIGKILL"]);
  });

  it("a process that ends by itself in the grace period is not killed", async () => {
    const { signals, child, tree, end } = fakeTree("nothing");
    setTimeout(() => end({ code: 0, signal: null }), 20);
    await terminateChild(ROOT, child, tree, 200);
    assert.deepEqual(signals, ["SIGTERM"]);
  });
});

describe("terminateLeftovers", () => {
  /** A tree of made-up survivors: `looks` gives who is there at each look, the last one for ever. */
  function fakeTree(looks: readonly (readonly number[])[], dieBy: Signal | "nothing" = "nothing") {
    const signals: [number, Signal][] = [];
    const dead = new Set<number>();
    let look = 0;
    const tree: ProcessTree = {
      killMarked: () => {},
      signalGroup: () => assert.fail("the group was signalled"),
      signalOne(pid, signal) {
        signals.push([pid, signal]);
        if (signal === dieBy) dead.add(pid);
      },
      survivors() {
        const now = looks[Math.min(look, looks.length - 1)] ?? [];
        look += 1;
        const left = now.filter((pid) => !dead.has(pid));
        return Promise.resolve(left.map((pid): Survivor => ({ pid, command: `p${pid}`, inGroup: true, activity: "waiting" })));
      },
    };
    return { signals, tree, looked: () => look };
  }

  it("where nothing is left, it looks twice and signals nobody", async () => {
    const { signals, tree, looked } = fakeTree([[]]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), []);
    assert.deepEqual([signals, looked()], [[], 2]);
  });

  it("each process gets SIGTERM once, and is reported", async () => {
    const { signals, tree } = fakeTree([[1, 2], [1, 2], [2, 3], []]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), [1, 2, 3].map((pid) => ({ pid, command: `p${pid}` })));
    assert.deepEqual(signals, [[1, "SIGTERM"], [2, "SIGTERM"], [3, "SIGTERM"]]);
  });

  it("a process that ignores SIGTERM is killed after a second", async () => {
    const { signals, tree } = fakeTree([[7]], "SIGKILL");
    const began = performance.now();
    await terminateLeftovers(ROOT, tree);
    assert.ok(performance.now() - began >= LEFTOVER_GRACE_MS);
    assert.deepEqual(signals, [[7, "SIGTERM"], [7, "SIGKILL"]]);
  });

  it("a process that appears after an empty look is ended too, since a fork can fall in between", async () => {
    const { tree } = fakeTree([[1], [], [2], [], []]);
    assert.deepEqual((await terminateLeftovers(ROOT, tree)).map(({ pid }) => pid), [1, 2]);
  });

  it("a process that the kernel does not let go is reported and given up after a while", { timeout: 20_000 }, async () => {
    const { tree } = fakeTree([[9]]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), [{ pid: 9, command: "p9" }]);
  });
});

describe("terminateChild and terminateLeftovers with real processes", { skip: process.platform !== "linux" && "Linux only" }, () => {
  const tree = processTree();

  async function grow(t: Parameters<typeof temporaryFolder>[0], script: string) {
    const folder = await temporaryFolder(t);
    const mark = `end.${process.pid}.${Math.random()}`;
    const startedAt = performance.now();
    const env = { PATH: process.env["PATH"], [MARK_VARIABLE]: mark };
    const child = await childOf(spawn("/bin/sh", ["-c", script], { cwd: folder, detached: true, stdio: "ignore", env }));
    const pids: number[] = [];
    t.after(async () => {
      sendSignal(-child.pid, "SIGKILL");
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await child.exited;
    });
    const pid = async (name: string) => {
      const read = async () => (await readFile(join(folder, name), "utf8").catch(() => "")).trim() || undefined;
      const found = Number(await until(read, `the file ${name}`));
      pids.push(found);
      return found;
    };
    return { root: { pid: child.pid, mark, startedAt }, child, pid };
  }

  it("processes that ignore SIGTERM are all gone afterwards, wherever in the tree, and reported", async (t) => {
    const stubborn = `trap "" TERM; while :; do sleep 0.05; done`;
    const inGroup = `(trap "" TERM; sh -c 'echo $$ > a; ${stubborn}') &`;
    const { root, child, pid } = await grow(t, `${inGroup} setsid sh -c 'echo $$ > b; ${stubborn}' & echo $$ > root; ${stubborn}`);
    const pids = [await pid("a"), await pid("b"), await pid("root")];
    await terminateChild(root, child, tree, 50);
    assert.equal((await child.exited).signal, "SIGKILL");
    const left = await terminateLeftovers(root, tree);
    assert.ok(left.some((one) => one.pid === pids[1]));
    await until(() => pids.every((one) => !processLives(one)), "the end of all");
  });

  it("processes that fork without end are all gone afterwards", async (t) => {
    const fork = "sleep 0.02; setsid sh fork.sh &";
    const forks = `echo '${fork}' > fork.sh; setsid sh fork.sh & setsid sh fork.sh &`;
    const { root, child, pid } = await grow(t, `${forks} echo $$ > root; exec sleep 60`);
    await pid("root");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await terminateChild(root, child, tree, 50);
    await terminateLeftovers(root, tree);
    assert.deepEqual(await tree.survivors({ ...root, startedAt: -3_600_000 }), []);
  });

  it("processes that are meant to stay do", async (t) => {
    const keep = `${KEEP_VARIABLE}=1 setsid sh -c 'echo $$ > a; exec sleep 60' &`;
    const { root, child, pid } = await grow(t, `${keep} while [ ! -s a ]; do sleep 0.01; done`);
    const kept = await pid("a");
    await child.exited;
    assert.deepEqual(await terminateLeftovers(root, tree), []);
    assert.ok(processLives(kept));
  });
});
