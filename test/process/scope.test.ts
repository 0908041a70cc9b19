import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { processTable } from "../../runner/process/table.ts";

const TABLE = fileURLToPath(new URL("../../runner/process/table.ts", import.meta.url));
const PRINT_SCOPE = `import(${JSON.stringify(TABLE)}).then(({ processTable }) => console.log(processTable().scope))`;

/** The scope that another process finds, started by a command that changes what it sees. */
function scopeIn(...prefix: readonly string[]): string {
  const [command = "", ...args] = [...prefix, process.execPath, "--import", "tsx", "-e", PRINT_SCOPE];
  return execFileSync(command, args, { encoding: "utf8", cwd: fileURLToPath(new URL(".", import.meta.url)) }).trim();
}

const canUnshare = process.platform === "linux" && spawnSync("unshare", ["--pid", "--mount-proc", "--fork", "true"]).status === 0;
const unshare = ["unshare", "--pid", "--fork", "--kill-child"];

describe("ProcessTable.scope", () => {
  it("is twelve hexadecimal digits", () => {
    for (const platform of ["linux", "darwin", "win32"] as const) assert.match(processTable(platform).scope, /^[0-9a-f]{12}$/);
  });

  it("is the same for all processes that see each other", { skip: process.platform !== "linux" && "Linux has namespaces" }, () =>
    assert.equal(scopeIn("env"), processTable().scope));

  it("is another one in another PID namespace", { skip: !canUnshare && "no namespace can be made here" }, () => {
    const inside = scopeIn(...unshare, "--mount-proc");
    assert.match(inside, /^[0-9a-f]{12}$/);
    assert.notEqual(inside, processTable().scope);
  });

  it("is a process's own where /proc shows another namespace's processes", { skip: !canUnshare && "no namespace can be made here" }, () => {
    const [first, second] = [scopeIn(...unshare), scopeIn(...unshare)];
    assert.equal(new Set([first, second, processTable().scope]).size, 3);
  });
});
