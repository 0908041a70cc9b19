import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NODE, POWERSHELL, PYTHON } from "./corpus.ts";
import { openHarness } from "./harness.ts";
import type { Harness, Outcome } from "./harness.ts";

let harness: Harness;
before(async () => { harness = await openHarness({ size: 2 }); });
after(() => harness.close());

for (const [language, corpus] of Object.entries({ node: NODE, python: PYTHON, powershell: POWERSHELL })) {
  describe(`a ${language} script, run warm and cold, behaves the same:`, () => {
    for (const script of corpus) {
      test(script.name, async (t) => {
        if ("message" in (await harness.languages.find(language))) return t.skip(`no ${language} here`);
        const testScript = { language, ...script };
        await harness.warmed(testScript);
        const warm = await harness.run(testScript, "warm");
        const cold = await harness.run(testScript, "cold");
        assert.equal(warm.start, "warm");
        assert.deepEqual(comparable(warm), comparable(cold));
        return undefined;
      });
    }
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
