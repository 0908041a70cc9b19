import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Deadline } from "../../runner/lib/deadline.ts";
import { standStillUntilDead } from "../support/stand-still.ts";

describe("Deadline", () => {
  it("calls back once, after its time", async () => {
    const began = performance.now();
    await new Promise<void>((resolve) => new Deadline(50, resolve));
    assert.ok(performance.now() - began >= 49);
  });

  it("cancel: keeps it from calling back", async () => {
    new Deadline(10, () => assert.fail("called back")).cancel();
    await delay(50);
  });

  const linux = { skip: process.platform !== "linux" && "looks into /proc" };

  it("comes after an exit that happened before it, although the process stood still over both", linux, async () => {
    for (let round = 0; round < 10; round++) {
      const order: string[] = [];
      const child = spawn("/bin/sh", ["-c", "sleep 0.05"]);
      child.once("exit", () => void order.push("exit"));
      await once(child, "spawn");
      const passed = new Promise<void>((resolve) => new Deadline(10, () => {
        order.push("deadline");
        resolve();
      }));
      standStillUntilDead(child.pid);
      await passed;
      assert.deepEqual(order, ["exit", "deadline"]);
    }
  });

  it("does not come at all when that exit cancels it", linux, async () => {
    const child = spawn("/bin/sh", ["-c", "sleep 0.05"]);
    await once(child, "spawn");
    const deadline = new Deadline(10, () => assert.fail("called back"));
    child.once("exit", () => deadline.cancel());
    standStillUntilDead(child.pid);
    await delay(50);
  });
});
