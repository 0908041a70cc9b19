import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { createWorkspaces } from "../../runner/workspace/workspaces.ts";
import { createLog } from "../../runner/lib/log.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

async function start(t: Parameters<typeof temporaryFolder>[0], ahead = 2) {
  const workDir = join(await temporaryFolder(t), "work", "dir");
  const stdioFactory = createStdioFactory(join(workDir, "pipes"));
  const lines: string[] = [];
  const workspaces = createWorkspaces({ workDir, ahead, stdioFactory, log: createLog({ level: "debug", format: "text", write: (line) => void lines.push(line) }) });
  t.after(async () => {
    await workspaces.close();
    await stdioFactory.close();
  });
  return { workDir, workspaces, stdioFactory, lines };
}

const openFiles = async () => (await readdir("/proc/self/fd")).length;

describe("a room", () => {
  for (const ahead of [0, 2]) it(`is an empty directory with the input in a file beside it (${ahead} made ahead)`, async (t) => {
    const { workspaces, workDir } = await start(t, ahead);
    for (const input of ["{}", "null", '"é€😀"', `"${"x".repeat(15_000_000)}"`, '{"a":1}']) {
      const workspace = await workspaces.open(input);
      assert.deepEqual(await readdir(workspace.directory), []);
      assert.equal(await readFile(workspace.inputFile, "utf8"), input);
      assert.ok(workspace.directory.startsWith(workDir) && workspace.inputFile.startsWith(workDir));
      assert.ok(!workspace.inputFile.startsWith(workspace.directory));
      await workspace.close();
    }
  });

  it("is readable for the runner's own user alone", { skip: process.platform === "win32" }, async (t) => {
    const { workspaces, workDir } = await start(t);
    const workspace = await workspaces.open("{}");
    for (const [path, mode] of [[workDir, 0o700], [dirname(workspace.directory), 0o700], [workspace.directory, 0o700], [workspace.inputFile, 0o600]] as const) assert.equal((await stat(path)).mode & 0o777, mode, path);
    await workspace.close();
  });

  it("gives a process its input on stdin, then the end of file", { skip: process.platform === "win32" }, async (t) => {
    const { workspaces } = await start(t);
    for (const input of ["{}", '{"a":"first"}', `"${"y".repeat(1_000_000)}"`]) {
      const workspace = await workspaces.open(input);
      const child = spawn("/bin/sh", ["-c", "wc -c; pwd -P >&2; ls -A"], { cwd: workspace.directory, stdio: [...workspace.stdio.stdio] });
      let out = "";
      let err = "";
      const ended = [workspace.stdio.stdout, workspace.stdio.stderr].map((outputPipe, i) => new Promise<void>((resolve) => outputPipe.read((bytes) => { if (i === 0) out += bytes.toString(); else err += bytes.toString(); }, resolve)));
      workspace.stdio.connect(child);
      await Promise.all(ended);
      assert.deepEqual([out.trim(), err.trim()], [String(input.length), workspace.directory]);
      await workspace.close();
    }
  });

  it("is gone when it is closed, with all that lies in it", async (t) => {
    const { workspaces, workDir } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    await mkdir(join(workspace.directory, "a", "b"), { recursive: true });
    await writeFile(join(workspace.directory, "a", "b", "c"), "");
    await workspace.close();
    assert.deepEqual((await readdir(workDir)).filter((name) => name !== "pipes"), []);
    await workspace.close();
  });

  it("can be closed when somebody has removed it", async (t) => {
    const { workspaces, workDir, lines } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    await rm(workDir, { recursive: true });
    await workspace.close();
    assert.deepEqual(lines, []);
  });

  it("that can't be removed is told in the log, not thrown", { skip: (process.platform === "win32" || process.getuid?.() === 0) && "root may remove anything" }, async (t) => {
    const { workspaces, lines } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    await mkdir(join(workspace.directory, "locked"));
    await writeFile(join(workspace.directory, "locked", "file"), "");
    await chmod(join(workspace.directory, "locked"), 0o500);
    await workspace.close();
    assert.match(lines.join(""), /warn {2}Cannot remove a working directory/);
    await chmod(join(workspace.directory, "locked"), 0o700);
  });
});

describe("rooms", () => {
  it("are each their own", async (t) => {
    const { workspaces } = await start(t);
    const open = await Promise.all(Array.from({ length: 20 }, (_, i) => workspaces.open(String(i))));
    assert.equal(new Set(open.map(({ directory }) => directory)).size, 20);
    for (const [i, workspace] of open.entries()) assert.equal(await readFile(workspace.inputFile, "utf8"), String(i));
    await Promise.all(open.map((workspace) => workspace.close()));
  });

  it("are made anew when those made ahead were removed under it, again and again", async (t) => {
    const { workspaces, workDir } = await start(t, 3);
    for (let round = 0; round < 5; round++) {
      const workspace = await workspaces.open('{"round":1}');
      assert.deepEqual(await readdir(workspace.directory), []);
      await until(async () => (await readdir(workDir).catch(() => [])).length >= 4, "rooms made ahead");
      await rm(workDir, { recursive: true, maxRetries: 5 });
      const next = await workspaces.open('{"round":2}');
      assert.equal(await readFile(next.inputFile, "utf8"), '{"round":2}');
      assert.deepEqual(await readdir(next.directory), []);
      await Promise.all([workspace.close(), next.close()]);
    }
  });

  it("are made anew when only what was made ahead inside them was removed", async (t) => {
    const { workspaces, workDir } = await start(t, 2);
    const first = await workspaces.open("{}");
    await until(async () => (await readdir(workDir)).length >= 4, "rooms made ahead");
    for (const name of await readdir(workDir)) if (name !== "pipes" && join(workDir, name) !== dirname(first.directory)) await rm(join(workDir, name, "work"), { recursive: true, force: true });
    const next = await workspaces.open("{}");
    assert.deepEqual(await readdir(next.directory), []);
    await Promise.all([first.close(), next.close()]);
  });

  it("made ahead and not used are gone after the end", async (t) => {
    const { workspaces, stdioFactory, workDir } = await start(t, 4);
    const workspace = await workspaces.open("{}");
    await until(async () => (await readdir(workDir)).length >= 6, "rooms made ahead");
    await workspace.close();
    await workspaces.close();
    await stdioFactory.close();
    assert.deepEqual((await readdir(workDir, { recursive: true })).filter((name) => name !== "pipes"), []);
  });

  it("leave no descriptor open", { skip: process.platform !== "linux" && "looks into /proc" }, async (t) => {
    const { workspaces } = await start(t, 0);
    await (await workspaces.open("{}")).close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = await openFiles();
    for (let i = 0; i < 30; i++) await (await workspaces.open("{}")).close();
    await until(async () => (await openFiles()) <= before, "the descriptors to be closed");
  });

  it("leave no descriptor open when they can't be made", { skip: process.platform !== "linux" && "looks into /proc" }, async (t) => {
    const { workspaces, workDir } = await start(t, 0);
    await (await workspaces.open("{}")).close();
    const before = await openFiles();
    for (let i = 0; i < 30; i++) {
      const opening = workspaces.open("{}").then((workspace) => workspace.close(), () => {});
      await new Promise((resolve) => setImmediate(resolve));
      await rm(workDir, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
      await opening;
    }
    await until(async () => (await openFiles()) <= before + 1, "the descriptors to be closed", 5000);
  });

  it("reject with the system's error where none can be made", async (t) => {
    const home = await temporaryFolder(t);
    await writeFile(join(home, "file"), "");
    const stdioFactory = createStdioFactory(join(home, "pipes"));
    t.after(() => stdioFactory.close());
    const workspaces = createWorkspaces({ workDir: join(home, "file", "x"), ahead: 2, stdioFactory, log: createLog({ level: "error", format: "json", write: () => {} }) });
    await assert.rejects(workspaces.open("{}"), { code: "ENOTDIR" });
    await workspaces.close();
  });
});
