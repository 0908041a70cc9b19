import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { run } from "../../runner/runs/run.ts";
import type { RunDependencies } from "../../runner/runs/run-context.ts";
import type { TerminationReason } from "../../runner/protocol/termination-reason.ts";
import { until } from "../support/until.ts";
import { contextFor, requestFor, runDependencies } from "./harness.ts";

const skip = process.platform === "win32";

test("run: a script's output, return value and code make its result", { skip }, async (t) => {
  const { context, sink } = contextFor(requestFor("echo one; echo two >&2; AutomnReturn 5"), await runDependencies(t));
  const { result, bytesOut } = await run(context);
  assert.deepEqual([result.reason, result.code, result.returnData, result.start], ["exited", 0, 5, "cold"]);
  assert.deepEqual([result.stdout, result.stderr], ["one", "two\n"]);
  assert.match(sink.log, /^(one|two)\n/);
  assert.deepEqual(bytesOut, { stdout: "one\n__SCRIPTRETURN__5\n".length, stderr: "two\n".length });
});

test("run: an unknown language is a result with code 2", async (t) => {
  const { context, sink } = contextFor(requestFor("", { language: "cobol" }), await runDependencies(t));
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.code, result.errorCode, result.start], ["start-failed", 2, "UNKNOWN_LANGUAGE", undefined]);
  assert.deepEqual([result.stderr, sink.log], ['Unknown language "cobol"\n', '[runner] Unknown language "cobol"\n']);
});

test("run: packages that cannot be installed are a result with code 90, told and recorded", async (t) => {
  const packages: RunDependencies["packages"] = {
    async ensure(_script, { say }) {
      say("[npm] trying");
      return { kind: "failed", message: "Cannot install x" };
    },
  };
  const { context, sink } = contextFor(requestFor("echo never"), await runDependencies(t, { packages }));
  const { result, installs } = await run(context);
  assert.deepEqual([result.reason, result.code, result.stderr, result.stdout], ["dependencies-failed", 90, "Cannot install x\n", ""]);
  const [entry] = result.automnLogs;
  assert.deepEqual([entry?.message, entry?.level, entry?.type], ["Cannot install x", "error", "system"]);
  assert.equal(sink.log, "[npm] trying\n[runner] Cannot install x\n");
  assert.deepEqual(installs.map(({ language, ok }) => ({ language, ok })), [{ language: "shell", ok: false }]);
});

test("run: packages are held until the run has ended, and name their folder to the script", { skip }, async (t) => {
  let released = 0;
  const provision = { folder: "/set/site", paths: { MODULES: "/set/modules" }, release: () => { released += 1; } };
  const packages: RunDependencies["packages"] = { ensure: async () => ({ kind: "ready", provision }) };
  const { context } = contextFor(requestFor('echo "$AUTOMN_PACKAGES $MODULES"'), await runDependencies(t, { packages }));
  const running = run(context);
  assert.equal(released, 0);
  assert.equal((await running).result.stdout, "/set/site /set/modules");
  assert.equal(released, 1);
});

test("run: a run that is cancelled while its packages are installed ends as cancelled", async (t) => {
  let asked: () => void = () => {};
  const installing = new Promise<void>((resolve) => { asked = resolve; });
  const packages: RunDependencies["packages"] = {
    ensure: async (_script, { signal }) => {
      asked();
      await once(signal, "abort");
      return { kind: "stopped" };
    },
  };
  const { context } = contextFor(requestFor("echo never"), await runDependencies(t, { packages }));
  const running = run(context);
  await installing;
  context.stop.abort({ kind: "cancelled" } satisfies TerminationReason);
  const { result } = await running;
  assert.deepEqual([result.reason, result.code, result.stdout], ["cancelled", 130, ""]);
});

test("run: a run that is cancelled before its process is there starts none", { skip }, async (t) => {
  const { context } = contextFor(requestFor("echo never"), await runDependencies(t));
  context.stop.abort({ kind: "cancelled" } satisfies TerminationReason);
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.stdout, result.start], ["cancelled", "", undefined]);
});

test("run: a script that outlasts its timeout ends with 124", { skip }, async (t) => {
  const { context } = contextFor(requestFor("echo up; sleep 60", { timeoutMs: 200 }), await runDependencies(t));
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.code, result.stdout, result.stderr], ["timed-out", 124, "up", "Timeout exceeded after 0.2 s.\n"]);
});

test("run: a script that has returned and goes on is ended as a success, its timeout notwithstanding", { skip }, async (t) => {
  const { context } = contextFor(requestFor("AutomnReturn '\"done\"'; sleep 60", { timeoutMs: 30_000 }), await runDependencies(t));
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.code, result.returnData], ["returned", 0, "done"]);
});

test("run: a variable that the system refuses is a result with code 126", async (t) => {
  const { context } = contextFor(requestFor("echo never", { variables: [{ name: "A", value: "x\0" }] }), await runDependencies(t));
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.code], ["start-failed", 126]);
  assert.equal(result.stderr, "Cannot pass the variable A: its value holds a NUL character.\n");
});

test("run: an interpreter that has gone is a result with code 126, and the workspace is removed", { skip }, async (t) => {
  const { languages, workspaces, ...others } = await runDependencies(t);
  const found = await languages.find("shell");
  assert.ok("language" in found);
  let directory = "";
  const dependencies: RunDependencies = {
    ...others,
    languages: { find: async () => ({ ...found, interpreter: { path: "/nowhere/sh", version: "0", flavour: "sh" } }) },
    workspaces: {
      async open(inputJson) {
        const workspace = await workspaces.open(inputJson);
        directory = workspace.directory;
        return workspace;
      },
    },
  };
  const { context } = contextFor(requestFor("echo never"), dependencies);
  const { result } = await run(context);
  assert.deepEqual([result.reason, result.code], ["start-failed", 126]);
  assert.match(result.stderr, /^Cannot start the script: \/nowhere\/sh: .*ENOENT/);
  assert.notEqual(directory, "");
  await until(() => readdir(directory).then(() => false, () => true), "the workspace's end");
});
