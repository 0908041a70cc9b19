import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { program, until } from "../support/results.ts";

test("handleShutdown: the process does not end before its steps, whatever they wait for", async (t) => {
  const child = program(t, `
    import { handleShutdown } from "../../runner/lifecycle/shutdown.ts";
    const log = { debug() {}, info(message) { console.log(message); }, warn() {}, error() {} };
    const later = () => new Promise((resolve) => setTimeout(resolve, 200).unref());
    const steps = { drain: later, close: later, endRuns: later, kill() {}, exit: (code) => process.exit(code) };
    handleShutdown(steps, { handOver(handler) { process.on("SIGTERM", () => handler("SIGTERM")); } }, log);
    const untilSignal = setInterval(() => {}, 1000);
    process.once("SIGTERM", () => clearInterval(untilSignal));
    console.log("up");`);
  await until(() => child.output().includes("up"), "the program's start");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.match(child.output(), /\n(Ended|Stopped)\n$/);
});
