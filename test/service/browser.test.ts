import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { afterwards } from "../support/cleanup.ts";
import { browserMissing, openBrowser } from "../support/browser.ts";
import { RUNNER_ID, SECRET } from "../support/host.ts";
import { startPair, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

for (const javascript of [true, false]) {
  test(`operator page: the secret form registers the runner with JavaScript ${javascript ? "on" : "off"}`, { skip: browserMissing, timeout: 120_000 }, async (t) => {
    const { host, service } = await startPair(t);
    const browser = await openBrowser({ javascript });
    afterwards(t, () => browser.close());
    await browser.goto(service.url);
    assert.match(await browser.title(), /Needs its secret/);
    await browser.type("#secret", "not the host's secret");
    await browser.click("button[type=submit]");
    await until(async () => (await browser.text()).includes("does not match"), "the host's refusal");
    await browser.type("#secret", SECRET);
    await browser.click("button[type=submit]");
    await until(async () => (await browser.title()).startsWith("Registered"), "the registration");
    assert.match(await browser.text("h1"), /Ready for work/);
    assert.equal(await browser.count("form[method=post]"), 0);
    assert.ok((await browser.text()).includes(RUNNER_ID));
    assert.ok(!(await browser.evaluate<string>("return document.documentElement.outerHTML").catch(() => service.page())).includes(SECRET));
    assert.equal(host.endpointOf(RUNNER_ID), `${service.url}/api/run`);
    await browser.goto(`${service.url}/ui/reregister`);
    assert.match(await browser.text(), /The host accepted this runner/);
    assert.deepEqual(await browser.complaints(), []);
  });
}

test("operator page: complete before and after registration, in the light and the dark color scheme", { skip: browserMissing, timeout: 120_000 }, async (t) => {
  const { service } = await startPair(t);
  const browser = await openBrowser();
  afterwards(t, () => browser.close());
  const shots = process.env["SCREENSHOTS"] ?? (await temporaryDirectory(t));
  for (const [when, headline] of [["before", /Connect this runner/], ["after", /Ready for work/]] as const) {
    if (when === "after") await service.sendForm(SECRET);
    for (const scheme of ["light", "dark"] as const) {
      await browser.emulate({ scheme, width: 1100, height: 800 });
      await browser.goto(service.url);
      assert.match(await browser.text("h1"), headline);
      assert.equal(await browser.evaluate("return [...document.images].every((image) => image.naturalWidth > 0)"), true, "every picture is there");
      assert.notEqual(await browser.evaluate("return getComputedStyle(document.querySelector('.card, .details, main')).fontFamily"), "");
      assert.equal(await browser.evaluate("return document.styleSheets.length > 0 && document.styleSheets[0].cssRules.length > 10"), true, "the style sheet is used");
      await browser.screenshot(join(shots, `${when}-${scheme}.png`));
    }
  }
  assert.deepEqual(await browser.complaints(), []);
});
