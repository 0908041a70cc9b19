// Makes a Node.js process wait for its script (`warm` in languages/node/node.ts). When everything else is ready, Node reads
// `Module.runMain`, the function that runs the main script. Here that is a getter: it waits for the job on the inherited
// pipe, takes over its environment, restores Node's own function and returns it, bound to the script's file. A bound function
// has no stack frame of its own, so the script sees the stack and the loader of a process that was started for it.
// Worker threads of the script load this file too, but have the script's environment by then: nothing happens there.
"use strict";

const NEWLINE = 10;

/** Reads the job, one line of JSON: `{ file, environment, directory? }`. Ends the process when the runner has closed the pipe. */
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

/** Removes every variable first, so that their order too is that of a process started with this environment. */
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

/** Loads and compiles what nearly every script needs: standard output, and the formatting of `console.log`. */
function loadAhead() {
  require("node:net");
  require("node:util").format("%s", "", { a: [1] });
}

/** Removes this file from the module loader's caches. */
function leaveNoTrace(Module) {
  delete require.cache[__filename];
  for (const key of Object.keys(Module._pathCache)) if (key.startsWith(__filename)) delete Module._pathCache[key];
}

if (process.env.AUTOMN_WARM_CHANNEL !== undefined) {
  loadAhead();
  waitAtMain(module.constructor, require("node:fs"), Number(process.env.AUTOMN_WARM_CHANNEL));
}
leaveNoTrace(module.constructor);
