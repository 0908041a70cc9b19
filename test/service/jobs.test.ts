import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { gate, RUNNER_ID, SECRET } from "../support/host.ts";
import { runJob } from "../support/job.ts";
import { ask, startPair, startRegistered, startService } from "../support/service.ts";
import { until } from "../support/until.ts";

const RETURNS_1 = { language: "node", code: "AutomnReturn(1)" };
const KEY = { "x-automn-runner-secret": SECRET };
/** Says that it runs, then waits to be ended. */
const WAITS = { language: "node", code: "console.log('here'); setInterval(() => {}, 1000)" };

test("before there is a secret a job gets 503, with a wrong one 401", async (t) => {
  const { service } = await startPair(t);
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: KEY, body: "{}" })).status, 503);
  await service.sendForm(SECRET);
  for (const headers of [{}, { "x-automn-runner-secret": "" }, { "x-automn-runner-secret": `${SECRET}x` }, { "x-automn-runner-secret": SECRET.slice(1) }]) {
    const answer = await ask(service.url, "POST", "/api/run", { headers: headers as Record<string, string>, body: "{}" });
    assert.equal(answer.status, 401);
    assert.equal(typeof (JSON.parse(answer.body) as { error: unknown }).error, "string");
  }
});

test("the secret is checked before the body is there", async (t) => {
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
  test(`${what} as a job is 400, and the answer says what was wanted`, async (t) => {
    const { service } = await startRegistered(t);
    const answer = await ask(service.url, "POST", "/api/run", { headers: KEY, body });
    assert.equal(answer.status, 400);
    assert.match((JSON.parse(answer.body) as { error: string }).error, words);
  });
}

test("a job over the limit is 413, announced or not, and one just under it runs", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_MAX_BODY_BYTES: "2000" });
  const large = JSON.stringify({ script: { language: "node", code: " ".repeat(3_000) } });
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: KEY, body: large })).status, 413);
  assert.equal((await ask(service.url, "POST", "/api/run", { headers: { ...KEY, "transfer-encoding": "chunked" }, body: large })).status, 413);
  assert.equal((await host.dispatch(RUNNER_ID, { ...RETURNS_1, filler: "x".repeat(1_700) })).result?.returnData, 1);
});

test("at the cap a job gets 429 and when to come back, before its body is read; an active run id is 409", async (t) => {
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

test("a run id that is active is 409, and free again after its run", async (t) => {
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

test("with a cap of 1, 200 jobs in a row meet no 429", { timeout: 240_000 }, async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: "1" });
  for (let n = 0; n < 200; n++) {
    const run = await host.dispatch(RUNNER_ID, { id: "s", language: "shell", code: `echo ${n % 5}` });
    assert.deepEqual([run.status, run.success, run.logs.join("")], [200, true, `${n % 5}\n`], `job ${n}: ${run.failure ?? run.result?.stderr}`);
  }
  assert.equal((await service.status()).runs.total, 200);
});

test("the answer begins before the script has said anything, in a form that nothing on the way holds back", async (t) => {
  const { host } = await startRegistered(t);
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "echo one; echo two >&2; echo three" }, { runId: "r-1", input: { a: 1 } });
  assert.match(String(run.headers["content-type"]), /^application\/x-ndjson/);
  assert.equal(run.headers["x-accel-buffering"], "no");
  assert.match(String(run.headers["cache-control"]), /no-transform/);
  const { result } = run;
  assert.deepEqual([result?.runId, result?.stdout, result?.stderr, result?.code, result?.returnData, result?.input], ["r-1", "one\nthree", "two\n", 0, null, { a: 1 }]);
  assert.equal(run.success, false, "the host calls a run with stderr no success");
});

test("a silent script is kept alive by empty lines when the host's idle time is short", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_TIMEOUT_MS: "6000", AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "sleep 4; AutomnReturn awake" }, { idleTimeoutMs: 3_000 });
  assert.equal(run.result?.returnData, "awake", run.failure);
  assert.ok(run.emptyLines >= 1, `${run.emptyLines} empty lines`);
});

test("a script that runs longer than AUTOMN_RUNNER_TIMEOUT_MS, the host's bound on silence, ends by itself", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_TIMEOUT_MS: "1000" });
  assert.equal(host.registrations.at(-1)?.body["timeoutMs"], 1_000);
  const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "sleep 2.5; AutomnReturn awake" }, { idleTimeoutMs: 1_000 });
  assert.deepEqual([run.result?.reason, run.result?.code, run.result?.returnData], ["exited", 0, "awake"], run.failure);
});

test("a script that runs longer than AUTOMN_RUNNER_MAX_RUN_MS ends with 124, whatever its own timeout", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_MAX_RUN_MS: "500", AUTOMN_RUNNER_KILL_GRACE_MS: "100" });
  for (const timeout of [undefined, 60]) {
    const run = await host.dispatch(RUNNER_ID, { language: "shell", code: "echo before; trap '' TERM; sleep 60", timeout });
    assert.deepEqual([run.result?.code, run.result?.stdout, run.result?.stderr], [124, "before", "Timeout exceeded after 0.5 s.\n"], run.failure);
  }
});

test("jobs are also taken at a path of one's own, under a prefix that a proxy adds", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_ENDPOINT_PATH: "/jobs/here" });
  assert.equal(host.endpointOf(RUNNER_ID), `${service.url}/jobs/here`);
  assert.equal((await host.dispatch(RUNNER_ID, RETURNS_1)).result?.returnData, 1);
});

test("names from outside are data: no language, run id or script id reaches what it should not", async (t) => {
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

test("an interpreter that is missing is 127, and stderr says where it was looked for and what sets it", async (t) => {
  const { host } = await startRegistered(t);
  const { result } = await host.dispatch(RUNNER_ID, { language: "python", code: "print(1)" });
  assert.equal(result?.code, 127);
  assert.match(result?.stderr ?? "", /no-such-interpreter.*AUTOMN_RUNNER_PYTHON_PATH/);
});

test("AUTOMN_RUNNER_WORKSPACE=script keeps a script's working directory from run to run, and runs at once share it", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_WORKSPACE: "script" });
  const run = (code: string, id = "keeps") => runJob(service.url, SECRET, { script: { id, language: "node", code } });
  const fs = "const fs = require('fs');";
  const count = `${fs} fs.appendFileSync('runs', 'x'); AutomnReturn([fs.readFileSync('runs', 'utf8').length, process.cwd()]);`;
  const [, directory] = (await run(count)).returnData as [number, string];
  assert.ok(directory.startsWith(join(service.dataDir, "scripts")), directory);
  await until(async () => (await service.status()).warm["node"]?.ready === 1, "a warm process");
  const second = await run(count);
  assert.deepEqual([second.start, second.returnData], ["warm", [2, directory]]);
  const waiting = `${fs} const t = setInterval(() => { if (fs.existsSync('go')) clearInterval(t); }, 20);`;
  const both = await Promise.all([waiting, `${fs} fs.writeFileSync('go', '');`].map((code) => run(code)));
  assert.deepEqual(both.map(({ code }) => code), [0, 0]);
  const [times, elsewhere] = (await run(count, "another")).returnData as [number, string];
  assert.deepEqual([times, elsewhere === directory], [1, false]);
});

test("by default a script's working directory is empty at every run", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const code = "const fs = require('fs'); AutomnReturn(fs.readdirSync('.')); fs.writeFileSync('left', '');";
  const job = { script: { id: "empty", language: "node", code } };
  for (let n = 0; n < 2; n++) assert.deepEqual((await runJob(service.url, SECRET, job)).returnData, []);
});
