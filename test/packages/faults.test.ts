import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { failure, openHarness, ready, registryMissing } from "./harness.ts";
import { until } from "../support/until.ts";

const run = promisify(execFile);
const CODE = 'require("is-number") // @^7\nrequire("lodash"); require("is-odd")';
const RUNNER = fileURLToPath(new URL("./two-runners.ts", import.meta.url));

/** Another process on the same folder; its lines as they come. */
function anotherRunner(root: string): { child: ChildProcess; lines: string[]; ended: Promise<unknown> } {
  const child = spawn(process.execPath, ["--import", "tsx", RUNNER, root, CODE], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines, ended: once(child, "close") };
}

/** Ends what a killed process left running, as the service does when it starts again. */
async function endOrphans(pid: number | undefined): Promise<void> {
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (environment.includes(`AUTOMN_RUN_MARK=test.${pid}.`)) process.kill(Number(name), "SIGKILL");
  }
}

describe("Packages: faults", { skip: registryMissing || (process.platform !== "linux" && "NOT TESTED: needs /proc") }, () => {
  test("after SIGKILL in the middle of an installation, ten times, the next run works each time", async () => {
    const root = await mkdtemp(join(tmpdir(), "runner-packages-"));
    for (let round = 0; round < 10; round++) {
      const { child, lines, ended } = anotherRunner(root);
      await until(() => lines.includes("installing"), "the installer to begin");
      await delay(round * 120);
      child.kill("SIGKILL");
      await ended;
      if (round % 2 === 0) await endOrphans(child.pid);
      const harness = await openHarness({ root });
      const { codeHome = "", release } = ready(await harness.ensure(CODE));
      assert.equal((await run(process.execPath, ["-e", `${CODE}\nconsole.log(require("is-odd")(3))`], { cwd: codeHome })).stdout, "true\n");
      release();
      await harness.packages.restore(() => Promise.resolve(undefined));
      await endOrphans(child.pid);
      await harness.packages.clear(0);
      await until(async () => {
        await harness.packages.restore(() => Promise.resolve(undefined));
        return (await harness.sets()).length === 0;
      }, "every set to be removed");
      await harness.close();
    }
    await rm(root, { recursive: true });
  });

  test("two runners on one directory install one set, which both use", async () => {
    const root = await mkdtemp(join(tmpdir(), "runner-packages-"));
    const both = [anotherRunner(root), anotherRunner(root)];
    await Promise.all(both.map(({ ended }) => ended));
    const [first, second] = both.map(({ lines }) => lines.at(-1));
    assert.match(first ?? "", /^ready /);
    assert.equal(second, first);
    assert.equal((await readdir(join(root, "scripts", "one", "sets"))).length, 1);
    await rm(root, { recursive: true });
  });

  test("a disk that fills up is named as the reason, and no half of a set is left", async (t) => {
    const root = await mkdtemp(join(tmpdir(), "runner-packages-"));
    try {
      await run("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", root]);
    } catch (error) {
      await rm(root, { recursive: true });
      return t.skip(`NOT TESTED: a small tmpfs can't be mounted here: ${(error as Error).message.trim()}`);
    }
    await mkdir(join(root, "scripts"));
    const harness = await openHarness({ root });
    const message = failure(await harness.ensure('require("lodash")'));
    assert.match(message, /^Cannot install the npm package lodash: .*ENOSPC.*no space left on device/s);
    assert.deepEqual(await harness.sets(), []);
    const small = ready(await harness.ensure('require("is-number")'));
    small.release();
    await harness.close();
    await run("umount", [root]);
    await rm(root, { recursive: true });
    return undefined;
  });
});
