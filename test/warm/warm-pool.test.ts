import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WarmPool } from "../../runner/warm/warm-pool.ts";
import { coldReason } from "../../runner/warm/eligibility.ts";
import { openHarness } from "./harness.ts";
import type { Harness } from "./harness.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folder.ts";
import { gate } from "../support/host.ts";
import { processLives } from "../support/process-lives.ts";
import { standStill } from "../support/stand-still.ts";
import { until } from "../support/until.ts";

const HELLO = { language: "node", code: "console.log('hello', process.pid)" };

async function harnessFor(t: TestContext, options: Parameters<typeof openHarness>[0] = {}): Promise<Harness> {
  const harness = await openHarness(options);
  t.after(() => harness.close());
  return harness;
}

/** The pid of a warm process of this harness, by its working directory; 0 where there is none. */
async function warmPid(harness: Harness): Promise<number> {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const where = await readlink(`/proc/${name}/cwd`).catch(() => "");
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (where.startsWith(harness.workDir) && line.includes("automn-warm")) return Number(name);
  }
  return 0;
}

/** An interpreter that runs `whenWarm` first when it is started ahead, and is Node otherwise. */
async function wrapper(t: TestContext, whenWarm: string): Promise<string> {
  const file = join(await temporaryFolder(t), "node");
  await writeFile(file, `#!/bin/bash\nif [ -n "$AUTOMN_WARM_CHANNEL" ]; then ${whenWarm}; fi\nexec ${process.execPath} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}

/** Node's own answer names the real executable; the wrapper must stay in between. */
function throughWrapper(harness: Harness, path: string): void {
  const find = harness.languages.find.bind(harness.languages);
  const interpreter = { path, version: process.versions.node };
  Object.assign(harness.languages, {
    async find(spelling: string) {
      const found = await find(spelling);
      return "message" in found ? found : { ...found, interpreter };
    },
  });
}

test("WarmPool: starts no process before a language was used", async (t) => {
  const harness = await harnessFor(t);
  assert.deepEqual(harness.warmPool.counts, {});
  assert.equal(await warmPid(harness), 0);
});

test("WarmPool.take: the second run gets a process that is there, and every run gets its own", async (t) => {
  const harness = await harnessFor(t);
  const first = await harness.run(HELLO, "warm");
  assert.equal(first.start, "cold");
  await harness.warmed(HELLO);
  const second = await harness.run(HELLO, "warm");
  assert.equal(second.start, "warm");
  assert.equal(second.stdout, `hello ${second.pid}\n`);
  await harness.warmed(HELLO);
  const third = await harness.run(HELLO, "warm");
  assert.equal(third.start, "warm");
  assert.notEqual(third.pid, second.pid);
  assert.deepEqual({ ...harness.warmPool.counts["node"], ready: 0 }, { ready: 0, hits: 2, misses: 1 });
});

test("WarmPool.take: does not wait for a process that is not ready", async (t) => {
  const harness = await harnessFor(t);
  throughWrapper(harness, await wrapper(t, "sleep 100"));
  await harness.run(HELLO, "warm");
  await until(async () => (await warmPid(harness)) === 0, "the process that is slow");
  assert.equal((await harness.run(HELLO, "warm")).start, "cold");
});

test("WarmPool: an interpreter that fails three times when it is started ahead is given up, and its scripts still run", async (t) => {
  const harness = await harnessFor(t);
  throughWrapper(harness, await wrapper(t, "exit 7"));
  await until(async () => {
    assert.equal((await harness.run(HELLO, "warm")).start, "cold");
    return harness.log.some((line) => line.includes("givenUp=true"));
  }, "given up");
});

test("warmLauncher: a process that dies before it has its script is replaced by a new one", async (t) => {
  const harness = await harnessFor(t);
  throughWrapper(harness, await wrapper(t, "printf r >&63; read -r -n 1 -u 63; exit 9"));
  await harness.warmed(HELLO);
  const code = "console.log('hello', require('fs').readFileSync(0, 'utf8'))";
  const result = await harness.run({ language: "node", code, input: { a: 1 } }, "warm");
  assert.deepEqual([result.start, result.stdout, result.code], ["cold", "hello {\"a\":1}\n", 0]);
  assert.equal(harness.warmPool.counts["node"]?.hits, 0);
});

test("WarmPool: a process that dies while it waits is removed and logged", async (t) => {
  const harness = await harnessFor(t);
  await harness.warmed(HELLO);
  process.kill(await warmPid(harness), "SIGKILL");
  await until(() => harness.warmPool.counts["node"]?.ready === 0, "dropped");
  assert.match(harness.log.join(""), /A warm process has ended by itself/);
  assert.equal((await harness.run(HELLO, "warm")).start, "cold");
  await harness.warmed(HELLO);
  assert.equal((await harness.run(HELLO, "warm")).start, "warm");
});

test("WarmPool.take: ends the processes of another interpreter", async (t) => {
  const harness = await harnessFor(t);
  await harness.warmed(HELLO);
  const pid = await warmPid(harness);
  throughWrapper(harness, process.execPath);
  assert.equal((await harness.run(HELLO, "warm")).start, "cold");
  await until(() => !processLives(pid), "the old process has ended");
  await harness.warmed(HELLO);
  assert.equal((await harness.run(HELLO, "warm")).start, "warm");
});

test("WarmPool.take: does not use a process whose workspace was removed", async (t) => {
  const harness = await harnessFor(t);
  await harness.warmed(HELLO);
  await rm(harness.workDir, { recursive: true });
  const result = await harness.run(HELLO, "warm");
  assert.deepEqual([result.start, result.code], ["cold", 0]);
});

test("warmLauncher: closing it before the launch ends its process", async (t) => {
  const harness = await harnessFor(t);
  await harness.warmed(HELLO);
  const pid = await warmPid(harness);
  const launcher = await harness.warmPool.take(await harness.requestFor(HELLO), "{}");
  assert.ok(launcher !== undefined);
  await launcher.close();
  assert.equal(processLives(pid), false);
});

test("WarmProcess.accept: an answer that came in time counts, although the runner stood still over the deadline", async (t) => {
  const harness = await harnessFor(t);
  await harness.warmed(HELLO);
  const file = join(await temporaryFolder(t), "script.js");
  await writeFile(file, "setInterval(() => {}, 1000)");
  const request = await harness.requestFor(HELLO, file);
  const launcher = await harness.warmPool.take(request, "{}");
  assert.ok(launcher !== undefined);
  const launching = launcher.launch(request, new AbortController().signal);
  standStill(2_500);
  const { child, start } = await launching;
  await delay(50);
  assert.deepEqual([start, processLives(child.pid)], ["warm", true]);
  process.kill(-child.pid, "SIGKILL");
  await child.exited;
  await launcher.close();
});

test("WarmPool: ends the processes of a language that no job has asked for in `idleMs`", async (t) => {
  const harness = await harnessFor(t, { idleMs: 2_000 });
  await harness.warmed(HELLO);
  const pid = await warmPid(harness);
  await until(() => !processLives(pid), "the idle process has ended");
  assert.equal(harness.warmPool.counts["node"]?.ready, 0);
  assert.doesNotMatch(harness.log.join(""), /by itself/);
});

test("WarmPool.close: ends a process that is only just being started", { timeout: 20_000 }, async (t) => {
  const harness = await harnessFor(t);
  throughWrapper(harness, await wrapper(t, "sleep 100"));
  const { workspaces } = harness.options;
  const { opened, open: letOpen } = gate();
  let opening = false;
  const open = async (json: string) => {
    opening = true;
    await opened;
    return workspaces.open(json);
  };
  const pool = new WarmPool({ ...harness.options, workspaces: { open } });
  await pool.take(await harness.requestFor(HELLO), "{}");
  await until(() => opening, "the next process to be started");
  const closed = pool.close();
  letOpen();
  await closed;
  assert.equal(await warmPid(harness), 0);
});

test("WarmPool: with size 0 no process is started ahead", async (t) => {
  const harness = await harnessFor(t, { size: 0 });
  assert.equal((await harness.run(HELLO, "warm")).start, "cold");
  assert.deepEqual(harness.warmPool.counts, {});
});

test("WarmPool: as many processes wait as its size says", async (t) => {
  const harness = await harnessFor(t, { size: 3 });
  await harness.run(HELLO, "warm");
  await until(() => harness.warmPool.counts["node"]?.ready === 3, "three are ready");
  const results = await Promise.all([1, 2, 3, 4].map(() => harness.run(HELLO, "warm")));
  assert.deepEqual(results.map(({ start }) => start).sort(), ["cold", "warm", "warm", "warm"]);
});

/** Milliseconds from taking a process to the next one being ready. */
async function msToRefill(harness: Harness): Promise<number> {
  const launcher = await harness.warmPool.take(await harness.requestFor({ language: "node", code: "" }), "{}");
  const takenAt = performance.now();
  await launcher?.close();
  await until(() => harness.warmPool.counts["node"]?.ready === 1, "a process is ready");
  return performance.now() - takenAt;
}

test("WarmPool: with more active runs than cores, refilling waits for a second without a job", async (t) => {
  const harness = await harnessFor(t, { active: () => 9, cores: 2 });
  for (let n = 0; n < 3; n++) await harness.run({ language: "node", code: "" }, "warm");
  assert.ok((await msToRefill(harness)) >= 1000);
});

test("WarmPool: while a run is active a process is replaced after 100 ms, not at once", async (t) => {
  const harness = await harnessFor(t, { active: () => 1, cores: 2 });
  assert.ok((await msToRefill(harness)) >= 100);
});

test("WarmProcess: ends when the runner is killed", async (t) => {
  const program = `
    import { openHarness } from ${JSON.stringify(new URL("./harness.ts", import.meta.url).href)};
    const harness = await openHarness();
    await harness.warmed({ language: "node", code: "" });
    await harness.warmed({ language: "python", code: "" });
    console.log(harness.workDir);
    setInterval(() => {}, 1000);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  const runner = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => { runner.kill("SIGKILL"); });
  const workDir = await new Promise<string>((resolve) => runner.stdout.once("data", (data: Buffer) => resolve(data.toString().trim())));
  t.after(() => rm(join(workDir, ".."), { recursive: true, force: true }));
  const harness = { workDir } as Harness;
  assert.notEqual(await warmPid(harness), 0);
  runner.kill("SIGKILL");
  await until(async () => (await warmPid(harness)) === 0, "the processes have ended");
});

for (const [name, before, now, forced] of [
  ["NODE_OPTIONS", undefined, "--no-warnings", true],
  ["NODE_EXTRA_CA_CERTS", undefined, "/ca.pem", true],
  ["NODE_ENV", undefined, "production", false],
  ["LD_PRELOAD", undefined, "/x.so", true],
  ["LD_LIBRARY_PATH", "/a", "/b", true],
  ["LD_LIBRARY_PATH", "/a", "/a", false],
  ["LC_ALL", "C", undefined, true],
  ["LANG", "C", "C.UTF-8", true],
  ["HOME", "/a", "/b", true],
  ["PYTHONPATH", undefined, "/x", true],
  ["PYTHONHASHSEED", undefined, "0", true],
  ["DOTNET_gcServer", undefined, "1", true],
  ["PSModulePath", undefined, "/x", true],
  ["GLIBC_TUNABLES", undefined, "x", true],
  ["TZ", undefined, "UTC", false],
  ["PATH", "/a", "/b", false],
  ["API_KEY", undefined, "x", false],
  ["API_KEY", undefined, "", true],
  ["API_KEY", "", "", false],
  ["API_KEY", "x", undefined, false],
  ["AUTOMN_INPUT_JSON", undefined, "{}", false],
  ["AUTOMN_PYTHON_THING", undefined, "x", false],
] as const) {
  test(`coldReason: ${name} from ${before} to ${now} ${forced ? "forces a cold start" : "is taken over"}`, () => {
    const interpreter = { path: "/bin/x", version: "1" };
    const having = (value: string | undefined) => ({ interpreter, environment: value === undefined ? {} : { [name]: value } });
    const reason = coldReason(having(before), having(now));
    assert.equal(reason !== undefined, forced);
  });
}
