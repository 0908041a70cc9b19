import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { choosePlumber } from "../../runner/execution/plumbing.ts";
import { createPosixPlumber } from "../../runner/execution/plumbing-posix.ts";
import { createWindowsPlumber } from "../../runner/execution/plumbing-windows.ts";
import { temporaryFolder } from "../support/folder.ts";
import { collect, runOn } from "../support/outlet.ts";
import { until } from "../support/until.ts";

const posix = process.platform !== "win32";

async function start(t: Parameters<typeof temporaryFolder>[0], make = createPosixPlumber) {
  const home = await temporaryFolder(t);
  const inputFile = join(home, "input.json");
  await writeFile(inputFile, '{"in":"put"}');
  const pipes = join(home, "pipes");
  const plumber = make(pipes);
  t.after(() => plumber.close());
  return { plumber, inputFile, pipes };
}

const plumbers: readonly [string, typeof createPosixPlumber][] = [...(posix ? [["named pipes", createPosixPlumber] as [string, typeof createPosixPlumber]] : []), ["Node's own pipes", () => createWindowsPlumber()]];

for (const [name, make] of plumbers) describe(`plumbing by ${name}`, () => {
  it("carries both outputs apart and the input file as stdin", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const result = await runOn(await plumber.make(inputFile), process.execPath, ["-e", "process.stdin.pipe(process.stdout); console.error('é€😀')"]);
    assert.deepEqual(result, { code: 0, stdout: '{"in":"put"}', stderr: "é€😀\n" });
  });

  it("brings all that was printed before the exit", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const result = await runOn(await plumber.make(inputFile), "/bin/sh", ["-c", "head -c 1048576 /dev/zero | tr '\\0' x; head -c 1048576 /dev/zero | tr '\\0' y >&2"]);
    assert.equal(result.code, 0);
    assert.ok(result.stdout === "x".repeat(1024 * 1024) && result.stderr === "y".repeat(1024 * 1024));
  });

  it("holds the writer back while it is paused, and goes on", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const plumbing = await plumber.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "i=0; while [ $i -lt 64 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i >&2; done"], { stdio: [...plumbing.stdio] });
    plumbing.connect(child);
    const stdout = collect(plumbing.stdout);
    const stderr = collect(plumbing.stderr);
    plumbing.stdout.pause();
    await delay(300);
    const held = stdout.size();
    assert.ok(held < 2 * 1024 * 1024, `${held} bytes`);
    await delay(200);
    assert.equal(stdout.size(), held);
    assert.doesNotMatch(stderr.text(), /^64$/m);
    plumbing.stdout.resume();
    await Promise.all([stdout.ended, stderr.ended]);
    assert.equal(stdout.size(), 64 * 65_536);
    plumbing.close();
  });

  it("ends what is read when it is closed, although somebody still writes", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const plumbing = await plumber.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "while :; do echo x || exit; sleep 0.01; done"], { stdio: [...plumbing.stdio] });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    plumbing.connect(child);
    const stdout = collect(plumbing.stdout);
    const stderr = collect(plumbing.stderr);
    await until(() => stdout.size() > 0, "output");
    plumbing.stdout.close();
    plumbing.stderr.close();
    await Promise.all([stdout.ended, stderr.ended, exited]);
    plumbing.close();
  });

  it("serves many at once without mixing them up", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const results = await Promise.all(Array.from({ length: 40 }, async (_, i) => runOn(await plumber.make(inputFile), "/bin/sh", ["-c", `i=0; while [ $i -lt 200 ]; do echo ${i}; i=$((i+1)); done; echo e${i} >&2`])));
    for (const [i, { stdout, stderr }] of results.entries()) assert.deepEqual([stdout, stderr], [`${i}\n`.repeat(200), `e${i}\n`]);
  });

  it("can be closed unused, and twice", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    const plumbing = await plumber.make(inputFile);
    plumbing.close();
    plumbing.close();
  });

  it("rejects where the input file is missing", async (t) => {
    const { plumber, inputFile } = await start(t, make);
    await assert.rejects(plumber.make(`${inputFile}.none`), { code: "ENOENT" });
  });
});

describe("named pipes", { skip: !posix && "not on Windows" }, () => {
  it("let a script open its streams by name", async (t) => {
    const { plumber, inputFile } = await start(t);
    const result = await runOn(await plumber.make(inputFile), "/bin/sh", ["-c", "cat /dev/stdin; echo one > /dev/stdout; echo two > /dev/stderr; echo three >> /dev/fd/1; echo four | tee /dev/stderr; cat < /dev/stdin | wc -c"]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^\{"in":"put"\}one\nthree\nfour\n\s*(0|12)\n$/);
    assert.equal(result.stderr, "two\nfour\n");
  });

  for (const [what, file, args] of [
    ["node", process.execPath, ["-e", "fs.writeFileSync('/dev/stdout', 'a'); fs.appendFileSync('/dev/stderr', 'b'); process.stdout.write(fs.readFileSync('/dev/stdin', 'utf8'))"]],
    ["python", "python3", ["-c", "open('/dev/stdout','w').write('a'); open('/dev/stderr','w').write('b'); print(open('/dev/stdin').read(), end='')"]],
  ] as const) it(`let a ${what} script open its streams by name`, async (t) => {
    const { plumber, inputFile } = await start(t);
    const result = await runOn(await plumber.make(inputFile), file, args).catch((error: NodeJS.ErrnoException) => error.code);
    if (result === "ENOENT") return t.skip(`no ${what} here`);
    assert.deepEqual(result, { code: 0, stdout: 'a{"in":"put"}', stderr: "b" });
    return undefined;
  });

  it("have lost their names before the script starts", async (t) => {
    const { plumber, inputFile, pipes } = await start(t);
    const made = await Promise.all(Array.from({ length: 5 }, () => plumber.make(inputFile)));
    const before = (await readdir(pipes)).length;
    for (const plumbing of made) plumbing.close();
    await delay(50);
    assert.ok((await readdir(pipes)).length >= before);
    await plumber.close();
    assert.deepEqual(await readdir(pipes), []);
  });

  it("bring what 200 processes print that end at once", async (t) => {
    const { plumber, inputFile } = await start(t);
    const results = await Promise.all(Array.from({ length: 200 }, async (_, i) => runOn(await plumber.make(inputFile), "/bin/sh", ["-c", `printf 'out ${i}'; printf 'err ${i}' >&2`])));
    for (const [i, { stdout, stderr }] of results.entries()) assert.deepEqual([stdout, stderr], [`out ${i}`, `err ${i}`]);
  });

  it("are made anew when their folder was removed, again and again", async (t) => {
    const { plumber, inputFile, pipes } = await start(t);
    for (let round = 0; round < 6; round++) {
      assert.deepEqual((await Promise.all([1, 2, 3].map(async (n) => runOn(await plumber.make(inputFile), "/bin/sh", ["-c", `echo ${n}`])))).map(({ stdout }) => stdout), ["1\n", "2\n", "3\n"]);
      await rm(pipes, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  it("leave nothing with the child but its own three", { skip: process.platform !== "linux" && "looks into /proc" }, async (t) => {
    const { plumber, inputFile } = await start(t);
    const others = await Promise.all(Array.from({ length: 5 }, () => plumber.make(inputFile)));
    const list = ["-c", "exec ls /proc/self/fd"];
    const usual = execFileSync("/bin/sh", list, { encoding: "utf8" });
    assert.equal((await runOn(await plumber.make(inputFile), "/bin/sh", list)).stdout, usual);
    for (const plumbing of others) plumbing.close();
  });

  it("end although a paused reader is never resumed, once closed", async (t) => {
    const { plumber, inputFile } = await start(t);
    const plumbing = await plumber.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "head -c 10000000 /dev/zero"], { stdio: [...plumbing.stdio] });
    plumbing.connect(child);
    const stdout = collect(plumbing.stdout);
    const stderr = collect(plumbing.stderr);
    plumbing.stdout.pause();
    plumbing.stderr.pause();
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    plumbing.close();
    await Promise.all([stdout.ended, stderr.ended]);
  });

  it("that have ended while they were paused end once they are resumed", async (t) => {
    const { plumber, inputFile } = await start(t);
    const plumbing = await plumber.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "head -c 50000 /dev/zero"], { stdio: [...plumbing.stdio] });
    const stdout = collect(plumbing.stdout);
    const stderr = collect(plumbing.stderr);
    plumbing.stdout.pause();
    plumbing.connect(child);
    await new Promise((resolve) => child.once("exit", resolve));
    await delay(50);
    plumbing.stdout.resume();
    await Promise.all([stdout.ended, stderr.ended]);
    assert.equal(stdout.size(), 50_000);
    plumbing.close();
  });

  it("are not kept open by a process that is started meanwhile", async (t) => {
    const { plumber, inputFile } = await start(t);
    const plumbing = await plumber.make(inputFile);
    const bystander = spawn("/bin/sh", ["-c", "sleep 30"], { stdio: "ignore" });
    t.after(() => void bystander.kill("SIGKILL"));
    const result = await runOn(plumbing, "/bin/sh", ["-c", "echo done"]);
    assert.equal(result.stdout, "done\n");
    assert.equal(bystander.exitCode, null);
  });
});

describe("the plumber of a platform", () => {
  it("is the one with named pipes everywhere but on Windows", async (t) => {
    const { inputFile } = await start(t);
    const windows = await choosePlumber("/nowhere", "win32").make(inputFile);
    assert.deepEqual(windows.stdio.slice(1), ["pipe", "pipe"]);
    windows.close();
    if (!posix) return;
    const home = await temporaryFolder(t);
    const plumber = choosePlumber(home, "linux");
    const plumbing = await plumber.make(inputFile);
    assert.ok(plumbing.stdio.every((end) => typeof end === "number"));
    plumbing.close();
    await plumber.close();
  });
});
