import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { start } from "../../runner/process/spawn.ts";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { collect } from "../support/output-pipe.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("start", { skip: process.platform === "win32" && "not on Windows" }, () => {
  async function startIn(t: Parameters<typeof temporaryFolder>[0], file: string, args: readonly string[] = []) {
    const directory = await temporaryFolder(t);
    const inputFile = join(directory, "input.json");
    await writeFile(inputFile, "{}");
    const stdioFactory = createStdioFactory(join(directory, "pipes"));
    const stdio = await stdioFactory.make(inputFile);
    t.after(() => stdioFactory.close());
    t.after(async () => stdio.close());
    const environment = { PATH: process.env["PATH"], WORD: "a b" };
    const child = await start({ file, args, environment: {} }, { directory, environment, stdio });
    const output = collect(stdio.stdout);
    return { child, directory, output };
  }

  it("the process leads its own group, in its directory and with its environment alone", async (t) => {
    const { child, directory, output } = await startIn(t, "/bin/sh", ["-c", "pwd -P; ps -o pgid= -p $$; echo $WORD $HOME; exit 3"]);
    assert.deepEqual(await child.exited, { code: 3, signal: null });
    await output.ended;
    assert.deepEqual(output.text().split("\n").map((line) => line.trim()), [directory, String(child.pid), "a b", ""]);
  });

  it("exited: the signal that ended the process", async (t) => {
    const { child } = await startIn(t, "/bin/sh", ["-c", "kill -9 $$"]);
    assert.deepEqual(await child.exited, { code: null, signal: "SIGKILL" });
  });

  const refused: readonly [string, string, readonly string[], string][] = [
    ["that is not there", "/nowhere/program", [], "ENOENT"],
    ["that may not be executed", "/etc/passwd", [], "EACCES"],
    ["whose arguments cannot be passed", "/bin/sh", ["\0"], "ERR_INVALID_ARG_VALUE"],
  ];
  for (const [what, file, args, code] of refused) it(`a program ${what} rejects with ${code}`, async (t) => {
    await assert.rejects(startIn(t, file, args), { code });
  });
});
