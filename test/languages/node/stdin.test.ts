import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { node } from "../../../runner/languages/node/node.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { runScript } from "../../support/run-script.ts";
import { assertAsWithPipe, STDIN_SCRIPTS } from "./stdin-scripts.ts";

const home = await temporaryFolder({ after });
const interpreter = { path: process.execPath, version: process.versions.node };

describe("process.stdin of a Node.js script is as for a pipe:", { skip: process.platform === "win32" && "there is no cat" }, () => {
  for (const name of Object.keys(STDIN_SCRIPTS)) it(name, async () => {
    for (const input of ["small", "of many chunks ".repeat(70_000)]) await assertAsWithPipe(name, { home, interpreter, input });
  });
});

describe("standard input of a Node.js script, unlike a pipe", () => {
  const READERS: Readonly<Record<string, string>> = {
    "can be opened again by name": "process.stdin.on('close', () => console.log(require('fs').readFileSync('/dev/stdin').length)).resume()",
    "can be opened by name after a part was read": `
      require('fs').readSync(0, Buffer.alloc(3)); console.log(require('fs').readFileSync('/dev/stdin').length)
    `,
    "can be opened by a child after the script has read it": `
      require('fs').readFileSync(0);
      require('child_process').spawnSync('sh', ['-c', 'wc -c < /dev/stdin'], { stdio: 'inherit' })
    `,
    "can be read at once while it is a stream": "process.stdin.unref(); console.log(require('fs').readFileSync(0).length)",
  };
  for (const [name, code] of Object.entries(READERS)) it(name, { skip: process.platform === "win32" }, async () => {
    const { code: exit, stdout, stderr } = await runScript(code, { home, language: node, interpreter, input: "x".repeat(300_000) });
    assert.deepEqual([exit, stdout.trim(), stderr], [0, "300002", ""]);
  });

  it("leaves another file on standard input to Node itself", async () => {
    const code = `
      if (process.argv[2]) return console.log(process.stdin.constructor.name);
      const stdio = [require('fs').openSync(__filename), 'inherit', 'inherit'];
      require('child_process').spawnSync(process.execPath, [...process.execArgv, __filename, 'x'], { stdio });
    `;
    assert.equal((await runScript(code, { home, language: node, interpreter })).stdout, "ReadStream\n");
  });
});
