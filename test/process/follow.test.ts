import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { start } from "../../runner/process/spawn.ts";
import type { Exit } from "../../runner/process/spawn.ts";
import { MARK_VARIABLE } from "../../runner/process/environment.ts";
import { follow } from "../../runner/process/follow.ts";
import type { Backpressure } from "../../runner/process/follow.ts";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import type { OutputPipe } from "../../runner/process/stdio.ts";
import { processTree } from "../../runner/process/tree.ts";
import { createFramer } from "../../runner/output/framer.ts";
import { NOTHING_HIDDEN } from "../../runner/redaction/redactor.ts";
import { OutputPipeline } from "../../runner/output/output-pipeline.ts";
import type { TerminationReason } from "../../runner/protocol/termination-reason.ts";
import { lend } from "../support/bytes.ts";
import { temporaryFolder } from "../support/folder.ts";
import { standStillUntilDead } from "../support/stand-still.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;
const NEVER_FULL: Backpressure = { full: false, onceDrained: (resume) => resume() };

/** An output pipeline, and the texts of the frames that came of it. */
function listen() {
  const framer = createFramer();
  const frames: string[] = [];
  const show = (text: Buffer) => void frames.push(...framer(text).map((frame) => (JSON.parse(frame.toString()) as { line: string }).line));
  const output = new OutputPipeline({ show, onReturn: () => {}, maxBytes: 1_000_000, redaction: NOTHING_HIDDEN });
  return { output, frames, shown: () => frames.join("") };
}

/** What a node script of these tests has: `lines` makes one write a line, `gate` waits until the test opens it. */
const HELPERS = `
  const fs = require("fs");
  const lines = (from, to) => { for (let n = from; n < to; n++) fs.writeSync(1, "line " + n + "\\n"); };
  const gate = () => { while (!fs.existsSync("gate")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); };
`;
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, n) => `line ${from + n}\n`).join("");

/** Follows a real process that runs this code. */
async function followScript(t: Parameters<typeof temporaryFolder>[0], code: string, stop = never) {
  const directory = await temporaryFolder(t);
  const inputFile = join(directory, "input.json");
  await writeFile(inputFile, "{}");
  const stdioFactory = createStdioFactory(join(directory, "pipes"));
  t.after(() => stdioFactory.close());
  const stdio = await stdioFactory.make(inputFile);
  const mark = `follow-test.${directory}`;
  const environment = { ...process.env, [MARK_VARIABLE]: mark };
  const child = await start({ file: process.execPath, args: ["-e", HELPERS + code], environment: {} }, { directory, environment, stdio });
  const { output, frames, shown } = listen();
  const root = { pid: child.pid, mark, startedAt: performance.now() };
  const followed = follow({
    child, root, stdio, output, backpressure: NEVER_FULL, stop, tree: processTree(), killGraceMs: 1000,
  });
  return { frames, shown, followed, pid: child.pid, directory, open: () => writeFile(join(directory, "gate"), "") };
}

describe("follow", () => {
  it("a burst of small writes comes whole, and in few frames", async (t) => {
    const { frames, shown, followed } = await followScript(t, "lines(0, 50_000)");
    assert.deepEqual(await followed, { ending: { kind: "exited", code: 0 }, leftovers: [] });
    assert.ok(shown() === lines(0, 50_000), `${shown().length} characters`);
    assert.ok(frames.length < 500, `${frames.length} frames`);
  });

  it("a lone line comes while the process does nothing more", async (t) => {
    const { shown, followed, open } = await followScript(t, "lines(0, 1); gate(); lines(1, 2)");
    await until(() => shown() === lines(0, 1), "the first line");
    await open();
    await followed;
    assert.equal(shown(), lines(0, 2));
  });

  it("the end of a burst comes while the process does nothing more", async (t) => {
    const { shown, followed, open } = await followScript(t, "lines(0, 5_000); gate(); lines(5_000, 10_000)");
    await until(() => shown().endsWith(lines(4_999, 5_000)), "the burst's last line");
    assert.equal(shown(), lines(0, 5_000));
    await open();
    await followed;
    assert.ok(shown() === lines(0, 10_000));
  });

  for (const [how, end] of [["exits", "process.exit()"], ["is killed", "process.kill(process.pid, 'SIGKILL')"]] as const)
    it(`all of a burst comes when the process ${how} in the middle of it`, async (t) => {
      await Promise.all([15, 16, 17, 18, 40, 100, 1_000, 3_000].map(async (count) => {
        const { shown, followed } = await followScript(t, `lines(0, ${count}); ${end}`);
        await followed;
        assert.equal(shown(), lines(0, count));
      }));
    });
});

const linux = { skip: process.platform !== "linux" && "looks into /proc" };

describe("follow: an exit that has happened wins over a clock that is late", linux, () => {
  const reasons: readonly TerminationReason[] = [
    { kind: "timed-out", afterMs: 1 }, { kind: "returned" }, { kind: "memory", limitMb: 1, usedMb: 2 }, { kind: "shutdown" },
  ];
  for (const reason of reasons) it(reason.kind, async (t) => {
    for (let round = 0; round < 5; round++) {
      const stop = new AbortController();
      const { shown, followed, directory, pid } = await followScript(t, "gate(); lines(0, 3); process.exit(3)", stop.signal);
      const clock = setTimeout(() => stop.abort(reason), 1);
      writeFileSync(join(directory, "gate"), "");
      standStillUntilDead(pid);
      assert.deepEqual(await followed, { ending: { kind: "exited", code: 3 }, leftovers: [] });
      assert.equal(shown(), lines(0, 3));
      clearTimeout(clock);
    }
  });

  it("a reason that comes before the exit ends the process", async (t) => {
    const stop = new AbortController();
    const { followed } = await followScript(t, "gate()", stop.signal);
    const reason: TerminationReason = { kind: "cancelled" };
    stop.abort(reason);
    assert.deepEqual(await followed, { ending: reason, leftovers: [] });
  });

  it("a reason that is there from the start ends the process", async (t) => {
    const reason: TerminationReason = { kind: "cancelled" };
    const { followed } = await followScript(t, "gate()", AbortSignal.abort(reason));
    assert.deepEqual(await followed, { ending: reason, leftovers: [] });
  });
});

/** An output that the test writes. What comes while it is paused waits, and then comes as one chunk or as it came. */
function fakePipe(inOne: boolean) {
  const waiting: string[] = [];
  const state = { paused: false, pauses: 0 };
  let take: (text: string) => void = () => {};
  let end: () => void = () => {};
  const outputPipe: OutputPipe = {
    read(onChunk, onEnd) {
      take = (text) => lend(text, onChunk);
      end = onEnd;
    },
    pause() {
      state.paused = true;
      state.pauses += 1;
    },
    resume() {
      state.paused = false;
      const held = waiting.splice(0);
      if (held.length > 0) (inOne ? [held.join("")] : held).forEach(take);
    },
    close: () => end(),
  };
  return Object.assign(state, {
    outputPipe,
    write(text: string): void {
      if (state.paused) waiting.push(text);
      else take(text);
    },
  });
}

/** Follows a process that is none; the test says when the reader of the frames is behind. */
function followFake({ inOne = true } = {}) {
  const [stdout, stderr] = [fakePipe(inOne), fakePipe(inOne)];
  const { output, frames, shown } = listen();
  const backpressure = { full: false, release: () => {}, onceDrained(resume: () => void) { backpressure.release = resume; } };
  let exit: (how: Exit) => void = () => {};
  const exited = new Promise<Exit>((resolve) => { exit = resolve; });
  const ends = ["ignore", "pipe", "pipe"] as const;
  const stdio = { stdio: ends, stdout: stdout.outputPipe, stderr: stderr.outputPipe, connect: () => {}, close: () => {} };
  const tree = { signalGroup: () => {}, signalOne: () => {}, killMarked: () => {}, survivors: () => Promise.resolve([]) };
  const root = { pid: 1, mark: "", startedAt: 0 };
  const followed = follow({ child: { pid: 1, exited }, root, stdio, output, backpressure, stop: never, tree, killGraceMs: 1000 });
  return { stdout, stderr, frames, shown, backpressure, followed, exit: () => exit({ code: 0, signal: null }) };
}

/** Writes small chunks in a row until reading is delayed; returns what was written. */
function writeBurst(output: ReturnType<typeof fakePipe>): string {
  let written = "";
  for (let count = 0; !output.paused; count += 1) {
    assert.ok(count < 1_000, "reading is never delayed");
    output.write(`${count}\n`);
    written += `${count}\n`;
  }
  return written;
}

describe("OutputReader: read coalescing", () => {
  it("a burst is read with a delay, and what came meanwhile as one chunk; the other output at once", async () => {
    const { stdout, stderr, frames, shown, followed, exit } = followFake();
    const written = writeBurst(stdout);
    assert.equal(shown(), written);
    assert.equal(stderr.paused, false);
    for (const text of ["a", "b", "c\n"]) stdout.write(text);
    stderr.write("at once\n");
    assert.equal(shown(), `${written}at once\n`);
    await until(() => !stdout.paused, "the delay to end");
    assert.equal(frames.at(-1), "abc\n");
    exit();
    await followed;
  });

  it("when the process exits meanwhile, the output is read to its end without another delay", async () => {
    const { stdout, shown, followed, exit } = followFake({ inOne: false });
    const written = writeBurst(stdout);
    const left = Array.from({ length: 50 }, (_, n) => `left ${n}\n`);
    left.forEach(stdout.write);
    const { pauses } = stdout;
    exit();
    await followed;
    assert.equal(shown(), written + left.join(""));
    assert.equal(stdout.pauses, pauses);
  });

  it("two streams that take turns are read without delay", async () => {
    const { stdout, stderr, followed, exit } = followFake();
    for (let count = 0; count < 500; count += 1) {
      stdout.write("out\n");
      stderr.write("err\n");
    }
    assert.deepEqual([stdout.pauses, stderr.pauses], [0, 0]);
    exit();
    await followed;
  });

  it("the end of a delay does not resume reading while the reader of the frames is behind", async () => {
    const { stdout, stderr, shown, backpressure, followed, exit } = followFake();
    const written = writeBurst(stdout);
    backpressure.full = true;
    stderr.write("too much\n");
    stdout.write("held\n");
    await delay(50);
    assert.deepEqual([stdout.paused, stderr.paused, shown()], [true, true, `${written}too much\n`]);
    backpressure.full = false;
    backpressure.release();
    assert.deepEqual([stdout.paused, stderr.paused, shown()], [false, false, `${written}too much\nheld\n`]);
    exit();
    await followed;
  });
});

describe("OutputReader: backpressure", () => {
  it("both outputs are held back until the reader of the frames has caught up", async () => {
    const { stdout, stderr, shown, backpressure, followed, exit } = followFake();
    backpressure.full = true;
    stdout.write("one\n");
    assert.deepEqual([stdout.paused, stderr.paused], [true, true]);
    stdout.write("two\n");
    stderr.write("three\n");
    assert.equal(shown(), "one\n");
    backpressure.full = false;
    backpressure.release();
    assert.equal(shown(), "one\ntwo\nthree\n");
    exit();
    await followed;
  });

  it("what is left when the process has exited is read at once", async () => {
    const { stdout, shown, backpressure, followed, exit } = followFake({ inOne: false });
    backpressure.full = true;
    stdout.write("one\n");
    const left = Array.from({ length: 40 }, (_, n) => `left ${n}\n`);
    left.forEach(stdout.write);
    exit();
    await followed;
    assert.equal(shown(), `one\n${left.join("")}`);
  });
});
