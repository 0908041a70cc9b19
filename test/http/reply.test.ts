import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { send, sendJson, sendPage, wantsPage } from "../../runner/http/reply.ts";
import type { Exchange } from "../../runner/http/router.ts";
import { ask, serve } from "../support/local-server.ts";

describe("an answer", () => {
  it("of JSON is not kept by anybody and counts its bytes", async (t) => {
    const port = await serve(t, (_, response) => sendJson(response, 429, { error: "é€😀" }, { "retry-after": "1" }));
    const { status, headers, body } = await ask(port, "/");
    assert.equal(status, 429);
    assert.equal(body, '{"error":"é€😀"}');
    assert.deepEqual(
      [headers["content-type"], headers["cache-control"], headers["x-content-type-options"], headers["retry-after"], headers["content-length"]],
      ["application/json; charset=utf-8", "no-store", "nosniff", "1", String(Buffer.byteLength(body))],
    );
  });

  it("of a page may use nothing but the runner's own files", async (t) => {
    const port = await serve(t, (_, response) => sendPage(response, 200, "<!doctype html>"));
    const { headers } = await ask(port, "/");
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    const policy = headers["content-security-policy"] as string;
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.split("; ").includes(rule), rule);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers["x-frame-options"], "DENY");
  });

  it("is given once", async (t) => {
    const port = await serve(t, (_, response) => {
      sendJson(response, 200, 1);
      sendJson(response, 500, 2);
      send(response, 500, "3", {});
    });
    const { status, body } = await ask(port, "/");
    assert.deepEqual([status, body], [200, "1"]);
  });

  for (const [accept, page] of [["text/html,application/xhtml+xml,*/*;q=0.8", true], ["text/html", true], ["application/json", false], ["*/*", false], [undefined, false]] as const)
    it(`is ${page ? "a page" : "JSON"} for one who accepts ${accept ?? "nothing in particular"}`, () =>
      assert.equal(wantsPage({ request: { headers: accept === undefined ? {} : { accept } } } as unknown as Exchange), page));
});
