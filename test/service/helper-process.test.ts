// Scripts that print through a helper process: all of it arrives, whichever of the two ends first.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startService } from "../support/service.ts";

const REPETITIONS = 8;

interface Form {
  readonly name: string;
  readonly language: "shell" | "python" | "node";
  readonly code: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly returnData?: unknown;
  readonly repetitions?: number;
}

const PIPE = "#!/bin/sh\nmkfifo p; tee log < p & exec > p 2>&1";
const COPROCESS = 'exec 3>&1; coproc T { tee log >&3; }; exec >&"${T[1]}"';

function python(helper: string, ...lines: readonly string[]): string {
  const setUp = ["import subprocess", `t = subprocess.Popen(${helper}, stdin=subprocess.PIPE)`, "os.dup2(t.stdin.fileno(), 1)"];
  return [...setUp, ...lines].join("\n");
}
const PYTHON_TEE = '["tee", "log"]';
const PYTHON_SLOW = '[sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read())"]';
const [ONE, LAST, RETURN] = ['print("one")', 'print("last")', "AutomnReturn(5)"];

const NODE = `
const tee = require("child_process").spawn("tee", ["log"], { stdio: ["pipe", "inherit", "inherit"] });
tee.stdin.write("one\\n__SCRIPTRETURN__5\\nlast\\n", () => process.exit(0));
`;

const FORMS: readonly Form[] = [
  {
    name: "bash: process substitution", language: "shell",
    code: 'exec > >(tee -a "$AUTOMN_SCRIPT_DIR/log") 2>&1; echo one; echo last',
  },
  {
    name: "bash: process substitution and a return", language: "shell", returnData: 5,
    code: "exec > >(tee log) 2>&1; echo one; AutomnReturn 5; echo last",
  },
  {
    name: "bash: a process substitution for each stream", language: "shell", stderr: "wrong\n",
    code: "exec > >(tee log) 2> >(tee err >&2); echo one; echo wrong >&2; echo last",
  },
  {
    name: "bash: an error message before a bad end", language: "shell",
    code: "exec > >(tee log) 2>&1; echo one; echo last >&2; kill -9 $$",
  },
  { name: "bash: a chain of helpers", language: "shell", code: 'exec > >(cat | sed "s/^/x /" | sed "s/^x //"); echo one; echo last' },
  { name: "bash: a loop", language: "shell", code: 'exec > >(while read -r l; do echo "$l"; done); echo one; echo last' },
  { name: "bash: a helper that is slow to begin", language: "shell", code: "exec > >(sleep 0.1; cat); echo one; echo last" },
  {
    name: "bash: a helper that prints a little at a time", language: "shell", repetitions: 2,
    code: 'exec > >(while read -r l; do sleep 0.1; echo "$l"; done); echo one; seq 5; echo last', stdout: "one\n1\n2\n3\n4\n5\nlast",
  },
  { name: "bash: a helper that prints at its end", language: "shell", code: "exec > >(sort -r); echo last; echo one" },
  {
    name: "bash: much output", language: "shell", repetitions: 3,
    code: "exec > >(tee log); seq 50000", stdout: Array.from({ length: 50_000 }, (_, n) => n + 1).join("\n"),
  },
  { name: "bash: a coprocess and a return", language: "shell", code: `${COPROCESS}; echo one; AutomnReturn 5; echo last`, returnData: 5 },
  { name: "sh: a named pipe", language: "shell", code: `${PIPE}; echo one; echo last` },
  { name: "sh: a named pipe and a return", language: "shell", code: `${PIPE}; echo one; AutomnReturn 5; echo last`, returnData: 5 },
  { name: "python: tee", language: "python", code: python(PYTHON_TEE, ONE, LAST) },
  { name: "python: tee and a return", language: "python", code: python(PYTHON_TEE, ONE, RETURN, LAST), returnData: 5 },
  { name: "python: a helper that is slow to begin", language: "python", code: python(PYTHON_SLOW, ONE, RETURN, LAST), returnData: 5 },
  { name: "node: tee and a return", language: "node", code: NODE, returnData: 5 },
];

function missing(program: string): string | false {
  return spawnSync(program, ["--version"]).error !== undefined && `NOT TESTED: there is no ${program}`;
}
const skips = { shell: missing("bash"), python: missing("python3"), node: false } as const;

test("a script that prints through a helper process loses nothing, and the helper is no leftover", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_PYTHON_PATH: undefined });
  for (const { name, language, code, stdout = "one\nlast", stderr = "", returnData = null, repetitions = REPETITIONS } of FORMS) {
    await t.test(name, { skip: skips[language] }, async () => {
      for (let n = 0; n < repetitions; n++) {
        const result = await runJob(service.url, SECRET, { script: { id: "helper", language, code } });
        assert.deepEqual(
          [result.stdout, result.reason === "signalled" ? "" : result.stderr, result.returnData, result.leftovers],
          [stdout, stderr, returnData, undefined],
        );
      }
    });
  }
});

const shell = (code: string, more: object = {}) => ({ script: { id: "helper", language: "shell", code, ...more } });

test("a process that is left and prints nothing is ended after a moment, and named", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const result = await runJob(service.url, SECRET, shell("sleep 71717 & echo done"));
  assert.deepEqual([result.stdout, result.leftovers?.map(({ command }) => command)], ["done", ["sleep 71717"]]);
  assert.ok(result.duration < 10_000, `${result.duration} ms`);
});

test("a process that is left and prints without end is ended after a few seconds, and named", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const result = await runJob(service.url, SECRET, shell("while :; do echo more; sleep 0.05; done & echo done"));
  assert.equal(result.reason, "exited");
  assert.ok(result.leftovers?.some(({ command }) => command.includes("sh")), JSON.stringify(result.leftovers));
});

test("the time limit and a cancel end a wait for helpers at once; the script's own end stays", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const noisy = "while :; do echo more; sleep 0.05; done & echo done";
  const limited = await runJob(service.url, SECRET, shell(noisy, { timeout: 1 }));
  assert.deepEqual([limited.reason, limited.code], ["exited", 0]);
  assert.ok(limited.duration < 4_000, `${limited.duration} ms`);
  const job = await postJob(service.url, SECRET, { runId: "cancelled", ...shell(noisy) });
  await job.printed("more\nmore\nmore");
  await fetch(`${service.url}/api/runs/cancelled`, { method: "DELETE", headers: { "x-automn-runner-secret": SECRET } });
  const cancelled = await job.result;
  assert.equal(cancelled.reason, "exited");
  assert.ok(cancelled.duration < 4_000, `${cancelled.duration} ms`);
});

test("a returned value ends the wait for helpers after its grace period", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const result = await runJob(service.url, SECRET, shell("while :; do echo more; sleep 0.05; done & AutomnReturn 5"));
  assert.deepEqual([result.code, result.returnData], [0, 5]);
  assert.ok(result.duration < 4_000, `${result.duration} ms`);
});
