// The helpers of a Node.js script, loaded by `--require` before it and again in each of its worker threads.
// Nothing stays behind but the globals: no module in the cache, no variable in the environment.
"use strict";
const fs = require("node:fs");

const STDOUT = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of a text before it returns, also into a pipe that is full. */
function writeNow(fd, text) {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(fd, bytes));
    } catch (error) {
      if (error.code !== "EAGAIN") return;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** Prints a marker line; a value that is no JSON is reported under the helper's name, and the script goes on. */
function mark(helper, marker, value) {
  let json;
  try {
    json = JSON.stringify(value) ?? "null";
  } catch (error) {
    writeNow(2, `Failed to serialize ${helper} data: ${error?.message ?? error}\n`);
    return;
  }
  writeNow(STDOUT, `${marker}${json}\n`);
}

function plain(value) {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? String(value));
}

const globals = {
  AutomnReturn(data) {
    mark("AutomnReturn", "__SCRIPTRETURN__", data);
  },
  AutomnLog(message, level = "info", context = {}, type = "general") {
    mark("AutomnLog", "__SCRIPTLOG__", { message: loggable(message), level, context, type });
  },
  AutomnNotify(audience, message, level = "info") {
    mark("AutomnNotify", "__SCRIPTNOTIFY__", { audience, message: loggable(message), level });
  },
  AutomnRunLog(...values) {
    let line;
    try {
      line = values.map(plain).join(" ");
    } catch (error) {
      writeNow(2, `Failed to serialize AutomnRunLog data: ${error?.message ?? error}\n`);
      return;
    }
    writeNow(STDOUT, `${line}\n`);
  },
};

/** JSON knows neither errors nor undefined; as a message both are worth more than `{}` and nothing. */
function loggable(message) {
  return message instanceof Error || message === undefined || typeof message === "symbol" || typeof message === "function" ? String(message) : message;
}

function readInput() {
  const { AUTOMN_INPUT_JSON: json, AUTOMN_INPUT_FILE: file } = process.env;
  return JSON.parse(json ?? (file === undefined ? "{}" : fs.readFileSync(file, "utf8")));
}

function define(name, descriptor) {
  Object.defineProperty(globalThis, name, { configurable: true, enumerable: false, ...descriptor });
}

/** A value that is made when somebody first asks for it, and can be replaced like any other. */
function defineLazily(name, make) {
  define(name, {
    get() {
      const value = make();
      define(name, { value, writable: true });
      return value;
    },
    set(value) {
      define(name, { value, writable: true });
    },
  });
}

/** Node leaves pipes non-blocking, and `process.exit()` then drops what a full pipe has not taken yet. */
function makeBlocking(name) {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);
  if (typeof descriptor?.get !== "function") return;
  Object.defineProperty(process, name, {
    ...descriptor,
    get() {
      const stream = descriptor.get.call(process);
      stream?._handle?.setBlocking?.(true);
      Object.defineProperty(process, name, descriptor);
      return stream;
    },
  });
}

for (const [name, value] of Object.entries(globals)) define(name, { value, writable: true });
defineLazily("AutomnRunId", () => process.env.AUTOMN_RUN_ID);
defineLazily("AutomnInput", readInput);
makeBlocking("stdout");
makeBlocking("stderr");
delete require.cache[__filename];
