import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess, spawn as Spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { KEEP_VARIABLE, MARK_VARIABLE } from "../../runner/process/environment.ts";
import { isThere, sendSignal } from "../../runner/process/signal.ts";
import { readStat } from "../../runner/process/proc.ts";
import { createLinuxTree } from "../../runner/process/tree-linux.ts";
import { createPsTree } from "../../runner/process/tree-ps.ts";
import { createWindowsTree } from "../../runner/process/tree-windows.ts";
import { processTree } from "../../runner/process/tree.ts";
import type { Root } from "../../runner/process/tree.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processLives } from "../support/process-lives.ts";
import { until } from "../support/until.ts";

const linux = { skip: process.platform !== "linux" && "Linux only" };

interface Grown {
  readonly root: Root;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** The pid that the script wrote into the file of this name. */
  pid(name: string): Promise<number>;
}

let marks = 0;

/** Starts a shell script at the head of its own group, marked as the runner does it; whatever it left is killed after the test. */
async function grow(t: Parameters<typeof temporaryFolder>[0], script: string, environment: Record<string, string> = {}): Promise<Grown> {
  const folder = await temporaryFolder(t);
  const mark = `test.${process.pid}.${marks += 1}`;
  const startedAt = performance.now();
  const child = spawn("/bin/sh", ["-c", script], { cwd: folder, detached: true, stdio: "ignore", env: { PATH: process.env["PATH"], ...environment, [MARK_VARIABLE]: mark } });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const pids: number[] = [];
  t.after(async () => {
    sendSignal(-(child.pid ?? 0), "SIGKILL");
    for (const pid of pids) sendSignal(pid, "SIGKILL");
    await exited;
  });
  return {
    root: { pid: child.pid ?? 0, mark, startedAt }, child, exited,
    async pid(name) {
      const pid = Number(await until(async () => (await readFile(join(folder, name), "utf8").catch(() => "")).trim() || undefined, `the file ${name}`));
      pids.push(pid);
      return pid;
    },
  };
}

const nap = "exec sleep 60";

describe("a process tree on Linux", linux, () => {
  const tree = createLinuxTree();
  const pidsOf = async (root: Root) => (await tree.survivors(root)).map(({ pid }) => pid).sort((a, b) => a - b);

  it("is empty when the root has ended and left nothing", async (t) => {
    const { root, exited } = await grow(t, "exit 0");
    await exited;
    assert.deepEqual(await pidsOf(root), []);
  });

  it("shows a background process of the group, with its command line", async (t) => {
    const { root, exited, pid } = await grow(t, "sleep 60 & echo $! > a");
    const left = await pid("a");
    await exited;
    assert.deepEqual(await tree.survivors(root), [{ pid: left, command: "sleep 60", inGroup: true }]);
  });

  const escapes: readonly [string, string][] = [
    ["a session of its own", `setsid sh -c 'echo $$ > a; ${nap}' & wait`],
    ["a double fork into a session of its own", `(setsid sh -c 'echo $$ > a; ${nap}' &) ; exit`],
    ["nohup in a session of its own", `nohup setsid sh -c 'echo $$ > a; ${nap}' >/dev/null 2>&1 & sleep 0.1`],
    ["a group of its own", `python3 -c 'import os; os.setpgid(0, 0); open("a", "w").write(str(os.getpid())); os.execvp("sleep", ["sleep", "60"])' & wait`],
  ];
  for (const [name, script] of escapes) it(`shows what left the group by ${name}`, async (t) => {
    const { root, child, pid } = await grow(t, script);
    const left = await pid("a");
    child.kill("SIGKILL");
    const found = await until(async () => { const all = await tree.survivors(root); return all.length === 1 && all; }, "one survivor");
    assert.deepEqual(found.map((one) => [one.pid, one.inGroup]), [[left, false]]);
    tree.signalOne(left, "SIGKILL");
    await until(() => !processLives(left), "its end");
    assert.deepEqual(await pidsOf(root), []);
  });

  it("spares what is meant to stay, outside the group and not inside", async (t) => {
    const { root, exited, pid } = await grow(t, `export ${KEEP_VARIABLE}=1; setsid sh -c 'echo $$ > out; ${nap}' & sh -c 'echo $$ > in; ${nap}' & while [ ! -s in ] || [ ! -s out ]; do sleep 0.01; done; exit`);
    const [outside, inside] = [await pid("out"), await pid("in")];
    await exited;
    assert.deepEqual(await pidsOf(root), [inside]);
    tree.signalGroup(root, "SIGKILL");
    await until(() => !processLives(inside), "the end of the one inside");
    assert.ok(processLives(outside));
  });

  for (const value of ["0", "", "yes", "11"]) it(`does not spare what has ${KEEP_VARIABLE}=${value}`, async (t) => {
    const { root, exited, pid } = await grow(t, `${KEEP_VARIABLE}=${value} setsid sh -c 'echo $$ > a; ${nap}' & while [ ! -s a ]; do sleep 0.01; done`);
    const left = await pid("a");
    await exited;
    assert.deepEqual(await pidsOf(root), [left]);
  });

  it("does not show zombies", async (t) => {
    const { root, pid } = await grow(t, `sh -c 'exit 0' & echo $! > dead; ${nap}`);
    const dead = await pid("dead");
    await until(() => readStat(dead)?.state === "Z", "the zombie");
    assert.ok(!(await pidsOf(root)).includes(dead));
  });

  it("does not show other runs' processes, nor those of nobody", async (t) => {
    const [one, two] = [await grow(t, `setsid sh -c 'echo $$ > a; ${nap}' & wait`), await grow(t, `setsid sh -c 'echo $$ > a; ${nap}' & wait`)];
    const [first, second] = [await one.pid("a"), await two.pid("a")];
    for (const each of [one, two]) {
      each.child.kill("SIGKILL");
      await each.exited;
    }
    assert.deepEqual([await pidsOf(one.root), await pidsOf(two.root)], [[first], [second]]);
    assert.deepEqual(await pidsOf({ pid: 2 ** 22, mark: "nobody's", startedAt: performance.now() - 5000 }), []);
  });

  it("shows late children of an old root too, whatever their number", async (t) => {
    const { root, exited, pid } = await grow(t, `setsid sh -c 'echo $$ > a; ${nap}' & while [ ! -s a ]; do sleep 0.01; done`);
    const left = await pid("a");
    await exited;
    assert.deepEqual(await pidsOf({ ...root, startedAt: performance.now() - 3_600_000 }), [left]);
  });

  it("tells the whole group in one word", async (t) => {
    const { root, exited, pid } = await grow(t, `sleep 60 & echo $! > a; sleep 60 & echo $! > b; wait`);
    const [a, b] = [await pid("a"), await pid("b")];
    tree.signalGroup(root, "SIGTERM");
    await exited;
    await until(() => !processLives(a) && !processLives(b), "the end of both");
  });

  it("never minds those that have gone", () => {
    tree.signalOne(2 ** 22, "SIGTERM");
    tree.signalGroup({ pid: 2 ** 22 - 1, mark: "x", startedAt: 0 }, "SIGKILL");
  });
});

describe("signals", { skip: process.platform === "win32" }, () => {
  it("tell whether a process is there", async (t) => {
    const { root, exited, child } = await grow(t, nap);
    assert.ok(isThere(root.pid) && isThere(-root.pid) && isThere(process.pid));
    child.kill("SIGKILL");
    await exited;
    assert.ok(!isThere(root.pid));
  });
  it("that are none are an error", () => assert.throws(() => sendSignal(process.pid, "SIGNONSENSE" as NodeJS.Signals)));
});

describe("a process tree by ps", () => {
  const LISTING = [
    "    1     0     1 Ss   /sbin/init", "  100     1   100 Ss   sh script.sh", "  101   100   100 S+   sleep 60", "  102   101   102 S    in a group of its own   with  spaces",
    "  103   102   103 S    a grandchild", "  104     1   100 S    an orphan of the group", "  105     1   105 S    not ours", "  106   100   100 Z    (dead)", "  107   106   107 S    child of a dead one",
    "  108     1   108 S    long " + "x".repeat(500), "", "garbage", "  PID  PPID  PGID STAT COMMAND",
  ].join("\n");
  const survivors = (root: Partial<Root>, listing = LISTING) => createPsTree(() => Promise.resolve(listing)).survivors({ pid: 100, mark: "m", startedAt: 0, ...root });

  it("is the group and the chain of parents, without zombies", async () => {
    assert.deepEqual(await survivors({}), [
      { pid: 100, command: "sh script.sh", inGroup: true }, { pid: 101, command: "sleep 60", inGroup: true }, { pid: 102, command: "in a group of its own   with  spaces", inGroup: false },
      { pid: 103, command: "a grandchild", inGroup: false }, { pid: 104, command: "an orphan of the group", inGroup: true }, { pid: 107, command: "child of a dead one", inGroup: false },
    ]);
  });
  it("tells commands whole, since a secret that is cut in two is not found", async () => assert.ok(((await survivors({ pid: 108 }))[0]?.command.length ?? 0) > 200));
  it("is empty where nothing is left", async () => {
    assert.deepEqual(await survivors({ pid: 999 }), []);
    assert.deepEqual(await survivors({}, ""), []);
  });
  it("finds chains in any order", async () => {
    const chain = Array.from({ length: 50 }, (_, i) => ` ${1000 - i} ${i === 49 ? 100 : 999 - i} ${1000 - i} S  p${i}`).join("\n");
    assert.equal((await survivors({}, chain)).length, 50);
  });
  it("is seen by the ps of this machine", { skip: process.platform === "win32" }, async (t) => {
    const { root, pid } = await grow(t, "sleep 60 & echo $! > a; wait");
    const left = await pid("a");
    const found = await createPsTree().survivors(root).catch((error: NodeJS.ErrnoException) => error.code);
    if (found === "ENOENT") return t.diagnostic?.("no ps here");
    assert.deepEqual((found as readonly { pid: number }[]).map((one) => one.pid).sort(), [root.pid, left].sort());
    return undefined;
  });
});

describe("a process tree on Windows", () => {
  function inject() {
    const calls: unknown[][] = [];
    const children: EventEmitter[] = [];
    const spawnProcess = ((...args: unknown[]) => {
      calls.push(args);
      const child = new EventEmitter();
      children.push(child);
      return child;
    }) as unknown as typeof Spawn;
    return { calls, children, tree: createWindowsTree(spawnProcess) };
  }
  it("is ended by taskkill, whole and by force, for either word", () => {
    const { calls, tree } = inject();
    const options = { stdio: "ignore", windowsHide: true };
    tree.signalGroup({ pid: 42, mark: "m", startedAt: 0 }, "SIGTERM");
    tree.signalGroup({ pid: 42, mark: "m", startedAt: 0 }, "SIGKILL");
    tree.signalOne(43, "SIGKILL");
    assert.deepEqual(calls, [42, 42, 43].map((pid) => ["taskkill", ["/PID", String(pid), "/T", "/F"], options]));
  });
  it("never minds a taskkill that can't be started", () => {
    const { children, tree } = inject();
    tree.signalOne(1, "SIGTERM");
    children[0]?.emit("error", new Error("ENOENT"));
  });
  it("leaves nobody", async () => assert.deepEqual(await inject().tree.survivors({ pid: 1, mark: "m", startedAt: 0 }), []));
});

describe("the process tree of a platform", () => {
  for (const platform of ["linux", "darwin", "freebsd", "win32"] as const) it(`is there for ${platform}`, () => {
    const tree = processTree(platform);
    assert.deepEqual(Object.keys(tree).sort(), ["killMarked", "signalGroup", "signalOne", "survivors"]);
  });
});
