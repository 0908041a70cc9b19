import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WITH_HELPERS as POWERSHELL } from "../languages/powershell/corpus.ts";
import { IN_SCRIPT_DIR, NODE, PYTHON } from "./corpus.ts";
import { openHarness } from "./harness.ts";
import type { Harness, Outcome, TestScript } from "./harness.ts";
import type { TestContext } from "../support/cleanup.ts";

let harness: Harness;
before(async () => { harness = await openHarness({ size: 2 }); });
after(() => harness.close());

/** Runs a script warm and cold and compares what came of both. */
async function compare(t: TestContext, script: TestScript): Promise<void> {
  const { language } = script;
  if ("message" in (await harness.languages.find(language))) return t.skip(`no ${language} here`);
  await harness.warmed(script);
  const warm = await harness.run(script, "warm");
  const cold = await harness.run(script, "cold");
  assert.equal(warm.start, "warm");
  assert.deepEqual(comparable(warm), comparable(cold));
}

for (const [language, corpus] of Object.entries({ node: NODE, python: PYTHON, powershell: POWERSHELL })) {
  describe(`a ${language} script, run warm and cold, behaves the same:`, () => {
    for (const { name, ...script } of corpus) test(name, (t) => compare(t, { language, ...script }));
    test("its lasting directory as its working directory", (t) => compare(t, { language, code: IN_SCRIPT_DIR[language] ?? "", inScriptDir: true }));
  });
}

/** Without what cannot be the same: numbers of processes, addresses and the native stack trace that is made of them. */
function comparable({ stdout, stderr, code, signal, pid }: Outcome): object {
  const text = (one: string) => one.replaceAll(String(pid), "<pid>")
    .replace(/0x[0-9a-f]{6,}/g, "<address>")
    .replace(/\(node:\d+\)/g, "(node:<pid>)")
    .replace(/^ *\d+: <address>.*\n/gm, "");
  return { stdout: text(stdout), stderr: text(stderr), code, signal };
}
