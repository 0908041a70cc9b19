// A run's frames on their way to the host: newline-delimited JSON that nothing on the way may hold back.
import type { ServerResponse } from "node:http";
import { KEEP_ALIVE } from "../protocol/frames.ts";

const HEADERS = {
  "content-type": "application/x-ndjson; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** An answer that is written frame by frame. */
export interface FrameStream {
  write(frame: Buffer): void;
  /** Whether the reader has fallen behind. */
  readonly full: boolean;
  /** Calls back once the reader has caught up, or has gone. */
  onceDrained(resume: () => void): void;
  /** Writes the last frame, if there is one more, and ends the answer. */
  end(frame?: Buffer): void;
}

/** Sends the headers at once and an empty line after every `silenceMs` without a frame. Calls `onGone` if the reader leaves early. */
export function openFrameStream(response: ServerResponse, silenceMs: number, onGone: () => void): FrameStream {
  let ended = false;
  let lastWrite = performance.now();
  let silence = setTimeout(breakSilence, silenceMs);
  response.writeHead(200, HEADERS);
  response.flushHeaders();
  response.on("error", () => {});
  const { socket } = response.req;
  response.once("close", leave);
  socket.once("close", leave); // an answer that waits behind another one on its connection is not told

  function leave(): void {
    response.off("close", leave);
    socket.off("close", leave);
    clearTimeout(silence);
    if (!ended) onGone();
    ended = true;
  }
  function breakSilence(): void {
    const quietFor = performance.now() - lastWrite;
    if (quietFor >= silenceMs && !response.writableNeedDrain) put(KEEP_ALIVE);
    silence = setTimeout(breakSilence, quietFor >= silenceMs ? silenceMs : silenceMs - quietFor);
  }
  const gone = () => response.destroyed || socket.destroyed;
  function put(frame: Buffer): void {
    lastWrite = performance.now();
    if (!gone()) response.write(frame);
  }

  return {
    write: put,
    get full() { return response.writableNeedDrain && !gone(); },
    onceDrained(resume) {
      const once = () => {
        response.off("drain", once);
        socket.off("close", once);
        resume();
      };
      response.on("drain", once);
      socket.on("close", once);
    },
    end(frame) {
      ended = true;
      clearTimeout(silence);
      socket.off("close", leave);
      if (!gone()) response.end(frame);
    },
  };
}
