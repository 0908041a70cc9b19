import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { RUNNER_ID, SECRET, startHost } from "../support/host.ts";
import { ask, startPair, startService } from "../support/service.ts";
import { until } from "../support/until.ts";

const ROTATED = `r0tat"ed\\<&>'+%42 word`;
const TOKEN = `t0k"en\\<&>'+%43 word`;
const MISTYPED = `m1sty"ped\\<&>'+%44 word`;
const RUN_TOKEN = "run-token-of-the-webhook";

/** A secret in every spelling in which it could turn up. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const html = secret.replace(/[&<>"']/g, (unit) => `&#${unit.charCodeAt(0)};`);
  const named = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const form = new URLSearchParams({ s: secret }).toString().slice(2);
  return [secret, json, JSON.stringify(json).slice(1, -1), html, named, named.replaceAll("'", "&#39;"), encodeURIComponent(secret), form, Buffer.from(secret).toString("base64").slice(0, 20)];
}

function search(where: string, text: string, secrets: readonly string[]): void {
  for (const secret of secrets) for (const spelling of spellings(secret)) assert.ok(!text.includes(spelling), `${where} holds ${spelling}`);
}

async function filesUnder(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
  const files = await Promise.all(paths.map(async (path) => (await stat(path)).isFile()));
  return paths.filter((_path, index) => files[index]);
}

test("secret: entered in the form, it is in the state file and nowhere else", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN, AUTOMN_RUNNER_HEARTBEAT_MS: "3000", AUTOMN_RUNNER_LOG_LEVEL: "debug" });
  const seen: [string, string][] = [];
  const see = async (where: string, answer: Response): Promise<void> => void seen.push([`${where} (${answer.status})`, `${JSON.stringify([...answer.headers])}${await answer.text()}`]);
  const job = { language: "shell", code: "env; cat /proc/self/environ | tr '\\0' '\\n'; AutomnReturn ok", id: "s", run_token: RUN_TOKEN };

  await see("a mistyped secret", await service.sendForm(MISTYPED));
  host.next({ status: 400, body: { error: `bad secret ${SECRET}`, echo: { secret: SECRET } } });
  await see("an answer that echoes it", await service.sendForm(SECRET));
  await see("the status with the echo", await fetch(`${service.url}/status`));
  await see("the page with the echo", await fetch(`${service.url}/`, { headers: { accept: "text/html" } }));
  host.next({ body: { registered: true, runnerHost: { secret: SECRET } } });
  await see("a success that echoes it", await service.sendForm(SECRET));
  await see("the status", await fetch(`${service.url}/status`));
  await see("a locked form", await service.sendForm(SECRET));
  await host.registered({ after: host.registrations.length });
  const run = await host.dispatch(RUNNER_ID, job, { input: {} });
  assert.equal(run.result?.code, 0);
  seen.push(["a script's environment", JSON.stringify(run)]);
  for (const headers of [{ "x-automn-runner-secret": MISTYPED }, {}]) seen.push(["a refused job", JSON.stringify(await ask(service.url, "POST", "/api/run", { headers, body: SECRET }))]);
  seen.push(["a broken job", JSON.stringify(await ask(service.url, "POST", "/api/run", { headers: { "x-automn-runner-secret": SECRET }, body: "{" }))]);
  await see("a wrong token", await service.reset({ token: MISTYPED, secret: ROTATED }));
  host.setSecret(RUNNER_ID, ROTATED);
  await see("a rotation", await service.reset({ token: TOKEN, secret: ROTATED }));
  await see("the page after it", await fetch(`${service.url}/ui/reregister`, { headers: { accept: "text/html" } }));
  await host.close();
  await until(async () => (await service.status()).heartbeat.failuresInARow > 0, "a failed heartbeat");
  await see("the status at the end", await fetch(`${service.url}/status`));
  await service.stop();

  const secrets = [SECRET, ROTATED, TOKEN, MISTYPED, RUN_TOKEN];
  for (const [where, text] of seen) search(where, text, secrets);
  search("the log", service.output, secrets);
  const files = await filesUnder(service.dataDir);
  assert.ok(files.includes(service.stateFile));
  for (const file of files) {
    const text = await readFile(file, "utf8");
    search(file, file === service.stateFile ? text.replace(JSON.stringify(ROTATED), "") : text, secrets);
  }
});

test("secret: from the environment, it is in no file, log line or page, and no script sees it", async (t) => {
  const host = await startHost(t);
  const service = await startService(t, {
    AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_RESET_TOKEN: TOKEN, AUTOMN_RUNNER_LOG_LEVEL: "debug",
  });
  await host.registered();
  const run = await host.dispatch(RUNNER_ID, { language: "node", code: "console.log(JSON.stringify(process.env)); AutomnReturn(Object.keys(process.env).filter((name) => name.startsWith('AUTOMN_RUNNER_')))" });
  assert.deepEqual(run.result?.returnData, []);
  const texts = [JSON.stringify(run), await service.page(), JSON.stringify(await service.status()), service.output];
  await service.stop();
  for (const file of await filesUnder(service.dataDir)) texts.push(await readFile(file, "utf8"));
  for (const text of texts) search("something", text, [SECRET, TOKEN]);
});
