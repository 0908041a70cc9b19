// The process that automn.sh starts for an argument above 1 KiB: reads pairs of kind and text from stdin, each ended by a
// NUL, up to the kind `end`, and prints the one line that they make. The kinds are `raw`, `text` and `value`, as there.
// Bytes are treated as Latin-1 characters, so those that are not UTF-8 pass through as they are.
"use strict";

const { readFileSync, writeSync } = require("node:fs");

const fields = readFileSync(0, "latin1").split("\0");
let line = "";
for (let at = 0; at < fields.length && fields[at] !== "end"; at += 2) {
  line += shown(fields[at], fields[at + 1]);
}
print(Buffer.from(`${line}\n`, "latin1"));

function shown(kind, text) {
  if (kind === "raw") return text;
  if (kind === "value" && isJson(text)) return text.replace(/[\n\r\t]/g, " ");
  return JSON.stringify(text);
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Writes all of it, also to a non-blocking pipe that is full. Exit code 3: the line is lost. */
function print(bytes) {
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      if (error.code === "EAGAIN") {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      process.exit(3);
    }
  }
}
