import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  listPids, listPidsNow, readCommand, readEnvironment, readNewestPid, readPageSize, readStat, readStats,
} from "../../runner/process/proc.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { startZombie } from "../support/zombie.ts";

/** Above the largest pid that a kernel gives out. */
const NOBODY = 2 ** 22 + 1;

describe("proc", { skip: process.platform !== "linux" && "Linux only" }, () => {
  it("readStat: a process's group, start, memory and processor time", () => {
    const began = performance.now();
    while (performance.now() - began < 50); // enough processor time to be counted
    const stat = readStat(process.pid);
    assert.deepEqual([stat?.pid, stat?.dead, stat?.exiting], [process.pid, false, false]);
    assert.equal(stat?.group, Number(execFileSync("ps", ["-o", "pgid=", "-p", String(process.pid)], { encoding: "utf8" })));
    assert.match(stat?.startTime ?? "", /^\d+$/);
    assert.ok((stat?.cpuMs ?? 0) >= 40, `${stat?.cpuMs} ms`);
    assert.ok((stat?.rssPages ?? 0) > 1_000, `${stat?.rssPages} pages`);
  });

  it("readStat, readCommand: a name with brackets, spaces and a line break misleads neither", async (t) => {
    const file = join(await temporaryFolder(t), "a) R 1 (b\nc");
    const child = spawn("/bin/sh", ["-c", 'cp "$(command -v sleep)" "$0" && exec "$0" 60', file], { detached: true, stdio: "ignore" });
    t.after(() => void child.kill("SIGKILL"));
    const pid = child.pid ?? 0;
    await until(async () => (await readCommand(pid)).endsWith("c 60"), "the odd name");
    const stat = readStat(pid);
    assert.deepEqual([stat?.pid, stat?.group, /^[SRD]$/.test(stat?.state ?? "")], [pid, pid, true]);
    assert.match(stat?.startTime ?? "", /^\d+$/);
  });

  it("readStat: a process that nobody has reaped is dead", async (t) => {
    const stat = readStat(await startZombie(t));
    assert.deepEqual([stat?.state, stat?.dead, stat?.exiting], ["Z", true, true]);
  });

  it("readStat: a process whose main thread has ended lives as long as another thread does", async (t) => {
    const code = [
      "import ctypes, platform, threading, time",
      "threading.Thread(target=time.sleep, args=(60,)).start()",
      "print('up', flush=True)",
      "ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)",
    ].join("\n");
    const child = spawn("python3", ["-c", code], { stdio: ["ignore", "pipe", "ignore"] });
    t.after(() => void child.kill("SIGKILL"));
    const started = await once(child.stdout, "data").catch(() => undefined);
    if (started === undefined) return t.skip("NOT TESTED: there is no python3");
    const stat = await until(() => {
      const now = readStat(child.pid ?? 0);
      return now?.state === "Z" && now;
    }, "the end of the main thread");
    assert.deepEqual([stat.dead, stat.exiting], [false, false]);
    return undefined;
  });

  it("readEnvironment: what the process was started with", () => {
    const child = spawn("sleep", ["60"], { env: { PATH: process.env["PATH"], WORD: "a=b c" }, stdio: "ignore" });
    try {
      assert.ok(readEnvironment(child.pid ?? 0).includes("WORD=a=b c"));
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("a process that is not there has no stat, no environment and no command", async () => {
    assert.equal(readStat(NOBODY), undefined);
    assert.deepEqual(readEnvironment(NOBODY).filter((entry) => entry !== ""), []);
    assert.equal(await readCommand(NOBODY), "[?]");
  });

  it("listPids, readStats: everybody who is there, and nobody else", async () => {
    for (const pids of [await listPids(), listPidsNow()]) {
      assert.ok(pids.includes(process.pid) && pids.includes(process.ppid) && !pids.includes(NOBODY));
    }
    const found: number[] = [];
    for await (const { pid } of readStats([process.pid, NOBODY, process.ppid])) found.push(pid);
    assert.deepEqual(found, [process.pid, process.ppid]);
  });

  it("readNewestPid: at least that of a process just started", () => {
    const pid = Number(execFileSync("/bin/sh", ["-c", "echo $$"], { encoding: "utf8" }));
    const newest = readNewestPid() ?? 0;
    assert.ok(newest >= pid || newest < pid / 2, `${newest} after ${pid}`); // the second where the pids have begun anew
  });

  it("readPageSize: as the system tells it", async () => {
    assert.equal(await readPageSize(), Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));
  });
});
