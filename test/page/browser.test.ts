import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before as beforeAll, beforeEach, describe, test } from "node:test";
import { errorPage } from "../../runner/page/error-page.ts";
import { operatorPage } from "../../runner/page/page.ts";
import type { PageView } from "../../runner/page/view.ts";
import { browserMissing, openBrowser, type Browser } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { before, draining, everyText, fresh, now, ready, refused, silent, unset } from "./views.ts";

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const types: Record<string, string> = { css: "text/css", js: "text/javascript", ico: "image/x-icon" };

/** A server as small as can be that shows one view and remembers what it was asked. */
class Stage {
  view: PageView = fresh;
  asked: string[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.asked.push(`${request.method} ${path} ${body}`.trim());
    response.setHeader("content-security-policy", policy);
    const type = types[/^\/(?:assets\/runner|favicon)\.(\w+)$/.exec(path)?.[1] ?? ""];
    response.setHeader("content-type", type ?? "text/html; charset=utf-8");
    if (type) response.end(await readFile(new URL(`../../public${path}`, import.meta.url)));
    else response.end(path === "/missing" ? errorPage(404, "Not found", "There is nothing at /missing.") : operatorPage(this.view));
  }
}

// Contrast as WCAG 2.1 defines it, for each element with text of its own, against the nearest background behind it.
const faintTexts = `
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (channel) => (channel /= 255) <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const measured = [];
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    if (own(element) && element.getClientRects().length > 0) {
      const name = element.tagName + " " + element.textContent.trim().slice(0, 30);
      measured.push([name, contrast(luminance(parse(style.color)), luminance(behind(element))), 4.5]);
    }
    if (element.tagName === "INPUT" || element.matches(".quiet")) {
      const [line, back] = [parse(style.borderTopColor), behind(element.parentElement)];
      measured.push([element.tagName + " border", contrast(luminance(line), luminance(back)), 3]);
    }
  }
  if (measured.length < 10) return ["only " + measured.length + " texts were measured"];
  return measured.filter(([, found, wanted]) => found < wanted).map(([name, found]) => name + ": " + found.toFixed(2));
`;

const hostile = [
  `"><img src=x onerror="window.hit=1">`,
  "</title><script>window.hit=1</script>",
  "' autofocus onfocus='window.hit=1",
];

const sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
const refreshNow = 'document.dispatchEvent(new Event("visibilitychange"))';

describe("the operator page in a browser", { skip: browserMissing }, () => {
  const stage = new Stage();
  let browser: Browser;

  beforeAll(async () => {
    await stage.open();
    browser = await openBrowser();
  });
  beforeEach(async () => {
    stage.view = fresh;
    stage.asked = [];
    await browser.emulate({ scheme: "light", width: 1280, height: 900 });
  });
  after(async () => {
    await browser?.close();
    stage.close();
  });

  for (const scheme of ["light", "dark"] as const) {
    test(`every text is legible in the ${scheme} scheme`, async () => {
      await browser.emulate({ scheme });
      for (const view of [fresh, unset, refused, ready, silent, draining, { ...ready, outcome: { ok: true, message: "Registered." } }]) {
        stage.view = view;
        await browser.goto(stage.url);
        assert.deepEqual(await browser.evaluate(faintTexts), []);
      }
    });
  }

  test("light and dark differ in every main colour", async () => {
    stage.view = ready;
    const colours = `return ["body", ".card", "h1", ".lead", "a", ".badge"].map((name) => {
      const { color, backgroundColor } = getComputedStyle(document.querySelector(name));
      return color + backgroundColor;
    })`;
    await browser.goto(stage.url);
    const light = await browser.evaluate<string[]>(colours);
    await browser.emulate({ scheme: "dark" });
    const dark = await browser.evaluate<string[]>(colours);
    light.forEach((colour, index) => assert.notEqual(colour, dark[index]));
  });

  test("nothing scrolls sideways at 320 pixels, however long the words", async () => {
    await browser.emulate({ width: 320, height: 640 });
    const long = `https://${"a".repeat(300)}.example.com/${"b".repeat(300)}`;
    for (const view of [fresh, unset, refused, ready, silent, draining, everyText(ready, long), everyText(fresh, "W".repeat(400))]) {
      stage.view = view;
      await browser.goto(stage.url);
      assert.equal(await browser.evaluate(sideways), 0);
    }
    await browser.goto(`${stage.url}/missing`);
    assert.equal(await browser.evaluate(sideways), 0);
  });

  test("hostile values run nothing and add nothing", async () => {
    const count = "return document.querySelectorAll('*').length";
    for (const view of [fresh, ready]) {
      const counts = [];
      for (const text of ["plain", ...hostile]) {
        stage.view = everyText(view, text);
        await browser.goto(stage.url);
        counts.push(await browser.evaluate<number>(count));
        assert.equal(await browser.evaluate("return window.hit ?? null"), null);
      }
      assert.equal(new Set(counts).size, 1, String(counts));
    }
  });

  test("the page refreshes itself, keeps the outcome until the runner stands elsewhere, and tells of the change", async () => {
    stage.view = { ...refused, now: new Date().toISOString() };
    await browser.goto(`${stage.url}/ui/register`);
    assert.equal(new URL(await browser.url()).pathname, "/", "loading the page again must not send the form again");
    stage.view = { ...refused, outcome: undefined, runtimes: { node: "22.1.0" } };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.text("#part-details")).includes("22.1.0"), "the new version");
    assert.equal(await browser.count("#outcome"), 1);
    stage.view = { ...ready, outcome: undefined };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.title()).startsWith("Registered"), "the registration");
    assert.equal(await browser.count("#outcome, form[action='/ui/register']"), 0);
    assert.equal(await browser.evaluate("return document.getElementById('announcement').textContent"), "Ready for work");
  });

  test("a refresh takes away neither what is being typed nor the focus", async () => {
    await browser.goto(stage.url);
    await browser.type("#secret", "half a sec");
    stage.view = { ...refused, outcome: undefined };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.text("h1")).startsWith("The host has not"), "the new headline");
    assert.equal(await browser.evaluate("return document.activeElement.id + document.activeElement.value"), "secrethalf a sec");
    stage.view = ready;
    await browser.goto(stage.url);
    await browser.evaluate("document.getElementById('again').focus()");
    stage.view = { ...silent, runner: { ...silent.runner, runnerId: "build-02" } };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.title()).includes("build-02"), "the new id");
    assert.equal(await browser.evaluate("return document.activeElement.id"), "again");
  });

  test("a token that is being typed stays while the rest of the page is kept fresh", async () => {
    stage.view = ready;
    await browser.goto(stage.url);
    await browser.type("#token", "half a tok");
    const packages = { ...ready.packages, sets: 15 };
    stage.view = { ...draining, runtimes: { node: "22.1.0" }, packages };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.text("#part-details")).includes("22.1.0"), "the new version");
    assert.equal(await browser.text("h1"), "Shutting down: no new jobs");
    assert.equal(await browser.evaluate("return document.activeElement.id + document.activeElement.value"), "tokenhalf a tok");
    await browser.evaluate("document.activeElement.blur()");
    stage.view = { ...stage.view, runtimes: { node: "22.2.0" } };
    await browser.evaluate(refreshNow);
    await until(async () => (await browser.text("#part-details")).includes("22.2.0"), "the next version");
    assert.equal(await browser.evaluate("return document.getElementById('token').value"), "half a tok", "left there, though not in focus");
    await browser.evaluate("document.getElementById('token').value = ''");
    await browser.evaluate(refreshNow);
    await until(async () => /Sets\s+15/.test(await browser.text("#part-packages")), "the new figures");
  });

  test("the token is sent to where packages are cleared, and what came of it is told", async () => {
    stage.view = ready;
    await browser.goto(stage.url);
    await browser.type("#token", "a token & more");
    stage.view = { ...ready, outcome: { ok: true, message: "14 sets of packages removed." } };
    await browser.click(".clearing button");
    await until(async () => (await browser.count("#outcome")) === 1, "the outcome");
    assert.ok(stage.asked.includes("POST /ui/package-cache/clear token=a+token+%26+more"), stage.asked.join("\n"));
    assert.equal(await browser.text("#outcome"), "14 sets of packages removed.");
    assert.equal(new URL(await browser.url()).pathname, "/", "loading the page again must not send the form again");
  });

  test("the script tells times in the same words as the runner", async () => {
    for (const seconds of [0, 95, 5 * 3_600 + 100, 9 * 86_400, -150]) {
      stage.view = { ...ready, heartbeat: { ...ready.heartbeat, lastAt: before(seconds) } };
      await browser.goto(stage.url);
      const told = await browser.text("#part-details");
      await browser.evaluate("document.querySelectorAll('time').forEach((time) => { time.textContent = ''; })");
      await until(async () => (await browser.evaluate("return document.querySelector('time').textContent")) !== "", "the next second");
      const words = (text: string): string[] => text.match(/(in )?\d+ (minute|hour|day)s?( ago)?/g) ?? [];
      assert.deepEqual(words(await browser.text("#part-details")), words(told));
    }
  });

  test("the keyboard reaches everything in order, and the focus is seen", async () => {
    await browser.goto(stage.url);
    const seen: string[] = [];
    const focus = `const { activeElement: at } = document;
      return [at.id || at.className || at.textContent, getComputedStyle(at).outlineStyle + parseFloat(getComputedStyle(at).outlineWidth)]`;
    for (let step = 0; step < 5; step++) {
      await browser.press("\uE004");
      const [name, outline] = await browser.evaluate<[string, string]>(focus);
      seen.push(name);
      assert.equal(outline, "solid3", name);
    }
    assert.deepEqual(seen, ["skip", "brand", "https://automn.example.com", "secret", "Register this runner"]);
  });

  test("no page makes the browser complain", async () => {
    await browser.complaints();
    for (const view of [fresh, unset, refused, ready, silent, draining]) {
      stage.view = view;
      await browser.goto(stage.url);
      await browser.evaluate(refreshNow);
    }
    await browser.goto(`${stage.url}/missing`);
    assert.deepEqual(await browser.complaints(), []);
    assert.ok(stage.asked.includes("GET /assets/runner.css"));
  });

  test("a runner that is gone is said, and said no more once it is back", async () => {
    stage.view = { ...ready, now };
    await browser.goto(stage.url);
    const shown = async (): Promise<boolean> => browser.evaluate("return !document.getElementById('stale').hidden");
    await browser.evaluate("window.realFetch = fetch; window.fetch = () => Promise.reject(new Error('gone'));" + refreshNow);
    await until(shown, "the notice");
    await browser.evaluate("window.fetch = window.realFetch;" + refreshNow);
    await until(async () => !(await shown()), "the notice to go");
  });
});

test("the form can be filled in and sent with JavaScript off", { skip: browserMissing }, async () => {
  const stage = new Stage();
  await stage.open();
  const browser = await openBrowser({ javascript: false, width: 360, height: 740 });
  try {
    await browser.goto(stage.url);
    await browser.type("#secret", "correct horse battery+staple&");
    stage.view = { ...ready, outcome: { ok: true, message: "Registered." } };
    await browser.click("button[type=submit]");
    await until(async () => (await browser.title()).startsWith("Registered"), "the answer");
    assert.ok(stage.asked.includes("POST /ui/register secret=correct+horse+battery%2Bstaple%26"), stage.asked.join("\n"));
    assert.ok(!stage.asked.includes("GET /assets/runner.js"), "scripts are off");
    await browser.click("#again");
    await until(() => stage.asked.some((line) => line.startsWith("GET /ui/reregister")), "the second registration");
    assert.deepEqual(await browser.complaints(), []);
  } finally {
    await browser.close();
    stage.close();
  }
});
