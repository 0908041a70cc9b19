// What comes of a script is what comes of `pwsh -File SCRIPT`: each is run in that way, cold and warm.
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createStdioFactory, type StdioFactory } from "../../../runner/process/stdio.ts";
import { sha256 } from "../../../runner/workspace/script-files.ts";
import { runOn } from "../../support/output-pipe.ts";
import { type Harness, type Outcome, openHarness } from "../../warm/harness.ts";
import { AS_FILE } from "./corpus.ts";
import { noPwsh as skip, pwsh } from "./pwsh.ts";

describe("a script does as by `pwsh -File`, cold and warm:", { skip }, () => {
  let harness: Harness;
  let stdioFactory: StdioFactory;
  before(async () => {
    harness = await openHarness({ size: 1 });
    stdioFactory = createStdioFactory(join(harness.workDir, "bare-pipes"));
  });
  after(async () => {
    await stdioFactory.close();
    await harness.close();
  });

  /** Runs the file that the harness has placed, by PowerShell alone and without colours. */
  async function runBare(code: string, input: unknown): Promise<object> {
    const scripts = join(harness.workDir, "..", "scripts");
    const place = (await readdir(scripts, { recursive: true })).find((name) => name.endsWith(`${sha256(code).slice(0, 16)}.ps1`)) ?? "";
    const home = join(harness.workDir, "bare");
    const [cwd, inputFile] = [join(home, "work"), join(harness.workDir, "bare.json")];
    await mkdir(cwd, { recursive: true });
    await writeFile(inputFile, JSON.stringify(input));
    const { stdout, stderr, code: exitCode } = await runOn(
      await stdioFactory.make(inputFile), pwsh?.path ?? "", ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", join(scripts, place)],
      { cwd, env: { ...process.env, PWD: cwd, NO_COLOR: "1" } },
    );
    await rm(home, { recursive: true });
    return { stdout: stdout.replaceAll(home, "<workspace>"), stderr: stderr.replaceAll(home, "<workspace>"), code: exitCode };
  }

  const comparable = ({ stdout, stderr, code }: Outcome): object => ({ stdout: stdout.replaceAll("<room>", "<workspace>"), stderr: stderr.replaceAll("<room>", "<workspace>"), code });

  for (const { name, ...specimen } of AS_FILE) {
    test(name, async () => {
      const errand = { language: "powershell", ...specimen };
      await harness.warmed(errand);
      const warm = await harness.run(errand, "warm");
      const cold = await harness.run(errand, "cold");
      const bare = await runBare(specimen.code, specimen.input ?? {});
      assert.deepEqual([warm.start, cold.start], ["warm", "cold"]);
      assert.deepEqual(comparable(cold), bare);
      assert.deepEqual(comparable(warm), bare);
    });
  }
});
