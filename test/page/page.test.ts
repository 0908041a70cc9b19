import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorPage } from "../../runner/page/error-page.ts";
import { operatorPage } from "../../runner/page/page.ts";
import { statusOf } from "../../runner/page/status.ts";
import type { PageView } from "../../runner/page/view.ts";
import { before, draining, everyText, fresh, ready, refused, silent, unset } from "./views.ts";

const environment: PageView = {
  ...fresh,
  form: false,
  runner: { ...fresh.runner, secretConfigured: true, secretSource: "environment" },
};

test("the page says where the runner stands, in the title and in words", () => {
  const cases: readonly [PageView, string, RegExp][] = [
    [unset, "settings", /<title>Settings missing · Automn runner</],
    [fresh, "secret", /<title>Needs its secret · build-01 · Automn runner</],
    [environment, "waiting", /<title>Registering · build-01/],
    [refused, "refused", /<title>Not registered · build-01/],
    [ready, "ready", /<title>Registered · build-01[^]*Ready for work/],
    [{ ...ready, heartbeat: { ...ready.heartbeat, failuresInARow: 1 } }, "failing", /<title>Heartbeat failing/],
    [silent, "silent", /<title>Gets no jobs[^]*for 6 minutes[^]*keeps trying/],
    [{ ...silent, heartbeat: { intervalMs: 0, failuresInARow: 0 } }, "silent", /Heartbeats are switched off/],
    [{ ...ready, missing: [["AUTOMN_HOST_URL"]] }, "settings", /<title>Settings missing/],
    [draining, "draining", /<title>Shutting down · build-01[^]*Shutting down: no new jobs[^]*ends when 2 active runs have ended/],
    [{ ...draining, runs: { active: 1, total: 1, byOutcome: {} } }, "draining", /ends when 1 active run has ended/],
    [{ ...fresh, draining: true }, "draining", /No run is active/],
  ];
  for (const [view, kind, wanted] of cases) {
    assert.equal(statusOf(view).kind, kind);
    assert.match(operatorPage(view), wanted);
  }
});

test("a runner that shuts down is not registered again by hand", () => {
  assert.match(operatorPage(ready), /\/ui\/reregister/);
  assert.doesNotMatch(operatorPage(draining), /\/ui\/reregister/);
});

test("the form is there exactly when the view says so", () => {
  for (const view of [fresh, unset, refused, ready, silent, environment]) {
    const page = operatorPage(view);
    assert.equal(/<form method="post" action="\/ui\/register"/.test(page), view.form);
    assert.equal(/<input[^>]* name="secret" type="password"[^>]* autocomplete="off"/.test(page), view.form);
  }
});

test("where there is no form and no registration, the page says why", () => {
  assert.match(operatorPage(environment), /The secret comes from the environment[^]*AUTOMN_RUNNER_SECRET_FILE/);
  const cleared = { ...fresh, form: false, runner: { ...fresh.runner, locked: true } };
  assert.match(operatorPage(cleared), /The form is closed[^]*\/internal\/reset/);
  assert.doesNotMatch(operatorPage(ready), /comes from the environment|form is closed/);
});

test("each missing setting is named with what it is and how it looks, an unknown one by its name", () => {
  const page = operatorPage({ ...unset, missing: [...unset.missing, ["AUTOMN_RUNNER_NEW"], ["constructor"]] });
  assert.match(page, /AUTOMN_HOST_URL=https:\/\/automn\.example\.com/);
  assert.match(page, /AUTOMN_RUNNER_ID=build-01/);
  assert.match(page, /AUTOMN_RUNNER_PUBLIC_URL=http:[^<]*<\/code><\/span> <span>or<\/span> <code class="name">AUTOMN_RUNNER_ENDPOINT_URL<\/code> <span>The address to which/);
  assert.match(page, /<li><code class="name">AUTOMN_RUNNER_NEW<\/code><\/li><li><code class="name">constructor<\/code><\/li>/);
});

test("a registered runner shows its host, heartbeat, languages, runs, version and uptime", () => {
  const page = operatorPage(ready);
  for (const wanted of [
    /Host<\/dt><dd><code><a href="https:\/\/automn\.example\.com\/"/,
    /Endpoint<\/dt><dd><code>http:\/\/runner-01\.example\.com:3030\/api\/run</,
    /Registered since<\/dt><dd><time[^>]*>12 days ago/,
    /Interval<\/dt><dd>every minute/,
    /Last<\/dt><dd><time[^>]*>14 seconds ago/,
    /Next<\/dt><dd><time[^>]*>in 46 seconds/,
    /Failures in a row<\/dt><dd>none/,
    /Python<\/dt><dd><code>3\.11\.7/,
    /PowerShell<\/dt><dd><em>not found<\/em>[^]*AUTOMN_RUNNER_POWERSHELL_PATH/,
    /<b>2<\/b> <span>active now/,
    /<b>12,804<\/b> <span>since the start/,
    /timed-out<\/dt><dd>17</,
    /Version 0\.3\.0/,
    /Up for 12 days 2 hours/,
    /<form method="get" action="\/ui\/reregister"/,
  ]) assert.match(page, wanted);
});

test("a registered runner shows its packages and the processes that it started ahead", () => {
  const page = operatorPage(ready);
  for (const wanted of [
    /Mode<\/dt><dd>automatic/,
    /Last used<\/dt><dd><time[^>]*>3 hours ago/,
    /Sets<\/dt><dd>14</,
    /Packages<\/dt><dd>1,038</,
    /Size<\/dt><dd>313 MiB</,
    /Installing now<\/dt><dd>1</,
    /Warm<\/dt><dd><p>Node\.js: 2 waiting <[^>]*>9,870 hits, 1 miss<[^]*Python: 0 waiting <[^>]*>41 hits, 12 misses</,
  ]) assert.match(page, wanted);
  const other = (packages: Partial<PageView["packages"]>): string => operatorPage({ ...ready, packages: { ...fresh.packages, ...packages }, warmPool: {} });
  assert.match(other({ mode: "offline" }), /Mode<\/dt><dd>offline <[^>]*>nothing is fetched[^]*Last used<\/dt><dd>never<[^]*0 bytes<[^]*Installing now<\/dt><dd>nothing</);
  assert.match(other({ mode: "off" }), /Mode<\/dt><dd>switched off/);
  assert.doesNotMatch(other({}), /Warm</);
  assert.doesNotMatch(operatorPage({ ...fresh, clearForm: true }), />Packages<|package-cache/);
});

test("packages can be cleared on the page exactly when the view says so", () => {
  for (const clearForm of [true, false]) for (const view of [ready, silent, draining]) {
    const page = operatorPage({ ...view, clearForm });
    assert.equal(/<form [^>]*method="post" action="\/ui\/package-cache\/clear"/.test(page), clearForm);
    assert.equal(/<input[^>]* name="token" type="password"[^>]* autocomplete="off"/.test(page), clearForm);
    assert.equal(/waits up to a minute\s+for runs that use a set/.test(page), clearForm);
  }
});

test("errors are alerts, a success is a status, and a reason is not said twice", () => {
  const reason = "The secret does not match the one for runner build-01.";
  assert.equal(operatorPage(refused).split(reason).length, 2);
  assert.match(operatorPage(refused), /role="alert">[^]*The secret does not match/);
  assert.match(operatorPage({ ...refused, outcome: undefined }), /role="alert">[^]*The secret does not match/);
  assert.match(operatorPage(unset), /role="alert">[^]*kept aside/);
  const done = operatorPage({ ...ready, outcome: { ok: true, message: "Registered." } });
  assert.match(done, /role="status"><svg[^]*<p>Registered\.<\/p>/);
  assert.doesNotMatch(done, /role="alert"/);
});

test("the field is marked only where the secret itself is at fault", () => {
  const message = "Cannot reach the host.";
  const cases: readonly [PageView, boolean][] = [
    [fresh, false],
    [refused, true],
    [{ ...fresh, outcome: { ok: false, message: "Too short." } }, true],
    [{ ...refused, outcome: { ok: false, message } }, false],
    [{ ...fresh, outcome: { ok: false, message, secretAtFault: false } }, false],
  ];
  for (const [view, marked] of cases) assert.equal(operatorPage(view).includes('aria-invalid="true"'), marked);
});

/** The tags of a page with the names of their attributes: what a hostile value must not change. */
function skeleton(page: string): string[] {
  return (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/="[^"]*"/g, ""));
}

test("no value of any field can add a tag or an attribute", () => {
  const hostile = [
    `"><img src=x onerror=alert(1)>`,
    `' onmouseover='alert(1)' x='`,
    "</title></style></textarea><script>alert(1)</script>",
    "--><!--<svg onload=alert(1)>",
    "javascript:alert(1)//https://a",
    "` onfocus=alert(1) autofocus `",
    "\0<\0script>alert(1)",
    "&lt;script&gt;",
    "' onfocus='window.hit=1",
    "__proto__x",
  ];
  for (const view of [fresh, unset, refused, ready, silent, draining, environment]) {
    const plain = skeleton(operatorPage(everyText(view, "plain")));
    for (const text of hostile) assert.deepEqual(skeleton(operatorPage(everyText(view, text))), plain, text);
  }
  for (const text of hostile) assert.deepEqual(skeleton(errorPage(404, text, text)), skeleton(errorPage(404, "plain", "plain")), text);
});

test("a host URL can become a link, and never one that leaves http", () => {
  const hrefs = (hostUrl: string): string[] => {
    const page = operatorPage({ ...ready, runner: { ...ready.runner, hostUrl } });
    return [...page.matchAll(/<a [^>]*href="([^"/][^"]*)"/g)].map(([, href]) => href ?? "");
  };
  assert.deepEqual(new Set(hrefs("https://a.example/?x=\"><b>")), new Set(["#main", "https://a.example/?x=%22%3E%3Cb%3E"]));
  for (const url of ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x"]) {
    assert.deepEqual(hrefs(url), ["#main"]);
  }
});

test("a password in a URL is not shown", () => {
  const runner = { ...ready.runner, hostUrl: "https://me:hunter2@automn.example.com", endpointUrl: "http://me:hunter2@runner/api/run" };
  assert.doesNotMatch(operatorPage({ ...ready, runner }), /hunter2/);
  const said = "Cannot reach https://me:hunter2@automn.example.com/: connection refused; ask admin@example.com.";
  const page = operatorPage({
    ...silent,
    problems: [said],
    outcome: { ok: false, message: said },
    runner: { ...silent.runner, lastRegistrationError: said },
  });
  assert.doesNotMatch(page, /hunter2/);
  assert.match(page, /Cannot reach https:\/\/automn\.example\.com\/: connection refused; ask admin@example\.com\./);
});

test("the page names nothing outside the runner, and has no inline style or script", () => {
  const style = readFileSync(new URL("../../public/assets/runner.css", import.meta.url), "utf8");
  assert.doesNotMatch(style, /url\(|@import|https?:/);
  for (const page of [...[fresh, unset, refused, ready, silent, draining].map(operatorPage), errorPage(405, "Not allowed", "GET only")]) {
    assert.doesNotMatch(page, /<style|style="|<script>| on[a-z]+="/);
    for (const [, url] of page.matchAll(/(?:src|<link[^>]* href)="([^"]*)"/g)) assert.match(url ?? "", /^\/(assets\/|favicon\.ico$)/);
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
  }
});

test("an error page says its status, what happened, and the way back", () => {
  const page = errorPage(404, "Not found", "There is nothing at /x.");
  assert.match(page, /<title>404 Not found · Automn runner</);
  assert.match(page, /Error 404[^]*There is nothing at \/x\.[^]*href="\/">Back to the runner/);
  assert.doesNotMatch(page, /<script/);
});

test("the icon is a real .ico whose images are whole", () => {
  const icon = readFileSync(new URL("../../public/favicon.ico", import.meta.url));
  assert.deepEqual([icon.readUInt16LE(0), icon.readUInt16LE(2)], [0, 1]);
  for (let index = 0; index < icon.readUInt16LE(4); index++) {
    const [size, offset] = [icon.readUInt32LE(6 + 16 * index + 8), icon.readUInt32LE(6 + 16 * index + 12)];
    assert.equal(icon.toString("latin1", offset + 1, offset + 4), "PNG");
    assert.equal(icon.toString("latin1", offset + size - 8, offset + size - 4), "IEND");
  }
});

test("a registration in the future, after a clock was set back, is no silence", () => {
  assert.equal(statusOf({ ...ready, runner: { ...ready.runner, registeredAt: before(-3600) } }).kind, "ready");
});
