import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { openFrameStream } from "../../runner/http/frame-stream.ts";
import type { FrameStream } from "../../runner/http/frame-stream.ts";
import { bytes } from "../support/bytes.ts";
import { ask, serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";
import { until } from "../support/until.ts";

const FRAME = bytes(`${"x".repeat(65_535)}\n`);

async function start(t: TestLifetime, silenceMs: number) {
  const streams: FrameStream[] = [];
  const counts = { gone: 0 };
  const port = await serve(t, (request, response) => {
    request.resume();
    streams.push(openFrameStream(response, silenceMs, () => { counts.gone += 1; }));
  });
  const opened = () => until(() => streams[0], "the stream to open");
  return { port, opened, counts };
}

/** A client that reads only when it is told to. */
function dial(t: TestLifetime, port: number) {
  const socket = connect(port, "127.0.0.1", () => socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"));
  let text = "";
  socket.on("data", (chunk) => { text += chunk.toString("utf8"); }).on("error", () => {});
  t.after(() => void socket.destroy());
  return { socket, text: () => text };
}

describe("a frame stream", () => {
  it("sends its headers at once, and nothing on the way may hold it back", async (t) => {
    const { port, opened } = await start(t, 60_000);
    const client = dial(t, port);
    const stream = await opened();
    const head = await until(() => client.text().includes("\r\n\r\n") && client.text(), "the headers");
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.match(head, /content-type: application\/x-ndjson/i);
    assert.match(head, /cache-control: no-store, no-transform/i);
    assert.match(head, /x-accel-buffering: no/i);
    assert.doesNotMatch(head, /content-length/i);
    stream.end(bytes("{}\n"));
  });

  it("writes each frame as it comes and ends with the last one", async (t) => {
    const { port, opened, counts } = await start(t, 60_000);
    const answer = ask(port, "/", { method: "POST" });
    const stream = await opened();
    for (const frame of ["1\n", "2\n", "é€😀\n"]) stream.write(bytes(frame));
    stream.end(bytes("end\n"));
    assert.equal((await answer).body, "1\n2\né€😀\nend\n");
    assert.equal(counts.gone, 0);
  });

  it("ends with what it has written where there is no last frame", async (t) => {
    const { port, opened, counts } = await start(t, 60_000);
    const answer = ask(port, "/", { method: "POST" });
    const stream = await opened();
    stream.write(bytes("1\n"));
    stream.end();
    assert.equal((await answer).body, "1\n");
    assert.equal(counts.gone, 0);
  });

  it("breaks a silence by an empty line, again and again, and not while frames come", async (t) => {
    const { port, opened } = await start(t, 150);
    const answer = ask(port, "/", { method: "POST" });
    const stream = await opened();
    const began = performance.now();
    await new Promise<void>((resolve) => {
      const ticking = setInterval(() => {
        stream.write(bytes("x\n"));
        if (performance.now() - began < 500) return;
        clearInterval(ticking);
        resolve();
      }, 10);
    });
    await new Promise((resolve) => setTimeout(resolve, 800));
    stream.end(bytes("end\n"));
    const { body } = await answer;
    const silences = /(\n+)end\n$/.exec(body)?.[1]?.length ?? 0;
    assert.ok(silences - 1 >= 2 && silences - 1 <= 6, `${silences - 1} empty lines in 800 ms of silence`);
  });

  it("says when the reader has fallen behind, and when it has caught up", async (t) => {
    const { port, opened } = await start(t, 60_000);
    const client = dial(t, port);
    client.socket.pause();
    const stream = await opened();
    assert.equal(stream.full, false);
    let sent = 0;
    while (!stream.full) {
      stream.write(FRAME);
      sent += 65_536;
      assert.ok(sent < 200 * 1024 * 1024);
      if (sent % (1024 * 1024) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    let resumed = 0;
    stream.onceDrained(() => { resumed += 1; });
    client.socket.resume();
    await until(() => resumed === 1, "the reader to catch up");
    assert.equal(stream.full, false);
    stream.end(bytes("end\n"));
    await until(() => client.text().includes("end\n"), "the last frame");
    assert.equal(resumed, 1);
  });

  it("keeps silent towards a reader that has fallen behind", async (t) => {
    const { port, opened } = await start(t, 20);
    const client = dial(t, port);
    client.socket.pause();
    const stream = await opened();
    while (!stream.full) {
      for (let i = 0; i < 32; i++) stream.write(FRAME);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    stream.end(bytes("end\n"));
    client.socket.resume();
    await until(() => client.text().includes("end\n"), "the last frame");
    assert.doesNotMatch(client.text().slice(client.text().indexOf("\r\n\r\n") + 4).replace(/\r\n[0-9a-f]+\r\n/g, ""), /x\n\n\nend/);
  });

  it("tells of a reader that leaves early, once, and swallows what comes after", async (t) => {
    const { port, opened, counts } = await start(t, 20);
    const client = dial(t, port);
    const stream = await opened();
    let resumed = 0;
    client.socket.pause();
    while (!stream.full) {
      for (let i = 0; i < 32; i++) stream.write(FRAME);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    stream.onceDrained(() => { resumed += 1; });
    client.socket.destroy();
    await until(() => counts.gone === 1, "the leaving to be noticed");
    assert.equal(resumed, 1);
    assert.equal(stream.full, false);
    stream.write(bytes("more\n"));
    stream.end(bytes("end\n"));
    assert.equal(counts.gone, 1);
  });
});
