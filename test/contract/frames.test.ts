import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KEEP_ALIVE, logFrames, MAX_FRAME_BYTES, resultFrame } from "../../runner/contract/frames.ts";
import type { RunResult } from "../../runner/contract/result.ts";
import { seeded } from "../support/chance.ts";

/** Reads frames as the host does: UTF-8 bytes, split at line breaks. */
function hostReads(frames: readonly string[]): string[] {
  return Buffer.from(frames.join("")).toString("utf8").split("\n").filter((line) => line.trim() !== "").map((line) => {
    const frame = JSON.parse(line) as { type: string; line: string };
    assert.equal(frame.type, "log");
    return frame.line;
  });
}

describe("log frames", () => {
  const texts: readonly [string, string][] = [
    ["a short line", "hello\n"],
    ["line breaks of every kind", "a\r\nb\n\nc\rd\u2028e\u2029"],
    ["a marker line, verbatim", '__SCRIPTLOG__{"message":"x"}\n'],
    ["1 MiB of one letter", "x".repeat(1024 * 1024)],
    ["quotes and backslashes, which double", '"\\'.repeat(100_000)],
    ["control characters, which take six bytes each", "\u0001\u001b\u0000".repeat(50_000)],
    ["three bytes a character", "€".repeat(200_000)],
    ["surrogate pairs", "😀".repeat(100_000)],
    ["surrogate pairs that begin at odd places", `a${"😀".repeat(100_000)}`],
    ["pairs and escapes mixed", `${'"😀\u0001é'.repeat(40_000)}x`],
    ["exactly as much as fits", "x".repeat(MAX_FRAME_BYTES - '{"type":"log","line":""}\n'.length)],
    ["one byte more than fits", "x".repeat(MAX_FRAME_BYTES - '{"type":"log","line":""}\n'.length + 1)],
  ];
  for (const [name, text] of texts) it(`carry ${name}, each at most 64 KiB of bytes and none with half a character`, () => {
    const frames = logFrames(text);
    for (const frame of frames) {
      assert.ok(Buffer.byteLength(frame) <= MAX_FRAME_BYTES, `${Buffer.byteLength(frame)} bytes`);
      assert.ok(frame.endsWith("\n") && frame.indexOf("\n") === frame.length - 1);
      assert.doesNotMatch(frame, /\p{Cs}/u);
      assert.doesNotMatch(frame, /\\ud[89a-f]/i);
    }
    const lines = hostReads(frames);
    assert.equal(lines.join(""), text);
    assert.ok(lines.every((line) => line !== ""));
  });

  it("are as few as the size needs", () => {
    assert.equal(logFrames("x".repeat(60_000)).length, 1);
    assert.equal(logFrames("€".repeat(21_000)).length, 1);
    assert.ok(logFrames("x".repeat(1024 * 1024)).length <= 32);
  });

  it("carry lone surrogates without loss", () => {
    for (const text of ["\ud83d", "\ude00", `${"\ude00".repeat(70_000)}`, `${"\ud83d".repeat(70_000)}`, `a\ude00\ud83d😀`]) {
      const frames = logFrames(text);
      assert.equal(hostReads(frames).join(""), text);
      for (const frame of frames) assert.ok(Buffer.byteLength(frame) <= MAX_FRAME_BYTES);
    }
  });

  it("carry random texts of odd characters without loss", () => {
    const random = seeded(11);
    const odd = ["a", '"', "\\", "\n", "\u0000", "é", "€", "😀", "\u2028", "\ud800", "\udc00", "xxxxxxxxxxxxxxxx".repeat(64)];
    for (let round = 0; round < 60; round++) {
      const text = Array.from({ length: Math.floor(random() * 3000) }, () => odd[Math.floor(random() * odd.length)]).join("");
      const frames = logFrames(text);
      assert.equal(hostReads(frames).join(""), text);
      for (const frame of frames) assert.ok(Buffer.byteLength(frame) <= MAX_FRAME_BYTES);
    }
  });

  it("are none for an empty text", () => assert.deepEqual(logFrames(""), []));
});

describe("the other lines", () => {
  it("are a result frame on one line, whatever is in it", () => {
    const result: RunResult = {
      runId: "r\n1", stdout: "a\nb", stderr: "\u2028", code: 0, duration: 1, returnData: { a: "😀\ud800" }, automnLogs: [], automnNotifications: [], input: {}, reason: "exited",
    };
    const frame = resultFrame(result);
    assert.equal(frame.indexOf("\n"), frame.length - 1);
    assert.doesNotMatch(frame, /\p{Cs}/u);
    assert.deepEqual(JSON.parse(frame), { type: "result", data: result });
  });

  it("are a keep-alive that the host ignores", () => assert.equal(KEEP_ALIVE.trim(), ""));
});
