import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Child, Exit } from "../../runner/process/spawn.ts";
import { terminateChild, terminateLeftovers, LEFTOVER_GRACE_MS } from "../../runner/process/terminate.ts";
import { KEEP_VARIABLE, MARK_VARIABLE } from "../../runner/process/environment.ts";
import { sendSignal } from "../../runner/process/signal.ts";
import { processTree } from "../../runner/process/tree.ts";
import type { ProcessTree, Root, Survivor, Signal } from "../../runner/process/tree.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processLives } from "../support/process-lives.ts";
import { until } from "../support/until.ts";

const ROOT: Root = { pid: 100, mark: "m", startedAt: 0 };

describe("ending a child", () => {
  /** A tree whose words are recorded; `obeys` says which word ends the child. */
  function actor(obeys: Signal | "nothing") {
    const words: Signal[] = [];
    let end: (exit: Exit) => void = () => {};
    const child: Child = { pid: 100, exited: new Promise((resolve) => { end = resolve; }) };
    const tree: ProcessTree = {
      killMarked: () => {},
      signalGroup(_, word) {
        words.push(word);
        if (word === obeys) end({ code: null, signal: word });
      },
      signalOne: () => assert.fail("one process was signalled"),
      survivors: () => Promise.resolve([]),
    };
    return { words, child, tree, end };
  }

  it("that obeys is one word", async () => {
    const { words, child, tree } = actor("SIGTERM");
    await terminateChild(ROOT, child, tree, 30);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.deepEqual(words, ["SIGTERM"]);
  });

  it("that does not obey is killed after the grace period, not before", async () => {
    const { words, child, tree } = actor("SIGKILL");
    const began = performance.now();
    await terminateChild(ROOT, child, tree, 100);
    assert.ok(performance.now() - began >= 95);
    assert.deepEqual(words, ["SIGTERM", "SIGKILL"]);
  });

  it("that ends by itself in the grace period is not killed", async () => {
    const { words, child, tree, end } = actor("nothing");
    setTimeout(() => end({ code: 0, signal: null }), 20);
    await terminateChild(ROOT, child, tree, 200);
    assert.deepEqual(words, ["SIGTERM"]);
  });
});

describe("ending what is left", () => {
  /** A tree of made-up survivors: `looks` gives who is there at each look, the last one for ever. */
  function forest(looks: readonly (readonly number[])[], dieBy: Signal | "nothing" = "nothing") {
    const said: [number, Signal][] = [];
    const dead = new Set<number>();
    let look = 0;
    const tree: ProcessTree = {
      killMarked: () => {},
      signalGroup: () => assert.fail("the group was signalled"),
      signalOne(pid, word) {
        said.push([pid, word]);
        if (word === dieBy) dead.add(pid);
      },
      survivors() {
        const now = looks[Math.min(look, looks.length - 1)] ?? [];
        look += 1;
        return Promise.resolve(now.filter((pid) => !dead.has(pid)).map((pid): Survivor => ({ pid, command: `p${pid}`, inGroup: true })));
      },
    };
    return { said, tree, looked: () => look };
  }

  it("is two looks where nothing is left", async () => {
    const { said, tree, looked } = forest([[]]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), []);
    assert.deepEqual([said, looked()], [[], 2]);
  });

  it("asks each once, and tells who they were", async () => {
    const { said, tree } = forest([[1, 2], [1, 2], [2, 3], []]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), [1, 2, 3].map((pid) => ({ pid, command: `p${pid}` })));
    assert.deepEqual(said, [[1, "SIGTERM"], [2, "SIGTERM"], [3, "SIGTERM"]]);
  });

  it("kills those that do not obey, after a second", async () => {
    const { said, tree } = forest([[7]], "SIGKILL");
    const began = performance.now();
    await terminateLeftovers(ROOT, tree);
    assert.ok(performance.now() - began >= LEFTOVER_GRACE_MS);
    assert.deepEqual(said, [[7, "SIGTERM"], [7, "SIGKILL"]]);
  });

  it("looks again after an empty look, since a fork can fall in between", async () => {
    const { tree } = forest([[1], [], [2], [], []]);
    assert.deepEqual((await terminateLeftovers(ROOT, tree)).map(({ pid }) => pid), [1, 2]);
  });

  it("gives up on what the kernel does not let go, after a while", { timeout: 20_000 }, async () => {
    const { tree } = forest([[9]]);
    assert.deepEqual(await terminateLeftovers(ROOT, tree), [{ pid: 9, command: "p9" }]);
  });
});

describe("real processes", { skip: process.platform !== "linux" && "Linux only" }, () => {
  const tree = processTree();

  async function grow(t: Parameters<typeof temporaryFolder>[0], script: string) {
    const folder = await temporaryFolder(t);
    const mark = `end.${process.pid}.${Math.random()}`;
    const startedAt = performance.now();
    const process_ = spawn("/bin/sh", ["-c", script], { cwd: folder, detached: true, stdio: "ignore", env: { PATH: process.env["PATH"], [MARK_VARIABLE]: mark } });
    const child: Child = { pid: process_.pid ?? 0, exited: new Promise((resolve) => process_.once("exit", (code, signal) => resolve({ code, signal }))) };
    const pids: number[] = [];
    t.after(async () => {
      sendSignal(-child.pid, "SIGKILL");
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await child.exited;
    });
    const pid = async (name: string) => {
      const found = Number(await until(async () => (await readFile(join(folder, name), "utf8").catch(() => "")).trim() || undefined, `the file ${name}`));
      pids.push(found);
      return found;
    };
    return { root: { pid: child.pid, mark, startedAt }, child, pid };
  }

  it("that ignore SIGTERM in every corner of a tree are all gone afterwards, and told", async (t) => {
    const stubborn = "trap '' TERM; while :; do sleep 0.05; done";
    const { root, child, pid } = await grow(t, `(trap '' TERM; echo $$ > unused; sh -c 'echo $$ > a; ${stubborn.replaceAll("'", "'\\''")}') & setsid sh -c 'echo $$ > b; ${stubborn.replaceAll("'", "'\\''")}' & echo $$ > root; ${stubborn}`);
    const pids = [await pid("a"), await pid("b"), await pid("root")];
    await terminateChild(root, child, tree, 50);
    assert.equal((await child.exited).signal, "SIGKILL");
    const left = await terminateLeftovers(root, tree);
    assert.ok(left.some((one) => one.pid === pids[1]));
    await until(() => pids.every((one) => !processLives(one)), "the end of all");
  });

  it("that fork without end are all gone afterwards", async (t) => {
    const { root, child, pid } = await grow(t, `cat > f.sh <<'EOF'\nsleep 0.02\nsetsid sh f.sh &\nEOF\nsetsid sh f.sh & setsid sh f.sh & echo $$ > root; exec sleep 60`);
    await pid("root");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await terminateChild(root, child, tree, 50);
    await terminateLeftovers(root, tree);
    assert.deepEqual(await tree.survivors({ ...root, startedAt: -3_600_000 }), []);
  });

  it("that are meant to stay do", async (t) => {
    const { root, child, pid } = await grow(t, `${KEEP_VARIABLE}=1 setsid sh -c 'echo $$ > a; exec sleep 60' & while [ ! -s a ]; do sleep 0.01; done`);
    const kept = await pid("a");
    await child.exited;
    assert.deepEqual(await terminateLeftovers(root, tree), []);
    assert.ok(processLives(kept));
  });
});
