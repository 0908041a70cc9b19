// Makes a Node.js process wait for its script (languages/node.ts, `warm`). Node, all else done, asks `Module.runMain` for the
// function that runs the main script. Here that is a getter: it waits for the job on the inherited pipe, applies it, puts
// Node's own function back and returns it, bound to the job's file. A bound function has no frame of its own, so the script
// finds the stack, the loader and everything else as a process finds it that was started for it.
// In a worker thread of the script the environment is the script's by then, and nothing is done.
"use strict";

const NEWLINE = 10;

/** Reads one line of JSON: `{ file, environment, directory? }`. When the runner has gone there is nobody to tell. */
function nextJob(fs, channel) {
  const chunks = [];
  fs.writeSync(channel, "r");
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(64 * 1024);
    const size = fs.readSync(channel, chunk);
    if (size === 0) process.reallyExit(0);
    chunks.push(chunk.subarray(0, size));
    if (chunk[size - 1] === NEWLINE) break;
  }
  fs.writeSync(channel, "a");
  fs.closeSync(channel);
  return JSON.parse(chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString());
}

/** Everything goes first, so that the order too is that of a process started with it. */
function replaceEnvironment(environment) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const name of Object.keys(environment)) process.env[name] = environment[name];
}

function waitAtMain(Module, fs, channel) {
  const own = Object.getOwnPropertyDescriptor(Module, "runMain");
  Object.defineProperty(Module, "runMain", {
    configurable: true,
    enumerable: own.enumerable,
    get() {
      Object.defineProperty(Module, "runMain", own);
      const { file, environment, directory } = nextJob(fs, channel);
      if (directory !== undefined) process.chdir(directory);
      replaceEnvironment(environment);
      process.argv[1] = file;
      return own.value.bind(Module, file);
    },
  });
}

/** Has Node load and compile now what nearly every script makes it: standard output, and the texts of `console.log`. */
function loadAhead() {
  require("node:net");
  require("node:util").format("%s", "", { a: [1] });
}

/** Takes this file out of the loader's books. */
function leaveNoTrace(Module) {
  delete require.cache[__filename];
  for (const key of Object.keys(Module._pathCache)) if (key.startsWith(__filename)) delete Module._pathCache[key];
}

if (process.env.AUTOMN_WARM_CHANNEL !== undefined) {
  loadAhead();
  waitAtMain(module.constructor, require("node:fs"), Number(process.env.AUTOMN_WARM_CHANNEL));
}
leaveNoTrace(module.constructor);
