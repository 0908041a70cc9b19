// A runner whose work directory cannot hold named pipes: jobs run, and the operator is told.
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "../support/cleanup.ts";
import { exfatDisk, whichOf } from "../support/disks.ts";
import { SECRET } from "../support/host.ts";
import { runJob } from "../support/job.ts";
import { startService, temporaryDirectory } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const skip = process.platform === "win32" && "NOT TESTED: not on Windows";

const JOBS: readonly { readonly language: string; readonly code: string }[] = [
  { language: "shell", code: 'echo out; echo err >&2; read -r input; AutomnReturn "$input"' },
  { language: "node", code: 'console.log("out"); console.error("err"); AutomnReturn(JSON.parse(require("fs").readFileSync(0, "utf8")))' },
];

/** Runs each job twice, the second time in a warm process where there is one. */
async function assertJobsRun(service: Service): Promise<void> {
  for (const script of [...JOBS, ...JOBS]) {
    const result = await runJob(service.url, SECRET, { script: { id: "pipes", ...script }, reqBody: { a: 1 } });
    assert.deepEqual([result.code, result.stdout, result.stderr, result.returnData], [0, "out", "err\n", { a: 1 }], script.language);
    if (script.language === "node") await until(async () => (await service.status()).warm["node"]?.ready === 1, "a warm process");
  }
}

/** The problem is in the log once, and in `/status`. */
async function assertTold(service: Service, problem: RegExp): Promise<void> {
  const { message } = await until(() => service.log.find((line) => problem.test(line.message)), "the warning");
  assert.equal(service.log.filter((line) => line.message === message).length, 1);
  assert.ok((await service.status()).problems.includes(message));
}

/** A folder for the PATH with these programs and no other. */
async function programs(t: TestContext, ...names: readonly string[]): Promise<string> {
  const folder = await temporaryDirectory(t);
  for (const name of names) await symlink(await whichOf(name), join(folder, name));
  return folder;
}

test("without mkfifo jobs run on Node's own pipes", { skip }, async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, PATH: await programs(t, "node", "bash", "sh", "cat") });
  await assertTold(service, /there is no mkfifo on the PATH.*cannot open \/dev\/stdout/);
  await assertJobsRun(service);
});

test("on a file system without named pipes they are made in the temporary directory", { skip }, async (t) => {
  const disk = await exfatDisk(t);
  if (disk === undefined) return t.skip("NOT TESTED: no exFAT file system can be mounted here");
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET }, disk);
  await assertTold(service, /^Cannot make named pipes in .*they are made in .* instead$/);
  await assertJobsRun(service);
  const code = "echo one > /dev/stdout; echo two > /dev/stderr";
  const named = await runJob(service.url, SECRET, { script: { id: "pipes", language: "shell", code } });
  assert.deepEqual([named.stdout, named.stderr], ["one", "two\n"]);
  await service.stop();
  return undefined;
});

test("on such a file system, without a temporary directory, jobs run on Node's own pipes", { skip }, async (t) => {
  const disk = await exfatDisk(t);
  if (disk === undefined) return t.skip("NOT TESTED: no exFAT file system can be mounted here");
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, TMPDIR: join(disk, "none") }, disk);
  await assertTold(service, /nor in .*cannot open \/dev\/stdout/);
  await assertJobsRun(service);
  await service.stop();
  return undefined;
});

test("where named pipes can be made nothing is told", { skip }, async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  await assertJobsRun(service);
  assert.deepEqual((await service.status()).problems.filter((problem) => problem.includes("named pipes")), []);
});
