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
import { startZombie } from "../support/zombie.ts";

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
  const env = { PATH: process.env["PATH"], ...environment, [MARK_VARIABLE]: mark };
  const child = spawn("/bin/sh", ["-c", script], { cwd: folder, detached: true, stdio: "ignore", env });
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
      const read = async () => (await readFile(join(folder, name), "utf8").catch(() => "")).trim() || undefined;
      const pid = Number(await until(read, `the file ${name}`));
      pids.push(pid);
      return pid;
    },
  };
}

const SLEEP = "exec sleep 60";
/** Waits until a process that was started in the background has written its pid. */
function written(...names: readonly string[]): string {
  return `while ${names.map((name) => `[ ! -s ${name} ]`).join(" || ")}; do sleep 0.01; done`;
}

describe("ProcessTree on Linux", linux, () => {
  const tree = createLinuxTree();
  const pidsOf = async (root: Root) => (await tree.survivors(root)).map(({ pid }) => pid).sort((a, b) => a - b);

  it("survivors: nobody when the root has ended and left nothing", async (t) => {
    const { root, exited } = await grow(t, "exit 0");
    await exited;
    assert.deepEqual(await pidsOf(root), []);
  });

  it("survivors: a background process of the group, with its command line", async (t) => {
    const { root, exited, pid } = await grow(t, "sleep 60 & echo $! > a");
    const left = await pid("a");
    await exited;
    const found = await until(async () => {
      const all = await tree.survivors(root);
      return all[0]?.activity === "waiting" && all;
    }, "a survivor that waits");
    assert.deepEqual(found, [{ pid: left, command: "sleep 60", inGroup: true, activity: "waiting" }]);
  });

  it("survivors: one that works", async (t) => {
    const { root, exited, pid } = await grow(t, "sh -c 'while :; do :; done' & echo $! > a");
    const left = await pid("a");
    await exited;
    const [found] = await tree.survivors(root);
    assert.deepEqual([found?.pid, found?.activity], [left, "working"]);
  });

  const escapes: readonly [string, string][] = [
    ["a session of its own", `setsid sh -c 'echo $$ > a; ${SLEEP}' & wait`],
    ["a double fork into a session of its own", `(setsid sh -c 'echo $$ > a; ${SLEEP}' &) ; exit`],
    ["nohup in a session of its own", `nohup setsid sh -c 'echo $$ > a; ${SLEEP}' >/dev/null 2>&1 & sleep 0.1`],
    ["a group of its own", `python3 -c '${[
      "import os", "os.setpgid(0, 0)", 'open("a", "w").write(str(os.getpid()))', 'os.execvp("sleep", ["sleep", "60"])',
    ].join("; ")}' & wait`],
  ];
  for (const [name, script] of escapes) it(`survivors: what left the group by ${name}`, async (t) => {
    const { root, child, pid } = await grow(t, script);
    const left = await pid("a");
    child.kill("SIGKILL");
    const found = await until(async () => {
      const all = await tree.survivors(root);
      return all.length === 1 && all;
    }, "one survivor");
    assert.deepEqual(found.map((one) => [one.pid, one.inGroup]), [[left, false]]);
    tree.signalOne(left, "SIGKILL");
    await until(() => !processLives(left), "its end");
    assert.deepEqual(await pidsOf(root), []);
  });

  it("survivors: not what is meant to stay, unless it is in the group", async (t) => {
    const both = `setsid sh -c 'echo $$ > out; ${SLEEP}' & sh -c 'echo $$ > in; ${SLEEP}' &`;
    const { root, exited, pid } = await grow(t, `export ${KEEP_VARIABLE}=1; ${both} ${written("in", "out")}; exit`);
    const [outside, inside] = [await pid("out"), await pid("in")];
    await exited;
    assert.deepEqual(await pidsOf(root), [inside]);
    tree.signalGroup(root, "SIGKILL");
    await until(() => !processLives(inside), "the end of the one inside");
    assert.ok(processLives(outside));
  });

  for (const value of ["0", "", "yes", "11"]) it(`survivors: also what has ${KEEP_VARIABLE}=${value}`, async (t) => {
    const { root, exited, pid } = await grow(t, `${KEEP_VARIABLE}=${value} setsid sh -c 'echo $$ > a; ${SLEEP}' & ${written("a")}`);
    const left = await pid("a");
    await exited;
    assert.deepEqual(await pidsOf(root), [left]);
  });

  it("survivors: no zombies", async (t) => {
    const dead = await startZombie(t);
    const group = readStat(dead)?.group ?? 0;
    assert.ok(!(await pidsOf({ pid: group, mark: "m", startedAt: 0 })).includes(dead));
  });

  it("survivors: no other run's processes, and nobody of a run that never was", async (t) => {
    const script = `setsid sh -c 'echo $$ > a; ${SLEEP}' & wait`;
    const [one, two] = [await grow(t, script), await grow(t, script)];
    const [first, second] = [await one.pid("a"), await two.pid("a")];
    for (const each of [one, two]) {
      each.child.kill("SIGKILL");
      await each.exited;
    }
    assert.deepEqual([await pidsOf(one.root), await pidsOf(two.root)], [[first], [second]]);
    assert.deepEqual(await pidsOf({ pid: 2 ** 22, mark: "nobody's", startedAt: performance.now() - 5000 }), []);
  });

  it("survivors: of an old root too, whatever their pids", async (t) => {
    const { root, exited, pid } = await grow(t, `setsid sh -c 'echo $$ > a; ${SLEEP}' & ${written("a")}`);
    const left = await pid("a");
    await exited;
    assert.deepEqual(await pidsOf({ ...root, startedAt: performance.now() - 3_600_000 }), [left]);
  });

  it("signalGroup: every process of the group", async (t) => {
    const { root, exited, pid } = await grow(t, `sleep 60 & echo $! > a; sleep 60 & echo $! > b; wait`);
    const [a, b] = [await pid("a"), await pid("b")];
    tree.signalGroup(root, "SIGTERM");
    await exited;
    await until(() => !processLives(a) && !processLives(b), "the end of both");
  });

  it("signalOne, signalGroup: a process that has gone is no error", () => {
    tree.signalOne(2 ** 22, "SIGTERM");
    tree.signalGroup({ pid: 2 ** 22 - 1, mark: "x", startedAt: 0 }, "SIGKILL");
  });
});

describe("signals", { skip: process.platform === "win32" }, () => {
  it("isThere: a process, a group, nobody", async (t) => {
    const { root, exited, child } = await grow(t, SLEEP);
    assert.ok(isThere(root.pid) && isThere(-root.pid) && isThere(process.pid));
    child.kill("SIGKILL");
    await exited;
    assert.ok(!isThere(root.pid));
  });
  it("sendSignal: a signal that does not exist is an error", () => {
    assert.throws(() => sendSignal(process.pid, "SIGNONSENSE" as NodeJS.Signals));
  });
});

describe("ProcessTree by ps", () => {
  const LISTING = [
    "    1     0     1 Ss   /sbin/init",
    "  100     1   100 Ss   sh script.sh",
    "  101   100   100 R+   sleep 60",
    "  102   101   102 S    in a group of its own   with  spaces",
    "  103   102   103 ?Es  a grandchild",
    "  104     1   100 U    an orphan of the group",
    "  105     1   105 S    not ours",
    "  106   100   100 Z    (dead)",
    "  107   106   107 S    child of a dead one",
    "  108     1   108 S    long " + "x".repeat(500),
    "",
    "garbage",
    "  PID  PPID  PGID STAT COMMAND",
  ].join("\n");
  function survivors(root: Partial<Root>, listing = LISTING) {
    return createPsTree(() => Promise.resolve(listing)).survivors({ pid: 100, mark: "m", startedAt: 0, ...root });
  }

  it("survivors: the group and the chain of parents, without zombies", async () => {
    assert.deepEqual(await survivors({}), [
      { pid: 100, command: "sh script.sh", inGroup: true, activity: "waiting" },
      { pid: 101, command: "sleep 60", inGroup: true, activity: "working" },
      { pid: 102, command: "in a group of its own   with  spaces", inGroup: false, activity: "waiting" },
      { pid: 103, command: "a grandchild", inGroup: false, activity: "exiting" },
      { pid: 104, command: "an orphan of the group", inGroup: true, activity: "working" },
      { pid: 107, command: "child of a dead one", inGroup: false, activity: "waiting" },
    ]);
  });
  it("survivors: commands are whole, since a secret that is cut in two is not found", async () => {
    assert.ok(((await survivors({ pid: 108 }))[0]?.command.length ?? 0) > 200);
  });
  it("survivors: nobody where nothing is left", async () => {
    assert.deepEqual(await survivors({ pid: 999 }), []);
    assert.deepEqual(await survivors({}, ""), []);
  });
  it("survivors: chains in any order", async () => {
    const row = (_: unknown, i: number) => ` ${1000 - i} ${i === 49 ? 100 : 999 - i} ${1000 - i} S  p${i}`;
    const chain = Array.from({ length: 50 }, row).join("\n");
    assert.equal((await survivors({}, chain)).length, 50);
  });
  it("survivors: by the ps of this machine", { skip: process.platform === "win32" }, async (t) => {
    const { root, pid } = await grow(t, "sleep 60 & echo $! > a; wait");
    const left = await pid("a");
    const found = await createPsTree().survivors(root).catch((error: NodeJS.ErrnoException) => error.code);
    if (found === "ENOENT") return t.diagnostic?.("no ps here");
    assert.deepEqual((found as readonly { pid: number }[]).map((one) => one.pid).sort(), [root.pid, left].sort());
    return undefined;
  });
});

describe("ProcessTree on Windows", () => {
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
  it("signalGroup, signalOne: taskkill ends the whole tree by force, for either signal", () => {
    const { calls, tree } = inject();
    const options = { stdio: "ignore", windowsHide: true };
    tree.signalGroup({ pid: 42, mark: "m", startedAt: 0 }, "SIGTERM");
    tree.signalGroup({ pid: 42, mark: "m", startedAt: 0 }, "SIGKILL");
    tree.signalOne(43, "SIGKILL");
    assert.deepEqual(calls, [42, 42, 43].map((pid) => ["taskkill", ["/PID", String(pid), "/T", "/F"], options]));
  });
  it("signalOne: a taskkill that cannot be started is no error", () => {
    const { children, tree } = inject();
    tree.signalOne(1, "SIGTERM");
    children[0]?.emit("error", new Error("ENOENT"));
  });
  it("survivors: nobody", async () => assert.deepEqual(await inject().tree.survivors({ pid: 1, mark: "m", startedAt: 0 }), []));
});

describe("processTree", () => {
  for (const platform of ["linux", "darwin", "freebsd", "win32"] as const) it(`is there for ${platform}`, () => {
    const tree = processTree(platform);
    assert.deepEqual(Object.keys(tree).sort(), ["killMarked", "signalGroup", "signalOne", "survivors"]);
  });
});
