import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { MARK_VARIABLE } from "../../runner/process/environment.ts";
import { processTable } from "../../runner/process/table.ts";
import type { ListedProcess, ProcessTable } from "../../runner/process/table.ts";
import { UsageMeter } from "../../runner/process/usage.ts";
import { until } from "../support/until.ts";

type Listed = ListedProcess & { readonly mark?: string };

/** A table that shows these processes, one list after the other, the last one for ever. */
function tableOf(...lists: readonly (readonly Listed[])[]) {
  let looks = 0;
  const asked: number[] = [];
  const table: ProcessTable = {
    ...processTable("win32"),
    list() {
      looks += 1;
      return Promise.resolve(lists[Math.min(looks, lists.length) - 1] ?? []);
    },
    markOf(pid) {
      asked.push(pid);
      const mark = lists.flat().find((one) => one.pid === pid)?.mark;
      return mark === undefined ? undefined : { mark, keep: false };
    },
  };
  return { table, looks: () => looks, asked };
}

const one = (pid: number, more: Partial<Listed> = {}): Listed => ({ pid, group: pid, startTime: "1", cpuMs: 0, rssBytes: 0, ...more });
const ROOT = { pid: 10, mark: "mine", startedAt: 0 };
const untilLooked = (count: number, looks: () => number) => until(() => looks() > count, `${count} samples`);

describe("UsageMeter", () => {
  it("sums the memory of a run's group and of what carries its mark, and keeps the largest sum", async () => {
    const others = [one(20, { rssBytes: 1_000 }), one(30, { mark: "other", rssBytes: 1_000 })];
    const { table, looks } = tableOf(
      [one(10, { rssBytes: 5 }), one(11, { group: 10, rssBytes: 7 }), one(12, { mark: "mine", rssBytes: 9 }), ...others],
      [one(10, { rssBytes: 5 }), ...others],
    );
    const watch = new UsageMeter(table, 1).watch(ROOT, undefined, () => assert.fail("there is no limit"));
    await untilLooked(2, looks);
    watch.stop();
    assert.equal(watch.usage?.maxRssBytes, 21);
  });

  it("tells nothing while no sample has shown the run", async () => {
    const { table, looks } = tableOf([one(20)]);
    const watch = new UsageMeter(table, 1).watch(ROOT, undefined, () => {});
    await untilLooked(2, looks);
    watch.stop();
    assert.equal(watch.usage, undefined);
  });

  it("counts the processor time of processes that have gone too, and of a later one of the same pid", async () => {
    const { table, looks } = tableOf(
      [one(10, { cpuMs: 20 }), one(11, { group: 10, cpuMs: 300 })],
      [one(10, { cpuMs: 40 }), one(11, { group: 10, startTime: "2", cpuMs: 7 })],
    );
    const watch = new UsageMeter(table, 1).watch(ROOT, undefined, () => {});
    await untilLooked(2, looks);
    watch.stop();
    assert.equal(watch.usage?.cpuMs, 347);
  });

  it("calls once for two samples in a row above the limit", async () => {
    const at = (rssBytes: number) => [one(10, { rssBytes })];
    const { table, looks } = tableOf(at(101), at(100), at(200), at(300), at(400), at(1));
    const calls: number[] = [];
    const watch = new UsageMeter(table, 1).watch(ROOT, 100, (used) => calls.push(used));
    await untilLooked(6, looks);
    watch.stop();
    assert.deepEqual(calls, [300]);
  });

  it("reads the mark of a process once", async () => {
    const { table, looks, asked } = tableOf([one(10), one(11)]);
    const watch = new UsageMeter(table, 1).watch(ROOT, undefined, () => {});
    await untilLooked(3, looks);
    watch.stop();
    assert.deepEqual(asked, [10, 11]);
  });

  it("looks only while a run is watched, and again when the next one is", async () => {
    const { table, looks } = tableOf([one(10)]);
    const meter = new UsageMeter(table, 1);
    for (let round = 0; round < 2; round++) {
      const before = looks();
      const watch = meter.watch(ROOT, undefined, () => {});
      await untilLooked(before, looks);
      watch.stop();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const after = looks();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(looks(), after);
    }
  });

  it("measures what a real process uses", { skip: process.platform !== "linux" && "Linux only" }, async (t) => {
    const code = "const held = Buffer.alloc(200e6, 1); const end = Date.now() + 60_000; while (Date.now() < end) held[0]++;";
    const env = { ...process.env, [MARK_VARIABLE]: "usage-test" };
    const child = spawn(process.execPath, ["-e", code], { stdio: "ignore", detached: true, env });
    t.after(() => void child.kill("SIGKILL"));
    const over: number[] = [];
    const root = { pid: child.pid ?? 0, mark: "usage-test", startedAt: 0 };
    const watch = new UsageMeter(processTable(), 10).watch(root, 150e6, (used) => over.push(used));
    t.after(() => watch.stop());
    await until(() => over.length > 0 && (watch.usage?.cpuMs ?? 0) >= 50, "a sample above the limit, and processor time");
    assert.ok((over[0] ?? 0) > 150e6);
  });
});
