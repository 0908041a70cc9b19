import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WITH_HELPERS as POWERSHELL } from "../languages/powershell/corpus.ts";
import { NODE, PYTHON } from "./corpus.ts";
import { openHarness } from "./harness.ts";
import type { Harness, Outcome } from "./harness.ts";

let harness: Harness;
before(async () => { harness = await openHarness({ size: 2 }); });
after(() => harness.close());

for (const [language, corpus] of Object.entries({ node: NODE, python: PYTHON, powershell: POWERSHELL })) {
  describe(`a script of ${language} finds the same warm as cold:`, () => {
    for (const specimen of corpus) {
      test(specimen.name, async (t) => {
        if ("message" in (await harness.languages.find(language))) return t.skip(`no ${language} here`);
        const errand = { language, ...specimen };
        await harness.warmed(errand);
        const warm = await harness.run(errand, "warm");
        const cold = await harness.run(errand, "cold");
        assert.equal(warm.start, "warm");
        assert.deepEqual(comparable(warm), comparable(cold));
        return undefined;
      });
    }
  });
}

/** Without what can't be the same: numbers of processes, addresses and the native stack trace that is made of them. */
function comparable({ stdout, stderr, code, signal, pid }: Outcome): object {
  const text = (one: string) => one.replaceAll(String(pid), "<pid>").replace(/0x[0-9a-f]{6,}/g, "<address>").replace(/\(node:\d+\)/g, "(node:<pid>)").replace(/^ *\d+: <address>.*\n/gm, "");
  return { stdout: text(stdout), stderr: text(stderr), code, signal };
}
