// The parts that a run uses, without HTTP: real processes and files, and whatever a test puts in their place.
import { join } from "node:path";
import { shell } from "../../runner/languages/shell/shell.ts";
import { createFramer } from "../../runner/output/framer.ts";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { processTable } from "../../runner/process/table.ts";
import { processTree } from "../../runner/process/tree.ts";
import { UsageMeter } from "../../runner/process/usage.ts";
import type { RunRequest, Script } from "../../runner/protocol/job.ts";
import { RunContext } from "../../runner/runs/run-context.ts";
import type { FrameSink, RunDependencies } from "../../runner/runs/run-context.ts";
import { runRedaction } from "../../runner/runs/run-redaction.ts";
import { WarmPool } from "../../runner/warm/warm-pool.ts";
import { ScriptFiles } from "../../runner/workspace/script-files.ts";
import { Workspaces } from "../../runner/workspace/workspaces.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/service.ts";

/** The text of all log frames that a run has sent. */
export interface RecordingSink extends FrameSink {
  readonly log: string;
}

/** A sink that is never full. */
export function recordingSink(): RecordingSink {
  let log = "";
  return {
    full: false,
    onceDrained: () => {},
    write(frame) { log += (JSON.parse(frame.toString()) as { line: string }).line; },
    get log() { return log; },
  };
}

/** Knows the shell alone. */
const shellOnly: RunDependencies["languages"] = {
  async find(named) {
    if (named !== "shell") return { code: 2, errorCode: "UNKNOWN_LANGUAGE", message: `Unknown language "${named}"` };
    return { language: shell, spelling: "shell", interpreter: { path: "/bin/sh", version: "0", flavour: "sh" } };
  },
};

/** What runs depend on, with a folder of its own that is removed after the test. */
export async function runDependencies(t: TestContext, changes: Partial<RunDependencies> = {}): Promise<RunDependencies> {
  const home = await temporaryDirectory(t);
  const workDir = join(home, "work");
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const stdioFactory = createStdioFactory(join(workDir, "pipes"));
  const workspaces = new Workspaces({ workDir, ahead: 1, stdioFactory, log });
  const table = processTable();
  const markPrefix = `test${process.pid}.`;
  const processes = { environment: process.env, markPrefix, table, tree: processTree(), meter: new UsageMeter(table) };
  afterwards(t, async () => {
    await workspaces.close();
    await stdioFactory.close();
  });
  return {
    languages: shellOnly,
    packages: { ensure: async () => ({ kind: "nothing-needed" }) },
    scripts: new ScriptFiles(join(home, "scripts")),
    workspaces, processes,
    workspaceMode: "run",
    warmPool: new WarmPool({ ...processes, workspaces, log, size: 0, idleMs: 0, active: () => 0, cores: 1 }),
    framer: createFramer(),
    limits: { maxOutputBytes: 1024 * 1024, killGraceMs: 1_000 },
    ...changes,
  };
}

/** A job's request for a shell script. */
export function requestFor(code: string, script: Partial<Script> = {}, runId = "run 1"): RunRequest {
  return { runId, input: {}, script: { label: "test", language: "shell", code, variables: [], trigger: {}, ...script } };
}

/** A run of a shell script that has not begun, and what it prints live. */
export function contextFor(request: RunRequest, dependencies: RunDependencies) {
  const sink = recordingSink();
  const redaction = runRedaction(request, { secrets: () => [], secretWords: [] });
  const job = { ...request, runId: request.runId ?? "", acceptedAt: performance.now(), redaction };
  return { context: new RunContext({ job, sink, stop: new AbortController(), onProcess: () => {}, dependencies }), sink };
}
