import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { NodeStdioFactory } from "../../runner/process/stdio-node.ts";
import { PosixStdioFactory } from "../../runner/process/stdio-posix.ts";
import type { StdioFactory } from "../../runner/process/stdio.ts";
import { temporaryFolder } from "../support/folder.ts";
import { collect, runOn } from "../support/output-pipe.ts";
import { until } from "../support/until.ts";

const posix = process.platform !== "win32";

const namedPipes = (directory: string): StdioFactory => new PosixStdioFactory({ directory });
const nodePipes = (): StdioFactory => new NodeStdioFactory();

async function start(t: Parameters<typeof temporaryFolder>[0], make: (directory: string) => StdioFactory = namedPipes) {
  const home = await temporaryFolder(t);
  const inputFile = join(home, "input.json");
  await writeFile(inputFile, '{"in":"put"}');
  const pipes = join(home, "pipes");
  const stdioFactory = make(pipes);
  t.after(() => stdioFactory.close());
  return { stdioFactory, inputFile, pipes };
}

const factories = [["named pipes", namedPipes, !posix], ["Node's own pipes", nodePipes, false]] as const;

for (const [name, make, skip] of factories) describe(`Stdio by ${name}`, { skip }, () => {
  it("both outputs come apart, and the input file is standard input", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const code = "process.stdin.pipe(process.stdout); console.error('é€😀')";
    const result = await runOn(await stdioFactory.make(inputFile), process.execPath, ["-e", code]);
    assert.deepEqual(result, { code: 0, stdout: '{"in":"put"}', stderr: "é€😀\n" });
  });

  it("all that was printed before the exit comes", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const megabyteOf = (letter: string) => `head -c 1048576 /dev/zero | tr '\\0' ${letter}`;
    const result = await runOn(await stdioFactory.make(inputFile), "/bin/sh", ["-c", `${megabyteOf("x")}; ${megabyteOf("y")} >&2`]);
    assert.equal(result.code, 0);
    assert.ok(result.stdout === "x".repeat(1024 * 1024) && result.stderr === "y".repeat(1024 * 1024));
  });

  it("pause, resume: the writer is held back, and goes on", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const stdio = await stdioFactory.make(inputFile);
    const script = "i=0; while [ $i -lt 64 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i >&2; done";
    const child = spawn("/bin/sh", ["-c", script], { stdio: [...stdio.stdio] });
    stdio.connect(child);
    const stdout = collect(stdio.stdout);
    const stderr = collect(stdio.stderr);
    stdio.stdout.pause();
    await delay(300);
    const held = stdout.size();
    assert.ok(held < 2 * 1024 * 1024, `${held} bytes`);
    await delay(200);
    assert.equal(stdout.size(), held);
    assert.doesNotMatch(stderr.text(), /^64$/m);
    stdio.stdout.resume();
    await Promise.all([stdout.ended, stderr.ended]);
    assert.equal(stdout.size(), 64 * 65_536);
    stdio.close();
  });

  it("close: what is read ends, although somebody still writes", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const stdio = await stdioFactory.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "while :; do echo x || exit; sleep 0.01; done"], { stdio: [...stdio.stdio] });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    stdio.connect(child);
    const stdout = collect(stdio.stdout);
    const stderr = collect(stdio.stderr);
    await until(() => stdout.size() > 0, "output");
    stdio.stdout.close();
    stdio.stderr.close();
    await Promise.all([stdout.ended, stderr.ended, exited]);
    stdio.close();
  });

  it("the outputs of many at once are not mixed up", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const results = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      const script = `i=0; while [ $i -lt 200 ]; do echo ${i}; i=$((i+1)); done; echo e${i} >&2`;
      return runOn(await stdioFactory.make(inputFile), "/bin/sh", ["-c", script]);
    }));
    for (const [i, { stdout, stderr }] of results.entries()) assert.deepEqual([stdout, stderr], [`${i}\n`.repeat(200), `e${i}\n`]);
  });

  it("close: unused, and twice", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    const stdio = await stdioFactory.make(inputFile);
    stdio.close();
    stdio.close();
  });

  it("make: a missing input file rejects with the system's error", async (t) => {
    const { stdioFactory, inputFile } = await start(t, make);
    await assert.rejects(stdioFactory.make(`${inputFile}.none`), { code: "ENOENT" });
  });
});

describe("Stdio by named pipes", { skip: !posix && "not on Windows" }, () => {
  it("a shell script can open its streams by name", async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const script = [
      "cat /dev/stdin", "echo one > /dev/stdout", "echo two > /dev/stderr",
      "echo three >> /dev/fd/1", "echo four | tee /dev/stderr", "cat < /dev/stdin | wc -c",
    ].join("; ");
    const result = await runOn(await stdioFactory.make(inputFile), "/bin/sh", ["-c", script]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^\{"in":"put"\}one\nthree\nfour\n\s*(0|12)\n$/);
    assert.equal(result.stderr, "two\nfour\n");
  });

  const scripts: readonly [string, string, readonly string[]][] = [
    ["node", process.execPath, ["-e", [
      "fs.writeFileSync('/dev/stdout', 'a')", "fs.appendFileSync('/dev/stderr', 'b')",
      "process.stdout.write(fs.readFileSync('/dev/stdin', 'utf8'))",
    ].join("; ")]],
    ["python", "python3", ["-c", [
      "open('/dev/stdout', 'w').write('a')", "open('/dev/stderr', 'w').write('b')", "print(open('/dev/stdin').read(), end='')",
    ].join("; ")]],
  ];
  for (const [what, file, args] of scripts) it(`a ${what} script can open its streams by name`, async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const result = await runOn(await stdioFactory.make(inputFile), file, args).catch((error: NodeJS.ErrnoException) => error.code);
    if (result === "ENOENT") return t.skip(`no ${what} here`);
    assert.deepEqual(result, { code: 0, stdout: 'a{"in":"put"}', stderr: "b" });
    return undefined;
  });

  it("the pipes have lost their names before the process starts", async (t) => {
    const { stdioFactory, inputFile, pipes } = await start(t);
    const made = await Promise.all(Array.from({ length: 5 }, () => stdioFactory.make(inputFile)));
    const before = (await readdir(pipes)).length;
    for (const stdio of made) stdio.close();
    await delay(50);
    assert.ok((await readdir(pipes)).length >= before);
    await stdioFactory.close();
    assert.deepEqual(await readdir(pipes), []);
  });

  it("all comes that 200 processes print which end at once", async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const results = await Promise.all(Array.from({ length: 200 }, async (_, i) =>
      runOn(await stdioFactory.make(inputFile), "/bin/sh", ["-c", `printf 'out ${i}'; printf 'err ${i}' >&2`])));
    for (const [i, { stdout, stderr }] of results.entries()) assert.deepEqual([stdout, stderr], [`out ${i}`, `err ${i}`]);
  });

  it("the pipes are made anew when their folder was removed, again and again", async (t) => {
    const { stdioFactory, inputFile, pipes } = await start(t);
    for (let round = 0; round < 6; round++) {
      const echo = async (n: number) => runOn(await stdioFactory.make(inputFile), "/bin/sh", ["-c", `echo ${n}`]);
      const results = await Promise.all([1, 2, 3].map(echo));
      assert.deepEqual(results.map(({ stdout }) => stdout), ["1\n", "2\n", "3\n"]);
      await rm(pipes, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  it("the process has nothing open but its own three streams", { skip: process.platform !== "linux" && "looks into /proc" }, async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const others = await Promise.all(Array.from({ length: 5 }, () => stdioFactory.make(inputFile)));
    const list = ["-c", "exec ls /proc/self/fd"];
    const usual = execFileSync("/bin/sh", list, { encoding: "utf8" });
    assert.equal((await runOn(await stdioFactory.make(inputFile), "/bin/sh", list)).stdout, usual);
    for (const stdio of others) stdio.close();
  });

  it("close: a paused output ends although it is never resumed", async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const stdio = await stdioFactory.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "head -c 10000000 /dev/zero"], { stdio: [...stdio.stdio] });
    stdio.connect(child);
    const stdout = collect(stdio.stdout);
    const stderr = collect(stdio.stderr);
    stdio.stdout.pause();
    stdio.stderr.pause();
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    stdio.close();
    await Promise.all([stdout.ended, stderr.ended]);
  });

  it("an output that has ended while it was paused ends once it is resumed", async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const stdio = await stdioFactory.make(inputFile);
    const child = spawn("/bin/sh", ["-c", "head -c 50000 /dev/zero"], { stdio: [...stdio.stdio] });
    const stdout = collect(stdio.stdout);
    const stderr = collect(stdio.stderr);
    stdio.stdout.pause();
    stdio.connect(child);
    await new Promise((resolve) => child.once("exit", resolve));
    await delay(50);
    stdio.stdout.resume();
    await Promise.all([stdout.ended, stderr.ended]);
    assert.equal(stdout.size(), 50_000);
    stdio.close();
  });

  it("a process that is started meanwhile does not keep the pipes open", async (t) => {
    const { stdioFactory, inputFile } = await start(t);
    const stdio = await stdioFactory.make(inputFile);
    const bystander = spawn("/bin/sh", ["-c", "sleep 30"], { stdio: "ignore" });
    t.after(() => void bystander.kill("SIGKILL"));
    const result = await runOn(stdio, "/bin/sh", ["-c", "echo done"]);
    assert.equal(result.stdout, "done\n");
    assert.equal(bystander.exitCode, null);
  });
});

describe("createStdioFactory", () => {
  it("makes named pipes everywhere but on Windows", async (t) => {
    const { inputFile } = await start(t);
    const windows = await createStdioFactory("/nowhere", { platform: "win32" }).make(inputFile);
    assert.deepEqual(windows.stdio.slice(1), ["pipe", "pipe"]);
    windows.close();
    if (!posix) return;
    const home = await temporaryFolder(t);
    const stdioFactory = createStdioFactory(home, { platform: "linux" });
    const stdio = await stdioFactory.make(inputFile);
    assert.ok(stdio.stdio.every((end) => typeof end === "number"));
    stdio.close();
    await stdioFactory.close();
  });
});
