import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openJournal } from "../../runner/journal/journal.ts";
import type { EndEntry, Entry, StartEntry } from "../../runner/journal/journal.ts";
import { resultFrame } from "../../runner/protocol/frames.ts";
import { FrameLog } from "../../runner/results/frame-log.ts";
import { ResultStore } from "../../runner/results/result-store.ts";
import { RunHistory } from "../../runner/runs/history.ts";
import { bytes } from "../support/bytes.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { folder, listeningLog, textOf } from "../support/results.ts";

const MB = 1024 * 1024;
const never = new AbortController().signal;
/** The start of the n-th run of a test. */
const time = (n: number) => new Date(Date.UTC(2024, 4, 6, 7, 8, 9) + n).toISOString();

const RESULT = {
  stdout: "", stderr: "", code: 0, duration: 1, automnLogs: [], automnNotifications: [], input: {}, reason: "exited" as const,
};

function startOf(runId: string, n: number): StartEntry {
  return {
    event: "start",
    at: time(n),
    runId,
    owner: "1-2",
    name: "a script",
    language: "node",
    sha256: "ab".repeat(32),
    trigger: {},
    variables: [],
  };
}

/** A history on the folder of a test, as a runner that starts there opens it. */
async function open(t: TestContext, directory: string, maxBytes = 8 * MB) {
  const log = listeningLog();
  const { journal, open: openStarts, recent } = await openJournal({ directory, maxBytes: 16 * MB, log });
  const history = new RunHistory({ journal, results: new ResultStore({ directory: join(directory, "results"), maxBytes, log }), recent });
  afterwards(t, () => history.close());
  const frames = () => new FrameLog({ maxBytes: MB, spillDir: join(directory, "spilled"), log });
  const start = (runId: string, n: number) => {
    const entry = startOf(runId, n);
    const frameLog = frames();
    history.accepted(entry, frameLog);
    frameLog.append(bytes(`{"type":"log","line":"${n}"}\n`));
    return { entry, frames: frameLog };
  };
  const end = ({ entry, frames: frameLog }: ReturnType<typeof start>, returnData: unknown) => {
    const { runId } = entry;
    frameLog.end(resultFrame({ ...RESULT, runId, returnData }));
    const entryOfEnd: EndEntry = { event: "end", at: time(99_999), runId, reason: "exited", code: 0, durationMs: 1 };
    history.ended(entry, entryOfEnd, frameLog);
  };
  return { history, openStarts, start, end, log };
}

const listed = (history: RunHistory) => history.list().map(({ runId, startedAt, state, reason }) => [runId, startedAt, reason ?? state]);

describe("RunHistory.list", () => {
  it("is in the order of the starts, the newest first, active or not, after a restart too", async (t) => {
    const dir = await folder(t);
    const { history, start, end } = await open(t, dir);
    const [a, b, c] = [start("a", 1), start("b", 2), start("c", 3)];
    end(b, null);
    end(a, null);
    assert.deepEqual(listed(history), [["c", time(3), "active"], ["b", time(2), "exited"], ["a", time(1), "exited"]]);
    end(c, null);
    await history.close();
    const again = await open(t, dir);
    assert.deepEqual(listed(again.history), [["c", time(3), "exited"], ["b", time(2), "exited"], ["a", time(1), "exited"]]);
    again.start("d", 4);
    assert.deepEqual(listed(again.history).map(([runId]) => runId), ["d", "c", "b", "a"]);
  });

  it("has the last 200 that ended and every active one", async (t) => {
    const { history, start, end } = await open(t, await folder(t));
    start("active", 0);
    for (let n = 1; n <= 250; n++) end(start(`${n}`, n), n);
    const list = history.list();
    assert.equal(list.length, 201);
    assert.deepEqual([list[0]?.runId, list[199]?.runId, list[200]?.runId], ["250", "51", "active"]);
    assert.equal(history.summary("50"), undefined);
    assert.equal((await history.result("50"))?.returnData, 50, "the result is kept longer than the list is");
  });
});

describe("RunHistory: a run id that is used again", () => {
  it("is listed once for each run, and means the last one", async (t) => {
    const dir = await folder(t);
    const { history, start, end } = await open(t, dir);
    end(start("same", 1), "first");
    const second = start("same", 2);
    assert.deepEqual(listed(history), [["same", time(2), "active"], ["same", time(1), "exited"]]);
    assert.equal(history.summary("same")?.startedAt, time(2));
    assert.equal(await history.result("same"), undefined, "the first one's result is not the second one's");
    end(second, "second");
    assert.equal((await history.result("same"))?.returnData, "second");
    const frames = await textOf(await history.frames("same", 0, never));
    assert.equal(frames[0], '{"type":"log","line":"2"}\n');
    await history.close();
    const again = await open(t, dir);
    assert.deepEqual(listed(again.history), [["same", time(2), "exited"], ["same", time(1), "exited"]]);
    assert.equal((await again.history.result("same"))?.returnData, "second");
  });

  it("has no result where the last one's was too large to be kept, at once, after a restart and after 200 other runs", async (t) => {
    const dir = await folder(t);
    const { history, start, end } = await open(t, dir);
    end(start("same", 1), "first");
    end(start("same", 2), "x".repeat(9 * MB));
    const check = async (one: RunHistory) => {
      assert.equal(await one.result("same"), undefined);
      assert.equal(await one.frames("same", 0, never), undefined);
    };
    await history.close();
    await check(history);
    const again = await open(t, dir);
    await check(again.history);
    for (let n = 3; n < 250; n++) again.end(again.start(`${n}`, n), n);
    await check(again.history);
  });

  it("has no result where the runner was killed during the second run, which alone is lost", async (t) => {
    const dir = await folder(t);
    const killed = await open(t, dir);
    killed.end(killed.start("same", 1), "first");
    const second = killed.start("same", 2);
    killed.history.started(second.entry, { pid: 7, mark: "m", startTime: "9" });
    await killed.history.close();

    const { history, openStarts } = await open(t, dir);
    assert.deepEqual(openStarts.map(({ at, pid }) => [at, pid]), [[time(2), 7]]);
    assert.equal(await history.result("same"), undefined);
    assert.deepEqual([await history.keptResult(startOf("same", 1)), await history.keptResult(startOf("same", 2))], [undefined, undefined]);
    history.recovered({ event: "end", at: time(5), runId: "same", startedAt: time(2), reason: "lost", code: 255, durationMs: 3 });
    assert.deepEqual(listed(history), [["same", time(2), "lost"], ["same", time(1), "exited"]]);
    await history.close();
    assert.deepEqual(listed((await open(t, dir)).history), [["same", time(2), "lost"], ["same", time(1), "exited"]]);
  });

  it("is lost for the run that was, although its successor is active or has ended", async (t) => {
    const dir = await folder(t);
    const killed = await open(t, dir);
    killed.start("same", 1);
    await killed.history.close();
    const { history, start, end } = await open(t, dir);
    const second = start("same", 2);
    history.recovered({ event: "end", at: time(5), runId: "same", startedAt: time(1), reason: "lost", code: 255, durationMs: 3 });
    assert.deepEqual(listed(history), [["same", time(2), "active"], ["same", time(1), "lost"]]);
    end(second, "second");
    assert.equal((await history.result("same"))?.returnData, "second");
    await history.close();
    const { history: last, openStarts } = await open(t, dir);
    assert.deepEqual(listed(last), [["same", time(2), "exited"], ["same", time(1), "lost"]]);
    assert.deepEqual(openStarts, []);
  });
});

describe("RunHistory.keptResult", () => {
  it("tells of a run whose end the journal does not know that its result is kept", async (t) => {
    const dir = await folder(t);
    const first = await open(t, dir);
    first.end(first.start("kept", 1), 1);
    first.start("lost", 2);
    await first.history.close();
    const file = join(dir, "runs.ndjson");
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as Entry).map(({ event, runId }) => [event, runId]),
      [["start", "kept"], ["end", "kept"], ["start", "lost"]],
    );
    await writeFile(file, `${lines[0]}\n${lines[2]}\n`);
    const { history, openStarts } = await open(t, dir);
    assert.deepEqual(openStarts.map(({ runId }) => runId), ["kept", "lost"]);
    assert.deepEqual(
      [
        (await history.keptResult(startOf("kept", 1)))?.returnData,
        await history.keptResult(startOf("kept", 2)),
        await history.keptResult(startOf("lost", 2)),
      ],
      [1, undefined, undefined],
    );
  });
});
