import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { Workspaces } from "../../runner/workspace/workspaces.ts";
import { createLog } from "../../runner/lib/log.ts";
import { temporaryFolder } from "../support/folder.ts";
import { collect } from "../support/output-pipe.ts";
import { run } from "../support/results.ts";
import { until } from "../support/until.ts";

/** What lies beside the workspaces. */
const COMMON = ["pipes", "package.json"];

async function start(t: Parameters<typeof temporaryFolder>[0], ahead = 2) {
  const workDir = join(await temporaryFolder(t), "work", "dir");
  const stdioFactory = createStdioFactory(join(workDir, "pipes"));
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => void lines.push(line) });
  const workspaces = new Workspaces({ workDir, ahead, stdioFactory, log });
  t.after(async () => {
    await workspaces.close();
    await stdioFactory.close();
  });
  return { workDir, workspaces, stdioFactory, lines };
}

const openFiles = async () => (await readdir("/proc/self/fd")).length;

describe("Workspace", () => {
  for (const ahead of [0, 2]) it(`is an empty directory with the input in a file beside it, ${ahead} made ahead`, async (t) => {
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
    const folders = [workDir, dirname(workspace.directory), workspace.directory];
    for (const folder of folders) assert.equal((await stat(folder)).mode & 0o777, 0o700, folder);
    assert.equal((await stat(workspace.inputFile)).mode & 0o777, 0o600);
    await workspace.close();
  });

  it("gives a process its input on stdin, then the end of file", { skip: process.platform === "win32" }, async (t) => {
    const { workspaces } = await start(t);
    for (const input of ["{}", '{"a":"first"}', `"${"y".repeat(1_000_000)}"`]) {
      const workspace = await workspaces.open(input);
      const child = spawn("/bin/sh", ["-c", "wc -c; pwd -P >&2; ls -A"], { cwd: workspace.directory, stdio: [...workspace.stdio.stdio] });
      const [out, err] = [collect(workspace.stdio.stdout), collect(workspace.stdio.stderr)];
      workspace.stdio.connect(child);
      await Promise.all([out.ended, err.ended]);
      assert.deepEqual([out.text().trim(), err.text().trim()], [String(input.length), workspace.directory]);
      await workspace.close();
    }
  });

  it("close: it is gone, with all that lies in it", async (t) => {
    const { workspaces, workDir } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    await mkdir(join(workspace.directory, "a", "b"), { recursive: true });
    await writeFile(join(workspace.directory, "a", "b", "c"), "");
    await workspace.close();
    assert.deepEqual((await readdir(workDir)).filter((name) => !COMMON.includes(name)), []);
    await workspace.close();
  });

  it("close: no error when somebody has removed it", async (t) => {
    const { workspaces, workDir, lines } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    await rm(workDir, { recursive: true });
    await workspace.close();
    assert.deepEqual(lines, []);
  });

  it("close: what cannot be removed is logged soon, not thrown, at whatever depth", { timeout: 30_000 }, async (t) => {
    const { workspaces, workDir, lines } = await start(t, 0);
    const workspace = await workspaces.open("{}");
    const mount = join(workspace.directory, "a", "b", "c", "mount");
    await mkdir(mount, { recursive: true });
    if ((await run("mount", "-t", "tmpfs", "tmpfs", mount)) !== 0) return t.skip("NOT TESTED: this user cannot mount a file system");
    try {
      await workspace.close();
      assert.match(lines.join(""), /warn {2}Cannot remove a folder/);
    } finally {
      await run("umount", mount);
      await rm(workDir, { recursive: true, force: true });
    }
    return undefined;
  });
});

describe("Workspaces", () => {
  it("open: each workspace is its own", async (t) => {
    const { workspaces } = await start(t);
    const open = await Promise.all(Array.from({ length: 20 }, (_, i) => workspaces.open(String(i))));
    assert.equal(new Set(open.map(({ directory }) => directory)).size, 20);
    for (const [i, workspace] of open.entries()) assert.equal(await readFile(workspace.inputFile, "utf8"), String(i));
    await Promise.all(open.map((workspace) => workspace.close()));
  });

  it("open: workspaces made ahead that somebody has removed are made anew, again and again", async (t) => {
    const { workspaces, workDir } = await start(t, 3);
    for (let round = 0; round < 5; round++) {
      const workspace = await workspaces.open('{"round":1}');
      assert.deepEqual(await readdir(workspace.directory), []);
      await until(async () => (await readdir(workDir).catch(() => [])).length >= 5, "workspaces made ahead");
      await rm(workDir, { recursive: true, maxRetries: 5 });
      const next = await workspaces.open('{"round":2}');
      assert.equal(await readFile(next.inputFile, "utf8"), '{"round":2}');
      assert.deepEqual(await readdir(next.directory), []);
      await Promise.all([workspace.close(), next.close()]);
    }
  });

  it("open: workspaces made ahead whose working directory somebody has removed are made anew", async (t) => {
    const { workspaces, workDir } = await start(t, 2);
    const first = await workspaces.open("{}");
    await until(async () => (await readdir(workDir)).length >= 5, "workspaces made ahead");
    const homes = (await readdir(workDir)).filter((name) => !COMMON.includes(name)).map((name) => join(workDir, name));
    for (const home of homes) if (home !== dirname(first.directory)) await rm(join(home, "work"), { recursive: true, force: true });
    const next = await workspaces.open("{}");
    assert.deepEqual(await readdir(next.directory), []);
    await Promise.all([first.close(), next.close()]);
  });

  it("close: workspaces made ahead and not used are gone", async (t) => {
    const { workspaces, stdioFactory, workDir } = await start(t, 4);
    const workspace = await workspaces.open("{}");
    await until(async () => (await readdir(workDir)).length >= 7, "workspaces made ahead");
    await workspace.close();
    await workspaces.close();
    await stdioFactory.close();
    assert.deepEqual((await readdir(workDir, { recursive: true })).filter((name) => !COMMON.includes(name)), []);
  });

  it("close: no descriptor is left open", { skip: process.platform !== "linux" && "looks into /proc" }, async (t) => {
    const { workspaces } = await start(t, 0);
    await (await workspaces.open("{}")).close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = await openFiles();
    for (let i = 0; i < 30; i++) await (await workspaces.open("{}")).close();
    await until(async () => (await openFiles()) <= before, "the descriptors to be closed");
  });

  const needsProc = { skip: process.platform !== "linux" && "looks into /proc" };
  it("open: no descriptor is left open where a workspace cannot be made", needsProc, async (t) => {
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

  it("open: rejects with the system's error where a workspace cannot be made", async (t) => {
    const home = await temporaryFolder(t);
    await writeFile(join(home, "file"), "");
    const stdioFactory = createStdioFactory(join(home, "pipes"));
    t.after(() => stdioFactory.close());
    const log = createLog({ level: "error", format: "json", write: () => {} });
    const workspaces = new Workspaces({ workDir: join(home, "file", "x"), ahead: 2, stdioFactory, log });
    await assert.rejects(workspaces.open("{}"), { code: "ENOTDIR" });
    await workspaces.close();
  });
});
