import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { coldReason } from "../../runner/languages/warmth.ts";
import { openHouse } from "../languages/warm-house.ts";
import type { House } from "../languages/warm-house.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processLives } from "../support/process-lives.ts";
import { until } from "../support/until.ts";

/** What a test gives to be called when it has ended. */
interface Ending {
  after(end: () => Promise<void>): void;
}

const HELLO = { language: "node", code: "console.log('hello', process.pid)" };

async function houseFor(t: Ending, options: Parameters<typeof openHouse>[0] = {}): Promise<House> {
  const house = await openHouse(options);
  t.after(() => house.close());
  return house;
}

/** The pid of a spare of this house, told by the room in its working directory. */
async function sparePid(house: House): Promise<number> {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const where = await readlink(`/proc/${name}/cwd`).catch(() => "");
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (where.startsWith(house.workDir) && line.includes("automn-spare")) return Number(name);
  }
  return 0;
}

/** An interpreter that does something of its own when it is started ahead, and is Node otherwise. */
async function wrapper(t: Ending, ahead: string): Promise<string> {
  const file = join(await temporaryFolder(t), "node");
  await writeFile(file, `#!/bin/bash\nif [ -n "$AUTOMN_SPARE" ]; then ${ahead}; fi\nexec ${process.execPath} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}

/** Node's own answer names the real executable; the wrapper must stay in between. */
function throughWrapper(house: House, path: string): void {
  const find = house.catalogue.find.bind(house.catalogue);
  const interpreter = { path, version: process.versions.node };
  Object.assign(house.catalogue, {
    async find(spelling: string) {
      const found = await find(spelling);
      return "message" in found ? found : { ...found, interpreter };
    },
  });
}

test("nothing is started before a language was used", async (t) => {
  const house = await houseFor(t);
  assert.deepEqual(house.spares.counts, {});
  assert.equal(await sparePid(house), 0);
});

test("the second run finds a process that is there, and every run has its own", async (t) => {
  const house = await houseFor(t);
  const first = await house.run(HELLO, "warm");
  assert.equal(first.start, "cold");
  await house.warmed(HELLO);
  const second = await house.run(HELLO, "warm");
  assert.equal(second.start, "warm");
  assert.equal(second.stdout, `hello ${second.pid}\n`);
  await house.warmed(HELLO);
  const third = await house.run(HELLO, "warm");
  assert.equal(third.start, "warm");
  assert.notEqual(third.pid, second.pid);
  assert.deepEqual({ ...house.spares.counts.node, ready: 0 }, { ready: 0, hits: 2, misses: 1 });
});

test("a process that is not ready is not waited for", async (t) => {
  const house = await houseFor(t);
  throughWrapper(house, await wrapper(t, "sleep 100"));
  await house.run(HELLO, "warm");
  await until(async () => (await sparePid(house)) === 0, "the process that is slow");
  assert.equal((await house.run(HELLO, "warm")).start, "cold");
});

test("an interpreter that can't be started ahead is given up, and its scripts run", async (t) => {
  const house = await houseFor(t);
  throughWrapper(house, await wrapper(t, "exit 7"));
  await until(async () => {
    assert.equal((await house.run(HELLO, "warm")).start, "cold");
    return house.log.some((line) => line.includes("givenUp=true"));
  }, "given up");
});

test("a process that dies as it gets its job is replaced by one that is started for it", async (t) => {
  const house = await houseFor(t);
  throughWrapper(house, await wrapper(t, "printf r >&63; read -r -n 1 -u 63; exit 9"));
  await house.warmed(HELLO);
  const result = await house.run({ ...HELLO, input: { a: 1 }, code: "console.log('hello', require('fs').readFileSync(0, 'utf8'))" }, "warm");
  assert.deepEqual([result.start, result.stdout, result.code], ["cold", "hello {\"a\":1}\n", 0]);
  assert.equal(house.spares.counts.node?.hits, 0);
});

test("a process that dies while it waits is dropped and logged", async (t) => {
  const house = await houseFor(t);
  await house.warmed(HELLO);
  process.kill(await sparePid(house), "SIGKILL");
  await until(() => house.spares.counts.node?.ready === 0, "dropped");
  assert.match(house.log.join(""), /A process started ahead has ended by itself/);
  assert.equal((await house.run(HELLO, "warm")).start, "cold");
  await house.warmed(HELLO);
  assert.equal((await house.run(HELLO, "warm")).start, "warm");
});

test("a process of another interpreter is thrown away", async (t) => {
  const house = await houseFor(t);
  await house.warmed(HELLO);
  const pid = await sparePid(house);
  throughWrapper(house, process.execPath);
  assert.equal((await house.run(HELLO, "warm")).start, "cold");
  await until(() => !processLives(pid), "the old process has ended");
  await house.warmed(HELLO);
  assert.equal((await house.run(HELLO, "warm")).start, "warm");
});

test("a process whose room was removed is not used", async (t) => {
  const house = await houseFor(t);
  await house.warmed(HELLO);
  await rm(house.workDir, { recursive: true });
  const result = await house.run(HELLO, "warm");
  assert.deepEqual([result.start, result.code], ["cold", 0]);
});

test("a job that is given up before it starts ends the process that it had taken", async (t) => {
  const house = await houseFor(t);
  await house.warmed(HELLO);
  const pid = await sparePid(house);
  const found = await house.catalogue.find("node");
  assert.ok(!("message" in found));
  const seat = await house.spares.take({ ...found, spelling: "node", variables: process.env, inputJson: "{}" });
  assert.ok(seat !== undefined);
  await seat.room.close();
  assert.equal(processLives(pid), false);
});

test("what nobody asks for any more costs nothing any more", async (t) => {
  const house = await houseFor(t, { idleMs: 2_000 });
  await house.warmed(HELLO);
  const pid = await sparePid(house);
  await until(() => !processLives(pid), "the idle process has ended");
  assert.equal(house.spares.counts.node?.ready, 0);
  assert.doesNotMatch(house.log.join(""), /by itself/);
});

test("no process is started ahead where none is wanted", async (t) => {
  const house = await houseFor(t, { size: 0 });
  assert.equal((await house.run(HELLO, "warm")).start, "cold");
  assert.deepEqual(house.spares.counts, {});
});

test("as many wait as are wanted", async (t) => {
  const house = await houseFor(t, { size: 3 });
  await house.run(HELLO, "warm");
  await until(() => house.spares.counts.node?.ready === 3, "three are ready");
  const results = await Promise.all([1, 2, 3, 4].map(() => house.run(HELLO, "warm")));
  assert.deepEqual(results.map(({ start }) => start).sort(), ["cold", "warm", "warm", "warm"]);
});

/** The milliseconds from a process being taken to the next one being ready. */
async function msToRefill(house: House): Promise<number> {
  const found = await house.catalogue.find("node");
  assert.ok(!("message" in found));
  const seat = await house.spares.take({ ...found, spelling: "node", variables: process.env, inputJson: "{}" });
  const takenAt = performance.now();
  await seat?.room.close();
  await until(() => house.spares.counts.node?.ready === 1, "a process is ready");
  return performance.now() - takenAt;
}

test("while more runs are active than there are cores, refilling waits for a pause", async (t) => {
  const house = await houseFor(t, { active: () => 9, cores: 2 });
  for (let n = 0; n < 3; n++) await house.run({ language: "node", code: "" }, "warm");
  assert.ok((await msToRefill(house)) >= 1000);
});

test("while a run is active a process is not replaced at once, but before long", async (t) => {
  const house = await houseFor(t, { active: () => 1, cores: 2 });
  assert.ok((await msToRefill(house)) >= 100);
});

test("processes that wait end when the runner is killed", async (t) => {
  const program = `
    import { openHouse } from ${JSON.stringify(new URL("../languages/warm-house.ts", import.meta.url).href)};
    const house = await openHouse();
    await house.warmed({ language: "node", code: "" });
    await house.warmed({ language: "python", code: "" });
    console.log(house.workDir);
    setInterval(() => {}, 1000);`;
  const runner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => { runner.kill("SIGKILL"); });
  const workDir = await new Promise<string>((resolve) => runner.stdout.once("data", (data: Buffer) => resolve(data.toString().trim())));
  t.after(() => rm(join(workDir, ".."), { recursive: true, force: true }));
  const house = { workDir } as House;
  assert.notEqual(await sparePid(house), 0);
  runner.kill("SIGKILL");
  await until(async () => (await sparePid(house)) === 0, "the processes have ended");
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
  test(`${name} from ${before} to ${now} ${forced ? "forces a cold start" : "is taken over"}`, () => {
    const interpreter = { path: "/bin/x", version: "1" };
    const reason = coldReason({ interpreter, environment: { [name]: before } }, { interpreter, environment: { [name]: now } });
    assert.equal(reason !== undefined, forced);
  });
}
