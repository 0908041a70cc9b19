// The helpers of a Node.js script. `--require` loads this file before the script and again in each of its worker threads.
// It leaves nothing but the globals: no module in the cache, no variable in the environment.
"use strict";
const fs = require("node:fs");
const { inspect, types } = require("node:util");

const STDOUT = 1;
const STDERR = 2;

/** Objects nested deeper than this, and those after so many, are not shown: getters can make an object graph endless. */
const MAX_DEPTH = 500;
const MAX_OBJECTS = 100_000;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes the whole text before it returns, even to a full pipe. */
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

const globals = {
  AutomnReturn(data) {
    let json;
    try {
      json = JSON.stringify(data) ?? "null";
    } catch (error) {
      writeNow(STDERR, `Failed to serialize AutomnReturn data: ${reasonOf(error)}\n`);
      return;
    }
    writeNow(STDOUT, `__SCRIPTRETURN__${json}\n`);
  },
  AutomnLog(message, level = "info", context = {}, type = "general") {
    writeNow(STDOUT, `__SCRIPTLOG__${JSON.stringify(loggable({ message: messageOf(message), level, context, type }))}\n`);
  },
  AutomnNotify(audience, message, level = "info") {
    writeNow(STDOUT, `__SCRIPTNOTIFY__${JSON.stringify(loggable({ audience: audience ?? null, message: messageOf(message), level }))}\n`);
  },
  AutomnRunLog(...values) {
    writeNow(STDOUT, `${values.map(textOf).join(" ")}\n`);
  },
};

/** What an error says; any other message as it is. */
function messageOf(message) {
  return isError(message) ? attempt(() => String(message)) : message;
}

/** A value as a plain log line shows it: text as it is, anything else as indented JSON. */
function textOf(value) {
  const message = messageOf(value);
  const shown = loggable(message);
  return typeof shown === "string" && typeof message !== "object" ? shown : JSON.stringify(shown, null, 2);
}

/**
 * A copy that JSON can hold, for logs and notifications. Text stands for what JSON has no form for: numbers that are not
 * finite, BigInts, functions, symbols, undefined, cycles, and properties that throw.
 */
function loggable(value) {
  const ancestors = [];
  let objects = 0;

  function copy(one) {
    if (typeof one === "string" || typeof one === "boolean" || one === null || Number.isFinite(one)) return one;
    if (typeof one === "object") return copyObject(one);
    if (typeof one === "bigint") return typeof one.toJSON === "function" ? attempt(() => one.toJSON()) : String(one);
    return attempt(() => inspect(one, { depth: 0 }));
  }

  function copyObject(object) {
    if (ancestors.includes(object)) return "[Circular]";
    if (ancestors.length >= MAX_DEPTH || ++objects > MAX_OBJECTS) return "[Object]";
    ancestors.push(object);
    try {
      return copyContent(contentOf(object));
    } catch (error) {
      return thrown(error);
    } finally {
      ancestors.pop();
    }
  }

  function copyContent(content) {
    if (typeof content !== "object" || content === null) return copy(content);
    if (Array.isArray(content)) return Array.from(content, (_, index) => copy(read(content, index)));
    const copied = {};
    for (const name of Object.keys(content)) set(copied, name, copy(read(content, name)));
    return copied;
  }

  return copy(value);
}

/** What a log shows of an object: what its `toJSON` returns, its elements, its properties, or else `console.log`'s text. */
function contentOf(object) {
  if (Object.getPrototypeOf(object) === Object.prototype && object.toJSON === undefined) return object;
  if (types.isDate(object) && Number.isNaN(object.getTime())) return String(object);
  if (typeof object.toJSON === "function") return object.toJSON();
  if (types.isBoxedPrimitive(object)) return object.valueOf();
  if (types.isMap(object)) return Object.fromEntries(object);
  if (types.isSet(object)) return [...object];
  if (isError(object)) return fieldsOf(object);
  const isPlain = Array.isArray(object) || Object.prototype.toString.call(object) === "[object Object]";
  return isPlain || Object.keys(object).length > 0 ? object : inspect(object);
}

function fieldsOf(error) {
  const { name, message, stack } = error;
  return { name, message, stack, ...("cause" in error ? { cause: error.cause } : {}), ...error };
}

function read(object, name) {
  try {
    return object[name];
  } catch (error) {
    return thrown(error);
  }
}

/** Sets a property, also one that is called `__proto__`. */
function set(object, name, value) {
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true });
  else object[name] = value;
}

function isError(value) {
  return attempt(() => value instanceof Error) === true || types.isNativeError(value);
}

/** What a function returns, or as text why it throws. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    return thrown(error);
  }
}

/** Stands for what could not be read. */
function thrown(error) {
  return `[Throws: ${reasonOf(error)}]`;
}

/** Why something failed, whatever was thrown. */
function reasonOf(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "unknown";
  }
}

function readInput() {
  const { AUTOMN_INPUT_JSON: json, AUTOMN_INPUT_FILE: file } = process.env;
  return JSON.parse(json ?? (file === undefined ? "{}" : fs.readFileSync(file, "utf8")));
}

function define(name, descriptor) {
  Object.defineProperty(globalThis, name, { configurable: true, enumerable: false, ...descriptor });
}

/** Defines a global whose value is made when it is first read, and that can be replaced like any other. */
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

/** Node leaves pipes non-blocking, and `process.exit()` then loses what a full pipe has not taken yet. */
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

/** Makes `process.stdin` behave as for a pipe (automn-stdin.cjs), once it is read. */
function makeStdinSocket() {
  const descriptor = Object.getOwnPropertyDescriptor(process, "stdin");
  if (typeof descriptor?.get !== "function") return;
  let stream;
  Object.defineProperty(process, "stdin", {
    ...descriptor,
    get() {
      stream ??= require("./automn-stdin.cjs").inputSocket() ?? descriptor.get.call(process);
      return stream;
    },
  });
}

for (const [name, value] of Object.entries(globals)) define(name, { value, writable: true });
defineLazily("AutomnRunId", () => process.env.AUTOMN_RUN_ID);
defineLazily("AutomnInput", readInput);
makeBlocking("stdout");
makeBlocking("stderr");
makeStdinSocket();
delete require.cache[__filename];
