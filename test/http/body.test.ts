import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../../runner/lib/failure.ts";
import { discardBody, readBody, readForm, readJson, textField } from "../../runner/http/body.ts";
import { sendJson } from "../../runner/http/reply.ts";
import { ask, exchange, serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";
import { until } from "../support/until.ts";

const LIMIT = 100;

/** A server that reads by the path: /body, /json or /form; `seen` collects what became of each request. */
async function start(t: TestLifetime) {
  const seen: (string | number)[] = [];
  const port = await serve(t, (request, response) => {
    const reading = request.url === "/json" ? readJson(request, LIMIT) : request.url === "/form" ? readForm(request, LIMIT).then((form) => [...form]) : readBody(request, LIMIT).then((body) => body.toString("latin1"));
    reading.then(
      (value) => {
        seen.push("read");
        sendJson(response, 200, value ?? null);
      },
      (error: unknown) => {
        assert.ok(error instanceof Failure, String(error));
        seen.push(error.status);
        sendJson(response, error.status, { error: error.message });
        discardBody(request);
      },
    );
  });
  return { port, seen };
}

const post = (path: string, headers: string, body: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}\r\n\r\n${body}`;

describe("a body", () => {
  const good: readonly [string, string, string][] = [
    ["of a known length", post("/body", "content-length: 3", "abc"), '"abc"'],
    ["of no length", post("/body", "content-length: 0", ""), '""'],
    ["that is not there", post("/body", "x: y", ""), '""'],
    ["of exactly the limit", post("/body", `content-length: ${LIMIT}`, "x".repeat(LIMIT)), `"${"x".repeat(LIMIT)}"`],
    ["in chunks", post("/body", "transfer-encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), '"abcde"'],
    ["in chunks of exactly the limit", post("/body", "transfer-encoding: chunked", `64\r\n${"x".repeat(100)}\r\n0\r\n\r\n`), `"${"x".repeat(LIMIT)}"`],
    ["that says it is not compressed", post("/body", "content-encoding: identity\r\ncontent-length: 1", "a"), '"a"'],
  ];
  for (const [name, request, body] of good) it(`${name} is read`, async (t) => {
    const { port } = await start(t);
    const answer = await exchange(port, request);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.endsWith(`\r\n\r\n${body}`), answer);
  });

  const bad: readonly [string, string, number, RegExp][] = [
    ["that announces too much", post("/body", "content-length: 101", "x".repeat(101)), 413, /101 bytes or more: at most 100 bytes are accepted \(AUTOMN_RUNNER_MAX_BODY_BYTES\)/],
    ["that announces a terabyte and sends nothing", post("/body", "content-length: 1099511627776", ""), 413, /1099511627776 bytes/],
    ["that becomes too much in chunks", post("/body", "transfer-encoding: chunked", `60\r\n${"x".repeat(96)}\r\n60\r\n${"x".repeat(96)}\r\n0\r\n\r\n`), 413, /192 bytes or more/],
    ["that is compressed", post("/body", "content-encoding: gzip\r\ncontent-length: 3", "abc"), 415, /wanted it uncompressed, found content-encoding gzip/],
    ["that is compressed twice", post("/body", "content-encoding: br, gzip\r\ncontent-length: 0", ""), 415, /br, gzip/],
  ];
  for (const [name, request, status, message] of bad) it(`${name} is refused with ${status}, and the sender sees why`, async (t) => {
    const { port } = await start(t);
    const answer = await exchange(port, request, { endAfterwards: true });
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, message);
  });

  it("that is much too large is refused while it is still being sent", async (t) => {
    const { port } = await start(t);
    const { status } = await ask(port, "/body", { method: "POST", body: Buffer.alloc(8 * 1024 * 1024, "x") });
    assert.equal(status, 413);
  });

  it("that is much too large and comes in chunks is refused while it is still being sent", async (t) => {
    const { port } = await start(t);
    const { status } = await ask(port, "/body", { method: "POST", headers: { "transfer-encoding": "chunked" }, body: Buffer.alloc(8 * 1024 * 1024, "x") });
    assert.equal(status, 413);
  });

  for (const [name, headers] of [["announced", "content-length: 50"], ["in chunks", "transfer-encoding: chunked"]] as const) it(`${name} whose sender goes away in the middle ends the reading`, async (t) => {
    const { port, seen } = await start(t);
    const socket = connect(port, "127.0.0.1", () => socket.write(`POST /body HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n5\r\nabcde\r\n`, () => socket.destroy()));
    assert.equal(await until(() => seen[0], "the end of the reading"), 400);
  });

  it("whose sender has gone before the reading begins ends the reading", { timeout: 10_000 }, async (t) => {
    let outcome: unknown;
    const server = createServer((request) => {
      request.once("close", () => setImmediate(() => void readBody(request, LIMIT).catch((error: unknown) => { outcome = error; })));
      request.resume();
    });
    const port = await serve(t, server);
    const socket = connect(port, "127.0.0.1", () => socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nabc", () => socket.destroy()));
    await until(() => outcome instanceof Failure, "the end of the reading", 5000);
  });

  it("is cut off when it goes on too long after its refusal", async (t) => {
    const { port } = await start(t);
    const closed = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"));
      const more = () => { while (socket.writable && socket.write(`10000\r\n${"x".repeat(65_536)}\r\n`)); };
      socket.on("drain", more).on("connect", more).on("error", () => {}).on("close", () => resolve(true));
      socket.resume();
    });
    assert.ok(closed);
  });
});

describe("a JSON body", () => {
  const values: readonly [string, unknown][] = [
    ["{}", {}], ["[1]", [1]], ["null", null], [" 5 ", 5], ['"é€"', "é€"], ["\ufeff{}", {}], ['{"__proto__":1}', JSON.parse('{"__proto__":1}')],
  ];
  for (const [text, value] of values) it(`${JSON.stringify(text)} is read`, async (t) => {
    const { status, body } = await ask((await start(t)).port, "/json", { method: "POST", body: text });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), value);
  });
  for (const text of ["", " ", "{", "{'a':1}", "undefined", "\u0000", gzipSync("{}")]) it(`${JSON.stringify(text.toString()).slice(0, 20)} is refused with the reason`, async (t) => {
    const { status, body } = await ask((await start(t)).port, "/json", { method: "POST", body: text });
    assert.equal(status, 400);
    assert.match(body, text.length === 0 ? /it is empty/ : /Cannot read the body as JSON: /);
  });
  it("is never quoted in its refusal, since it may hold a secret", async (t) => {
    for (const text of ['{"token":hunter2-hunter2}', "hunter2-hunter2", '{"secret":"hunter2-hunter2}']) {
      const { body } = await ask((await start(t)).port, "/json", { method: "POST", body: text });
      assert.doesNotMatch(body, /unter2/);
    }
  });
});

describe("a form", () => {
  const FORM = "application/x-www-form-urlencoded";
  const forms: readonly [string, string, [string, unknown][]][] = [
    [FORM, "secret=a+b%26c&x=", [["secret", "a b&c"], ["x", ""]]],
    [`${FORM}; charset=utf-8`, "secret=%C3%BC", [["secret", "ü"]]],
    [FORM, "", []], [FORM, "secret", [["secret", ""]]], [FORM, "secret=1&secret=2", [["secret", "2"]]], [FORM, "secret=%zz", [["secret", "%zz"]]],
    ["application/json", '{"secret":"s","n":5,"o":{"a":1}}', [["secret", "s"], ["n", 5], ["o", { a: 1 }]]],
    ["application/json; charset=utf-8", '{"secret":"s"}', [["secret", "s"]]],
    ["application/json", "null", []], ["application/json", "5", []], ["application/json", '"text"', []],
  ];
  for (const [type, text, fields] of forms) it(`${JSON.stringify(text)} as ${type} is read`, async (t) => {
    const { status, body } = await ask((await start(t)).port, "/form", { method: "POST", headers: { "content-type": type }, body: text });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), fields);
  });
  it("textField: a field's text, nothing for an absent or empty one, a refusal for anything else", () => {
    const form = new Map<string, unknown>([["a", "text"], ["b", ""], ["c", null], ["d", 5], ["e", ["x"]], ["f", { deep: {} }]]);
    assert.deepEqual(["a", "b", "c", "missing"].map((name) => textField(form, name)), ["text", undefined, undefined, undefined]);
    for (const [name, found] of [["d", "5"], ["e", "an array"], ["f", "an object"]] as const)
      assert.throws(() => textField(form, name), { code: "bad-request", message: `Cannot read ${name}: wanted text, found ${found}` });
  });
  it("that is too large is refused", async (t) => {
    const { status } = await ask((await start(t)).port, "/form", { method: "POST", body: `secret=${"x".repeat(LIMIT)}` });
    assert.equal(status, 413);
  });
});
