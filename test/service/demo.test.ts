import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { SERVICE } from "../../scripts/built-runner.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const ROOT = dirname(dirname(SERVICE));

interface Demo {
  readonly output: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** The demo as `npm run demo` starts it, with a folder of its own for temporary files. */
function demo(t: TestContext, temporary: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Demo {
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/demo/main.ts", ...args], { cwd: ROOT, env: { ...process.env, TMPDIR: temporary, TMP: temporary, TEMP: temporary, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => { output += text; });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  afterwards(t, () => child.kill("SIGKILL"));
  return { output: () => output, ended, kill: (signal) => void child.kill(signal) };
}

/** What is left, the cache of the TypeScript loader apart. */
async function leftIn(temporary: string): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => !name.startsWith("tsx-"));
}

test("demo --once: registers, runs every installed language, names the missing ones, exits with 0 and cleans up", { timeout: 120_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { output, ended } = demo(t, temporary, ["--once"], { AUTOMN_RUNNER_POWERSHELL_PATH: "/no/such/pwsh" });
  assert.equal(await ended, 0, output());
  for (const words of [/Registered +demo-runner, version \d/, /Interpreters +Node\.js \d/, /node +│ ✓ returned {"invited":/, /shell +│ ✓ returned {"cake":true/, /● success {2}Invitations sent/, /✉ notify admin: /]) assert.match(output(), words);
  assert.match(output(), /powershell +│ Seat the guests – not run: .*AUTOMN_RUNNER_POWERSHELL_PATH/);
  assert.match(output(), /(\d) of \1 scripts did what they should, [12] could not run here/);
  assert.ok(!output().includes("\u001b"), "no colours where there is no terminal");
  assert.ok(!output().includes("__SCRIPT"), "no marker lines");
  assert.deepEqual(await leftIn(temporary), []);
});

test("demo: runs until it is interrupted, then ends the runner and the host and cleans up", { timeout: 120_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { output, ended, kill } = demo(t, temporary, [], { AUTOMN_RUNNER_POWERSHELL_PATH: "/no/such/pwsh" });
  const url = await until(() => /The page +(http:\S+)/.exec(output())?.[1], "the addresses", 60_000);
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(new URL("/status", url))).status, 200);
  kill("SIGINT");
  assert.equal(await ended, 0, output());
  await assert.rejects(fetch(url), "the runner has ended");
  assert.deepEqual(await leftIn(temporary), []);
});

test("demo: an interruption during a script ends everything", { timeout: 120_000 }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const { output, ended, kill } = demo(t, temporary, ["--once"]);
  await until(() => output().includes("→ Grace"), "the first script");
  kill("SIGTERM");
  assert.equal(await ended, 1);
  assert.ok(!output().includes("✗"), output());
  assert.deepEqual(await leftIn(temporary), []);
});

test("demo --once: a script with a wrong outcome is reported and makes the demo fail", { timeout: 120_000, skip: process.platform === "win32" }, async (t) => {
  const temporary = await temporaryDirectory(t);
  const bad = join(await temporaryDirectory(t), "node");
  await writeFile(bad, `#!/bin/sh\n[ "$1" = -p ] && echo '{"path":"${bad}","version":"20.11.0"}' && exit 0\necho here\nexit 3\n`, { mode: 0o700 });
  const { output, ended } = demo(t, temporary, ["--once"], { AUTOMN_RUNNER_NODE_PATH: bad, AUTOMN_RUNNER_POWERSHELL_PATH: "/no/such/pwsh" });
  assert.equal(await ended, 1, output());
  assert.match(output(), /node +│ ✗ it ended with code 3/);
  assert.match(output(), /shell +│ ✓ returned/);
  assert.deepEqual(await leftIn(temporary), []);
});

test("demo: --help prints the usage and an unknown option is refused", async (t) => {
  const temporary = await temporaryDirectory(t);
  const help = demo(t, temporary, ["--help"]);
  assert.equal(await help.ended, 0);
  assert.match(help.output(), /npm run demo[\s\S]*--once/);
  const wrong = demo(t, temporary, ["--twice"]);
  assert.equal(await wrong.ended, 2);
  assert.match(wrong.output(), /--twice/);
});
