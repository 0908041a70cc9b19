import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../runner/lib/failure.ts";
import { createAuthorize } from "../../runner/http/auth.ts";
import { sendJson } from "../../runner/http/reply.ts";
import { createRouter } from "../../runner/http/router.ts";
import type { Exchange, Route } from "../../runner/http/router.ts";
import { ask, exchange, serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";

const SECRET = "correct-horse-battery";
const TOKEN = "a token that resets";

const echo = (route: string) => ({ response, path, query, params }: Exchange) =>
  sendJson(response, 200, { route, path, query: Object.fromEntries(query), params });

const ROUTES: readonly Route[] = ([
  { method: "GET", path: "/secret", auth: "runner-secret", handle: echo("secret") },
  { method: "POST", path: "/token", auth: "reset-token", handle: ({ response, form }) => sendJson(response, 200, Object.fromEntries(form)) },
  { method: "POST", path: "/own-page", sameOrigin: true, handle: echo("own-page") },
  { method: "GET", path: "/", handle: echo("home") },
  { method: "GET", path: "/thing", handle: echo("read") },
  { method: "POST", path: "/thing", handle: echo("write") },
  { method: "POST", path: "/only-post", handle: echo("post") },
  { method: "GET", path: "/things/:id", handle: echo("one") },
  { method: "DELETE", path: "/things/:id", handle: echo("remove") },
  { method: "GET", path: "/things/:id/parts/:part", handle: echo("part") },
  { method: "GET", path: "/files/*", handle: echo("files") },
  { method: "GET", path: "/a.b+c", handle: echo("odd") },
  { method: "GET", path: "/fails", handle: () => { throw new Failure("conflict", "no", { "retry-after": "7" }); } },
  { method: "GET", path: "/rejects", handle: () => Promise.reject(new Error("broken")) },
] satisfies (Omit<Route, "auth"> & Partial<Route>)[]).map((route) => ({ auth: "none", ...route }));

function start(t: TestLifetime): Promise<number> {
  const authorize = createAuthorize({ secret: () => SECRET, resetToken: TOKEN });
  const onFailure = ({ response, params }: Exchange, error: unknown) => {
    const failure = error instanceof Failure ? error : new Failure("internal", "ours");
    assert.deepEqual(params, {});
    sendJson(response, failure.status, { error: failure.message }, failure.headers);
  };
  return serve(t, createRouter(ROUTES, { authorize, onFailure }));
}

describe("createRouter: who may come in", () => {
  const secret = (given: string) => ({ headers: { "x-automn-runner-secret": given } });
  const form = (body: string, headers: Record<string, string> = {}) =>
    ({ method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded", ...headers } });
  const cases: readonly [string, string, Parameters<typeof ask>[2], number][] = [
    ["calls a handler behind the runner's secret with the right one", "/secret", secret(SECRET), 200],
    ["refuses a wrong secret", "/secret", secret("wrong-horse-battery"), 401],
    ["refuses a missing secret", "/secret", {}, 401],
    ["refuses HEAD without the secret as it refuses GET", "/secret", { method: "HEAD" }, 401],
    ["calls a handler behind the reset token with the right one", "/token", form(`token=${encodeURIComponent(TOKEN)}&x=1`), 200],
    ["refuses a wrong token", "/token", form("token=another"), 403],
    ["refuses a missing token", "/token", form(""), 403],
    ["accepts a form of its own page", "/own-page", form("", { "sec-fetch-site": "same-origin" }), 200],
    ["accepts a form of a client that is no browser", "/own-page", form(""), 200],
    ["refuses a form of another site", "/own-page", form("", { "sec-fetch-site": "cross-site" }), 403],
  ];
  for (const [name, path, options, status] of cases) it(name, async (t) => assert.equal((await ask(await start(t), path, options)).status, status));

  it("hands the form that carried the reset token to the handler", async (t) => {
    const { body } = await ask(await start(t), "/token", form(`token=${encodeURIComponent(TOKEN)}&x=1`));
    assert.deepEqual(JSON.parse(body), { token: TOKEN, x: "1" });
  });
});

describe("createRouter", () => {
  const found: readonly [string, string, object][] = [
    ["GET", "/", { route: "home", path: "/", params: {} }],
    ["GET", "/?a=1&b=%20x", { route: "home", path: "/", query: { a: "1", b: " x" } }],
    ["GET", "/thing", { route: "read" }],
    ["GET", "/thing/", { route: "read" }],
    ["POST", "/thing", { route: "write" }],
    ["GET", "/thing?x=/other", { route: "read", query: { x: "/other" } }],
    ["GET", "/thing?", { route: "read", query: {} }],
    ["GET", "/things/17", { route: "one", params: { id: "17" } }],
    ["DELETE", "/things/17", { route: "remove", params: { id: "17" } }],
    ["GET", "/things/a%2Fb%20c", { route: "one", params: { id: "a/b c" } }],
    ["GET", "/things/%2e%2e", { route: "one", params: { id: ".." } }],
    ["GET", "/things/%C3%BC", { route: "one", params: { id: "ü" } }],
    ["GET", "/things/__proto__", { route: "one", params: { id: "__proto__" } }],
    ["GET", "/things/a+b", { route: "one", params: { id: "a+b" } }],
    ["GET", "/things/1/parts/2", { route: "part", params: { id: "1", part: "2" } }],
    ["GET", "/files/a/b.css", { route: "files", params: { rest: "a/b.css" } }],
    ["GET", "/a.b+c", { route: "odd" }],
    ["GET", "http://runner.example/thing?x=1", { route: "read", path: "/thing", query: { x: "1" } }],
    ["GET", "https://runner.example:8443/things/5", { route: "one", params: { id: "5" } }],
    ["GET", "HTTP://runner.example", { route: "home" }],
    ["GET", "http://runner.example?x=1", { route: "home", path: "/", query: { x: "1" } }],
  ];
  for (const [method, path, wanted] of found) it(`answers ${method} ${path}`, async (t) => {
    const { status, body } = await ask(await start(t), path, { method });
    assert.equal(status, 200, body);
    const answer = JSON.parse(body) as Record<string, unknown>;
    for (const [name, value] of Object.entries(wanted)) assert.deepEqual(answer[name], value);
  });

  const missing = ["/nothing", "/thing/more", "/things", "/things/", "/things/1/parts", "/files", "/files/", "/axb+c", "/THING", "//thing", "/%74hing", "*", "/thing%2F", "/thing;x", "/../thing", "/./thing"];
  for (const path of missing) it(`knows nothing at ${path}`, async (t) => {
    const { status, body } = await ask(await start(t), path);
    assert.equal(status, 404);
    assert.match(body, /^\{"error":"There is nothing at /);
  });

  const refused: readonly [string, string, readonly string[]][] = [
    ["DELETE", "/thing", ["GET", "HEAD", "POST"]], ["GET", "/only-post", ["POST"]], ["HEAD", "/only-post", ["POST"]], ["POST", "/", ["GET", "HEAD"]],
    ["PUT", "/things/1", ["DELETE", "GET", "HEAD"]], ["OPTIONS", "/thing", ["GET", "HEAD", "POST"]], ["PATCH", "/files/x", ["GET", "HEAD"]], ["PROPFIND", "/thing", ["GET", "HEAD", "POST"]],
  ];
  for (const [method, path, allowed] of refused) it(`refuses ${method} ${path} and names what is allowed`, async (t) => {
    const { status, headers } = await ask(await start(t), path, { method });
    assert.equal(status, 405);
    assert.deepEqual((headers.allow ?? "").split(", ").sort(), allowed);
  });

  it("answers HEAD where GET is, with the headers alone", async (t) => {
    const port = await start(t);
    const get = await ask(port, "/thing");
    const head = await ask(port, "/thing", { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.body, "");
    assert.equal(head.headers["content-length"], get.headers["content-length"]);
    assert.equal(head.headers["content-type"], get.headers["content-type"]);
  });

  for (const path of ["/things/%", "/things/%zz", "/things/%ff", "/things/a%2", "/files/%c3%28"]) it(`says that ${path} is no URL encoding`, async (t) => {
    const { status, body } = await ask(await start(t), path);
    assert.equal(status, 400);
    assert.match(body, /is not URL-encoded/);
  });

  it("hands what a handler throws or rejects with to the one who answers failures", async (t) => {
    const port = await start(t);
    const failed = await ask(port, "/fails");
    assert.deepEqual([failed.status, failed.headers["retry-after"], failed.body], [409, "7", '{"error":"no"}']);
    assert.equal((await ask(port, "/rejects")).status, 500);
  });

  it("survives a request that is no HTTP", async (t) => {
    const port = await start(t);
    assert.match(await exchange(port, "HELLO\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.equal((await ask(port, "/thing")).status, 200);
  });
});
