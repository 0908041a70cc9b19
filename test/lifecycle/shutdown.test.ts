import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { catchSignals, handleShutdown } from "../../runner/lifecycle/shutdown.ts";
import type { ShutdownSteps } from "../../runner/lifecycle/shutdown.ts";
import { listeningLog } from "../support/results.ts";
import { until } from "../support/until.ts";

interface SetUp {
  readonly ignoreHangup?: boolean;
  readonly pid?: number;
  readonly steps?: Partial<ShutdownSteps>;
}

/** A process that gets signals and errors, with the steps that are taken, in their order. */
function setUp({ ignoreHangup = false, pid = 2, steps = {} }: SetUp = {}) {
  const emitter = Object.assign(new EventEmitter(), { pid });
  const target = emitter as unknown as NodeJS.Process;
  const taken: string[] = [];
  const log = listeningLog();
  const step = (name: string) => async () => void taken.push(name);
  const exit = (code: number) => void taken.push(`exit ${code}`);
  const signals = catchSignals((signal) => void taken.push(`early ${signal}`), { ignoreHangup, target });
  const all = { drain: step("drain"), endRuns: step("endRuns"), kill: () => void taken.push("kill"), close: step("close"), exit, ...steps };
  const start = () => handleShutdown(all, signals, log, target);
  const emit = (event: string, value: unknown = event) => emitter.emit(event, value);
  return { emit, listeners: (event: string) => emitter.listenerCount(event), taken, log, start };
}

const exited = (taken: readonly string[]) => until(() => taken.some((step) => step.startsWith("exit")), "the exit");
const never = () => new Promise<void>(() => {});

for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
  test(`handleShutdown: ${signal} drains, closes and exits with 0`, async () => {
    const { emit, taken, start } = setUp();
    start();
    emit(signal);
    await exited(taken);
    assert.deepEqual(taken, ["drain", "close", "exit 0"]);
  });

  test(`catchSignals: ${signal} goes to the first handler until it is handed over`, () => {
    const { emit, taken } = setUp();
    emit(signal);
    assert.deepEqual(taken, [`early ${signal}`]);
  });
}

for (const [first, second, code] of [["SIGTERM", "SIGTERM", 143], ["SIGTERM", "SIGINT", 130], ["SIGHUP", "SIGTERM", 143]] as const) {
  test(`handleShutdown: ${second} after ${first} kills every run and exits with ${code}`, async () => {
    const { emit, taken, start } = setUp({ steps: { drain: never } });
    start();
    emit(first);
    emit(second);
    await exited(taken);
    assert.deepEqual(taken, ["kill", `exit ${code}`]);
  });
}

for (const first of ["SIGHUP", "SIGTERM"] as const) {
  test(`handleShutdown: SIGHUP after ${first} changes nothing`, () => {
    const { emit, taken, start } = setUp({ steps: { drain: never } });
    start();
    emit(first);
    emit("SIGHUP");
    assert.deepEqual(taken, []);
    emit("SIGTERM"); // ends the drain, which keeps the process alive
  });
}

test("catchSignals: with ignoreHangup SIGHUP does nothing, before and after handing over, and SIGTERM still drains", async () => {
  const { emit, listeners, taken, start } = setUp({ ignoreHangup: true });
  emit("SIGHUP");
  start();
  emit("SIGHUP");
  assert.ok(listeners("SIGHUP") > 0, "without a listener Node's default ends the process");
  assert.deepEqual(taken, []);
  emit("SIGTERM");
  await exited(taken);
  assert.deepEqual(taken, ["drain", "close", "exit 0"]);
});

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  test(`handleShutdown: after an ${event} the error is logged with its stack, every run is ended and the exit code is 1`, async () => {
    const { emit, taken, log, start } = setUp();
    start();
    emit(event, new Error("broken part"));
    await exited(taken);
    assert.deepEqual(taken, ["endRuns", "close", "kill", "exit 1"]);
    assert.match(log.lines.join("\n"), /^error Fatal error.*broken part.*shutdown\.test/m);
  });
}

test("handleShutdown: a step that fails does not keep a fatal error from ending the process", async () => {
  const { emit, taken, start } = setUp({ steps: { endRuns: () => Promise.reject(new Error("broken too")) } });
  start();
  emit("uncaughtException", new Error("broken part"));
  await exited(taken);
  assert.deepEqual(taken, ["kill", "exit 1"]);
});

test("handleShutdown: a runner that is process 1 warns that it reaps no orphans", () => {
  const { log, start } = setUp({ pid: 1 });
  start();
  assert.match(log.lines.join("\n"), /^warn .*process 1.*--init/m);
});
