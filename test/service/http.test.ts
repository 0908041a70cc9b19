import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { startBuiltRunner } from "../../scripts/built-runner.ts";
import type { BuiltRunner } from "../../scripts/built-runner.ts";
import { ask, plainEnvironment } from "../support/service.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the HTTP server", () => {
  let service: BuiltRunner;
  let dataDir: string;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "runner-test-"));
    service = await startBuiltRunner({ env: plainEnvironment({ AUTOMN_RUNNER_PORT: "0", AUTOMN_RUNNER_DATA_DIR: dataDir, AUTOMN_RUNNER_RESET_TOKEN: "a token that resets" }) });
  });
  after(async () => {
    await service?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test("an unknown path is 404: JSON, or a page for a browser", async () => {
    const json = await ask(service.url, "GET", "/nowhere?x=1");
    assert.equal(json.status, 404);
    assert.match(String(json.headers["content-type"]), /^application\/json/);
    assert.match((JSON.parse(json.body) as { error: string }).error, /nowhere/);
    const page = await ask(service.url, "GET", "/<b>nowhere", { headers: BROWSER });
    assert.equal(page.status, 404);
    assert.match(String(page.headers["content-type"]), /^text\/html/);
    assert.match(page.body, /Error 404/);
    assert.ok(!page.body.includes("<b>nowhere"));
  });

  for (const [method, path, allow] of [
    ["POST", "/", "GET, HEAD"], ["DELETE", "/status", "GET, HEAD"], ["GET", "/api/run", "POST"], ["HEAD", "/api/run", "POST"], ["PUT", "/api/run", "POST"],
    ["GET", "/ui/register", "POST"], ["POST", "/ui/reregister", "GET, HEAD"], ["GET", "/internal/reset", "POST"], ["POST", "/assets/runner.css", "GET, HEAD"], ["OPTIONS", "/api/run", "POST"],
  ] as const) {
    test(`${method} ${path} is 405 and names ${allow}`, async () => {
      const answer = await ask(service.url, method, path);
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow]);
      if (method !== "HEAD") assert.equal(typeof (JSON.parse(answer.body) as { error: unknown }).error, "string");
      const page = await ask(service.url, method, path, { headers: BROWSER });
      assert.match(String(page.headers["content-type"]), /^text\/html/);
    });
  }

  for (const path of ["/", "/status", "/favicon.ico", "/assets/runner.css", "/assets/runner.js"]) {
    test(`HEAD ${path} sends the headers of GET and no body`, async () => {
      const [get, head] = [await ask(service.url, "GET", path), await ask(service.url, "HEAD", path)];
      assert.deepEqual([head.status, head.body], [200, ""]);
      assert.equal(head.headers["content-type"], get.headers["content-type"]);
      if (!["/", "/status"].includes(path)) assert.equal(head.headers["content-length"], get.headers["content-length"]);
    });
  }

  test("static files have a content type and may be cached; a client that has one gets 304", async () => {
    for (const [path, type] of [["/assets/runner.css", /^text\/css/], ["/assets/runner.js", /^text\/javascript/], ["/favicon.ico", /^image\//]] as const) {
      const first = await ask(service.url, "GET", path);
      assert.match(String(first.headers["content-type"]), type);
      assert.match(String(first.headers["cache-control"]), /max-age=\d+/);
      const second = await ask(service.url, "GET", path, { headers: { "if-none-match": String(first.headers.etag) } });
      assert.deepEqual([second.status, second.body], [304, ""]);
    }
  });

  for (const path of [
    "/assets/../service.js", "/assets/../../package.json", "/assets/%2e%2e/service.js", "/assets/..%2fservice.js", "/assets/%2e%2e%2f%2e%2e%2fpackage.json", "/assets/..\\service.js",
    "/assets/..%5cservice.js", "/assets//etc/passwd", "/assets/%00", "/assets/", "/assets", "//etc/passwd", "/assets/./../../config.js", "/assets/%252e%252e/service.js", "/assets/%", "/../service.js",
  ]) {
    test(`${path} does not leave the public folder`, async () => {
      const answer = await ask(service.url, "GET", path);
      assert.ok([400, 404].includes(answer.status), String(answer.status));
      assert.equal(typeof (JSON.parse(answer.body) as { error: unknown }).error, "string");
      const absolute = await ask(service.url, "GET", `http://runner.example${path}`);
      assert.ok([400, 404].includes(absolute.status), String(absolute.status));
    });
  }

  test("dynamic answers are not cached, and pages may load nothing but the runner's own files", async () => {
    for (const path of ["/", "/status", "/nowhere"]) assert.equal((await ask(service.url, "GET", path)).headers["cache-control"], "no-store", path);
    const { headers } = await ask(service.url, "GET", "/");
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  });

  for (const [what, bytes] of [["no HTTP", "hello\r\n\r\n"], ["a header that never ends", `GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}`], ["a connection that breaks off in a body", "POST /ui/register HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc"]] as const) {
    test(`${what} is handled without harm`, async () => {
      const socket = connect(service.port, "127.0.0.1");
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      setTimeout(() => socket.destroy(), 100);
      await new Promise((resolve) => socket.on("close", resolve));
      assert.equal((await ask(service.url, "GET", "/status")).status, 200);
    });
  }

  test("/status has every documented field", async () => {
    const status = JSON.parse((await ask(service.url, "GET", "/status")).body) as Record<string, Record<string, unknown>>;
    const wanted: Readonly<Record<string, readonly string[]>> = {
      runner: ["runnerId", "hostUrl", "endpointUrl", "secretConfigured", "secretSource", "locked", "lockedAt", "registeredAt", "lastRegistrationAttempt", "lastRegistrationStatus", "lastRegistrationError", "lastRegistrationResponse"],
      config: ["endpointUrl", "hostUrl", "runnerId", "heartbeatInterval", "scriptsDir", "workdirDir", "secretManagedByEnv"],
      heartbeat: ["next", "failuresInARow"],
      runs: ["active", "total", "byOutcome"],
    };
    for (const [part, names] of Object.entries(wanted)) for (const name of names) assert.ok(name in (status[part] ?? {}), `${part}.${name}`);
    assert.equal(typeof status["runtimes"]?.["node"], "string");
    assert.match(String(status["version"]), /^\d+\.\d+\.\d+$/);
    assert.equal(typeof status["uptime"], "number");
  });
});
