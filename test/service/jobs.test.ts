import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { gate, RUNNER_ID, SECRET } from "../support/host.ts";
import { ask, startPair, startRegistered } from "../support/service.ts";
import { until } from "../support/until.ts";

const RETURNS_1 = { language: "node", code: "AutomnReturn(1)" };
const KEY = { "x-automn-runner-secret": SECRET };
/** Says that it runs, then waits to be ended. */
const WAITS = { language: "node", code: "console.log('here'); setInterval(() => {}, 1000)" };

test("POST /api/run: 503 before a secret is set, 401 for a wrong one", async (t) => {
  const { service } = await startPair(t);
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: KEY, body: "{}" })).status, 503);
  await service.sendForm(SECRET);
  for (const headers of [{}, { "x-automn-runner-secret": "" }, { "x-automn-runner-secret": `${SECRET}x` }, { "x-automn-runner-secret": SECRET.slice(1) }]) {
    const answer = await ask(service.url, "POST", "/api/run", { headers: headers as Record<string, string>, body: "{}" });
    assert.equal(answer.status, 401);
    assert.equal(typeof (JSON.parse(answer.body) as { error: unknown }).error, "string");
  }
});

test("POST /api/run: the secret is checked before the body has arrived", async (t) => {
  const { service } = await startRegistered(t, { AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: "1" });
  const socket = connect(service.port, "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write("POST /api/run HTTP/1.1\r\nhost: runner\r\nx-automn-runner-secret: wrong\r\ncontent-length: 1000000\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [string];
  socket.destroy();
  assert.match(answer, /^HTTP\/1\.1 401 /);
});

for (const [what, body, words] of [
  ["no JSON", "{", /JSON/], ["nothing", "", /empty/], ["an array", "[]", /wanted a JSON object, found an array/], ["no script", `{"runId":"a"}`, /script.*found nothing/],
  ["no code", `{"script":{"language":"node"}}`, /script\.code.*found nothing/], ["a number as language", `{"script":{"language":1,"code":""}}`, /script\.language.*found 1/],
  ["variables that are none", `{"script":{"language":"node","code":"","variables":[{"name":"x"}]}}`, /variables\[0\]/],
] as const) {
  test(`POST /api/run: ${what} is 400, and the answer says what was wanted`, async (t) => {
    const { service } = await startRegistered(t);
    const answer = await ask(service.url, "POST", "/api/run", { headers: KEY, body });
    assert.equal(answer.status, 400);
    assert.match((JSON.parse(answer.body) as { error: string }).error, words);
  });
}

test("POST /api/run: a body over the limit is 413, with or without a content length, and one just under it runs", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_MAX_BODY_BYTES: "2000" });
  const large = JSON.stringify({ script: { language: "node", code: " ".repeat(3_000) } });
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: KEY, body: large })).status, 413);
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: { ...KEY, "transfer-encoding": "chunked" }, body: large })).status, 413);
  assert.equal((await host.dispatch(RUNNER_ID, { ...RETURNS_1, filler: "x".repeat(1_700) })).result?.returnData, 1);
});

test("POST /api/run: at the concurrency limit a job gets 429 and Retry-After before its body is read; an active run id is 409", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: "2", AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  const stop = new AbortController();
  const started = [gate(), gate()] as const;
  const runs = started.map(({ open }, index) => host.dispatch(RUNNER_ID, WAITS, { runId: `same-${index}`, signal: stop.signal, onLog: open }));
  await started[0].opened;
  const twin = await host.dispatch(RUNNER_ID, RETURNS_1, { runId: "same-0" });
  await started[1].opened;
  assert.ok(twin.status === 409 || twin.status === 429, twin.failure);
  const refused = await host.dispatch(RUNNER_ID, RETURNS_1);
  assert.equal(refused.status, 429);
  assert.match(String(refused.headers["retry-after"]), /^\d+$/);
  assert.equal((await service.status()).runs.active, 2);
  stop.abort();
  await Promise.all(runs);
  await until(async () => (await service.status()).runs.active === 0, "both runs to end");
  assert.equal((await service.status()).runs.byOutcome["host-gone"], 2);
  assert.equal((await host.dispatch(RUNNER_ID, RETURNS_1)).result?.returnData, 1);
});

test("POST /api/run: an active run id is 409, and free again after its run", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  const stop = new AbortController();
  const { opened, open } = gate();
  const first = host.dispatch(RUNNER_ID, WAITS, { runId: "same", signal: stop.signal, onLog: open });
  await opened;
  assert.match((await host.dispatch(RUNNER_ID, RETURNS_1, { runId: "same" })).failure ?? "", /^Runner responded with status 409: .*same/);
  stop.abort();
  await first;
  const again = await until(async () => { const run = await host.dispatch(RUNNER_ID, RETURNS_1, { runId: "same" }); return run.status !== 409 && run; }, "the id to be free");
  assert.deepEqual([again.result?.runId, again.result?.returnData], ["same", 1]);
});

test("POST /api/run: with a concurrency limit of 1, 200 jobs in a row get no 429", { timeout: 240_000 }, async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: "1" });
  for (let n = 0; n < 200; n++) {
    const run = await host.dispatch(RUNNER_ID, { id: "s", language: "shell", code: `echo ${n % 5}` });
    assert.deepEqual([run.status, run.success, run.logs.join("")], [200, true, `${n % 5}\n`], `job ${n}: ${run.failure ?? run.result?.stderr}`);
  }
  assert.equal((await service.status()).runs.total, 200);
});

test("POST /api/run: the answer begins before the script prints, with headers that prevent proxies from buffering it", async (t) => {
  const { host } = await startRegistered(t);
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "echo one; echo two >&2; echo three" }, { runId: "r-1", input: { a: 1 } });
  assert.match(String(run.headers["content-type"]), /^application\/x-ndjson/);
  assert.equal(run.headers["x-accel-buffering"], "no");
  assert.match(String(run.headers["cache-control"]), /no-transform/);
  const { result } = run;
  assert.deepEqual([result?.runId, result?.stdout, result?.stderr, result?.code, result?.returnData, result?.input], ["r-1", "one\nthree", "two\n", 0, null, { a: 1 }]);
  assert.equal(run.success, false, "the host calls a run with stderr no success");
});

test("keep-alive: empty lines are sent for a silent script when the host's idle timeout is short", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_TIMEOUT_MS: "6000", AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "sleep 4; AutomnReturn awake" }, { idleTimeoutMs: 3_000 });
  assert.equal(run.result?.returnData, "awake", run.failure);
  assert.ok(run.emptyLines >= 1, `${run.emptyLines} empty lines`);
});

test("timeout: a run that would outlast the advertised time is ended early enough for its result to arrive", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_TIMEOUT_MS: "2500", AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "echo before; trap '' TERM; sleep 60" });
  assert.deepEqual([run.result?.code, run.result?.stdout], [124, "before"], run.failure);
  assert.ok(run.durationMs < 2_500, `${run.durationMs} ms`);
});

test("POST: jobs are also accepted at the configured endpoint path, under a prefix that a proxy adds", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_ENDPOINT_PATH: "/jobs/here" });
  assert.equal(host.endpointOf(RUNNER_ID), `${service.url}/jobs/here`);
  assert.equal((await host.dispatch(RUNNER_ID, RETURNS_1)).result?.returnData, 1);
});

test("POST /api/run: language, run id and script id are only data, whatever they contain", async (t) => {
  const { host } = await startRegistered(t);
  for (const language of ["__proto__", "constructor", "toString", "../node", "cobol"]) {
    const run = await host.dispatch(RUNNER_ID, { language, code: "1" });
    assert.equal(run.result?.code, 2, language);
    assert.match(run.result?.stderr ?? "", /node, python, powershell, shell/);
  }
  for (const id of ["__proto__", "../../../escape", "a/b", "..", "x".repeat(256)]) {
    assert.equal((await host.dispatch(RUNNER_ID, { ...RETURNS_1, id }, { runId: id })).result?.returnData, 1, id);
  }
});

test("a missing interpreter: code 127, and stderr says where it was looked for and which variable sets it", async (t) => {
  const { host } = await startRegistered(t);
  const { result } = await host.dispatch(RUNNER_ID, { language: "python", code: "print(1)" });
  assert.equal(result?.code, 127);
  assert.match(result?.stderr ?? "", /no-such-interpreter.*AUTOMN_RUNNER_PYTHON_PATH/);
});
