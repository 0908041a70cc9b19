// Standard input as scripts know it from a pipe: a socket, with `ref` and `unref`, that closes after its end. The input is a
// file, so that it can be opened again by name; for a file, Node makes `process.stdin` an `fs.ReadStream`, which has neither.
"use strict";
const fs = require("node:fs");
const { Socket } = require("node:net");
const { clearImmediate, clearTimeout, setImmediate, setTimeout } = require("node:timers");
const { isMainThread } = require("node:worker_threads");

const STDIN = 0;
/** What is read at once, as from a pipe. */
const CHUNK_BYTES = 64 * 1024;

/** A socket over standard input; undefined where standard input is not the run's input file. A worker thread has its own. */
function inputSocket() {
  return isMainThread && isInput(STDIN) ? socketOver(STDIN) : undefined;
}

function isInput(fd) {
  try {
    const [found, input] = [fs.fstatSync(fd, { bigint: true }), fs.statSync(process.env.AUTOMN_INPUT_FILE, { bigint: true })];
    return found.isFile() && found.ino === input.ino && found.dev === input.dev;
  } catch {
    return false;
  }
}

/** Makes the socket as Node makes it for a pipe (lib/internal/bootstrap/switches/is_main_thread.js). */
function socketOver(fd) {
  const handle = new FileHandle(fd);
  const socket = new Socket({ handle, readable: true, writable: false, manualStart: true });
  socket._writableState.ended = true;
  socket.fd = fd;
  const stopIfPaused = () => {
    if (!handle.reading || socket.readableFlowing) return;
    socket._readableState.reading = false;
    handle.readStop();
  };
  socket.on("pause", () => process.nextTick(stopIfPaused));
  handle.attach(socket);
  return socket;
}

/**
 * What a socket asks of its handle. A file is always readable: while the socket reads, each turn of the event loop hands over
 * a chunk. Bound functions do that, so that no frame of this file is in the stack of an error that the script throws then.
 */
class FileHandle {
  bytesRead = 0;
  bytesWritten = 0;
  /** Set by the socket when it begins to read. */
  reading = false;
  #socket;
  #referenced = true;
  /** Cancels the next read; undefined while none is due. */
  #cancel;

  constructor(fd) {
    this.fd = fd;
  }

  attach(socket) {
    this.#socket = socket;
  }

  readStart() {
    if (this.#cancel === undefined) this.#schedule();
    return 0;
  }

  readStop() {
    this.#cancel?.();
    this.#cancel = undefined;
    this.reading = false;
    return 0;
  }

  ref() {
    this.#setReferenced(true);
  }

  unref() {
    this.#setReferenced(false);
  }

  hasRef() {
    return this.#referenced;
  }

  close(onClosed) {
    this.readStop();
    setImmediate(onClosed);
  }

  #setReferenced(referenced) {
    this.#referenced = referenced;
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#schedule();
  }

  /** An unreferenced timer wakes an event loop that waits for something else; an unreferenced immediate does not. */
  #schedule() {
    const read = () => this.#read();
    if (this.#referenced) this.#cancel = clearImmediate.bind(undefined, setImmediate(read));
    else this.#cancel = clearTimeout.bind(undefined, setTimeout(read).unref());
  }

  #read() {
    this.#cancel = undefined;
    const socket = this.#socket;
    if (socket.readableLength >= socket.readableHighWaterMark) {
      this.reading = false;
      return;
    }
    try {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const size = fs.readSync(this.fd, chunk);
      this.bytesRead += size;
      process.nextTick(socket.push.bind(socket, size === 0 ? null : chunk.subarray(0, size)));
      if (size > 0) this.#schedule();
      else process.nextTick(socket.read.bind(socket, 0));
    } catch (error) {
      process.nextTick(socket.destroy.bind(socket, error));
    }
  }
}

module.exports = { inputSocket };
delete require.cache[__filename];
