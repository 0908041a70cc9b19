import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { RegistrationBody } from "../../runner/protocol/registration.ts";
import { register } from "../../runner/registration/host-client.ts";
import { machine } from "../../runner/registration/registration-body.ts";
import { serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";

const SECRET = 'correct-"horse"\\battery';
const BODY: RegistrationBody = {
  secret: SECRET, endpoint: "http://runner/api/run", runnerId: "r/1",
  version: "0.3.0", minimumHostVersion: "0.2.0", ...machine(), runtimes: { node: "20.11.0" },
};

/** A certificate for 127.0.0.1 that nobody has signed but itself, valid until 2126, and its key. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUdLQoN5jDmwOhmpFdw37jqWRmc1kwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNTAzMzgxMloYDzIxMjYxMTAx
MDMzODEyWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASlKukNFmwzduYbIuMORVG5fKwR2NjIPuigW43nfQTr3/GlHka1nvI8
OOUiffQaCBectYFzI11FAeWC8lVFVvPto28wbTAdBgNVHQ4EFgQUVWR6/93pP2Uj
4DW6potCdH0niKIwHwYDVR0jBBgwFoAUVWR6/93pP2Uj4DW6potCdH0niKIwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAO8PnxduV4PDGJn0Gd5Dqe1UdY7UhnZhwLbapwIqCBmsAiBT
GNz+eF6a74LlUPZKMmba4/JRcQjQqPsZbxphVxoCgA==
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/lWPe4i1qELRee3g
KqNyig54/Ghorx0iJF8JguHAorahRANCAASlKukNFmwzduYbIuMORVG5fKwR2NjI
PuigW43nfQTr3/GlHka1nvI8OOUiffQaCBectYFzI11FAeWC8lVFVvPt
-----END PRIVATE KEY-----`;

const never = () => new AbortController().signal;
const json = (status: number, value: unknown, headers: Record<string, string> = {}) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { "content-type": "application/json", connection: "close", ...headers });
  response.end(JSON.stringify(value));
};
const text = (status: number, value: string, headers: Record<string, string> = {}) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { connection: "close", ...headers });
  response.end(value);
};

async function against(t: TestLifetime, answer: (request: IncomingMessage, response: ServerResponse) => void, signal = never()) {
  const port = await serve(t, answer);
  const outcome = await register(`http://127.0.0.1:${port}`, BODY, { signal });
  assert.ok(!JSON.stringify(outcome).includes(JSON.stringify(SECRET).slice(1, -1)), "the secret came back");
  return outcome;
}

describe("a registration", () => {
  it("is one POST of JSON to the runner's own path", async (t) => {
    let seen: object | undefined;
    const port = await serve(t, (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => { body += chunk.toString(); });
      request.on("end", () => {
        const { "content-type": type, accept, "user-agent": agent } = request.headers;
        seen = { method: request.method, url: request.url, type, accept, agent, body: JSON.parse(body) as unknown };
        json(200, { registered: true, runnerHost: { id: 1 } })(request, response);
      });
    });
    const outcome = await register(`http://127.0.0.1:${port}/automn/`, BODY, { signal: never() });
    assert.equal(outcome.ok, true);
    assert.deepEqual(outcome.answer, { registered: true, runnerHost: { id: 1 } });
    assert.deepEqual(seen, {
      method: "POST", url: "/automn/api/settings/runner-hosts/r%2F1/register",
      type: "application/json", accept: "application/json", agent: "automn-runner/0.3.0", body: BODY,
    });
  });

  const answers: readonly [string, (request: IncomingMessage, response: ServerResponse) => void, boolean, RegExp][] = [
    [
      "400",
      json(400, { error: "endpoint is required" }),
      false,
      /refused with status 400: the host did not accept the registration \(the host says: endpoint is required\)/,
    ],
    [
      "401",
      json(401, { error: "Invalid runner secret", code: "invalid_secret" }),
      false,
      /status 401: the secret does not match the one that the host has for this runner id \(the host says: Invalid/,
    ],
    ["403", json(403, { error: "Disabled", code: "runner_disabled" }), false, /status 403: the runner is disabled in the host's settings/],
    ["404", json(404, { error: "Runner host not found" }), false, /status 404: the host has no runner with this id/],
    ["404 of something else", text(404, "<html>nginx</html>"), false, /status 404: the host has no runner with this id$/],
    ["429", json(429, {}), false, /status 429: the host refused the registration$/],
    ["500", json(500, { error: "boom" }), true, /failed with status 500 \(the host says: boom\)/],
    ["502 without JSON", text(502, "<html>Bad Gateway</html>"), true, /failed with status 502$/],
    ["503 with an empty body", text(503, ""), true, /failed with status 503$/],
    ["an error that is no text", json(500, { error: { message: "x" } }), true, /failed with status 500$/],
    [
      "200 with a page",
      text(200, "<html>Welcome</html>", { "content-type": "text/html" }),
      false,
      /answered 200 but not as an Automn host does: check AUTOMN_HOST_URL/,
    ],
    ["200 with other JSON", json(200, { ok: true }), false, /answered 200 but not as an Automn host does/],
    ["200 with registered that is not true", json(200, { registered: "true" }), false, /not as an Automn host does/],
    ["200 with null", json(200, null), false, /not as an Automn host does/],
    ["200 with a list", json(200, [true]), false, /not as an Automn host does/],
    ["200 with nothing", text(200, ""), false, /not as an Automn host does/],
    ["204", text(204, ""), false, /answered 204 but not as/],
    [
      "301",
      text(301, "", { location: "https://elsewhere.example/login" }),
      false,
      /answered 301, a redirect to https:\/\/elsewhere\.example\/login: set AUTOMN_HOST_URL/,
    ],
    ["307 to nowhere", text(307, ""), false, /a redirect to elsewhere/],
    ["a huge answer", text(200, `{"registered":true,"x":"${"x".repeat(3_000_000)}"}`), false, /not as an Automn host does/],
    ["JSON nested without end", text(200, `{"registered":true,"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`), false, /./],
  ];
  for (const [name, answer, transient, message] of answers) it(`that is answered by ${name} is told in words that help`, async (t) => {
    const outcome = await against(t, answer);
    assert.ok(!outcome.ok);
    assert.match(outcome.message, message);
    if (name !== "JSON nested without end") assert.equal(outcome.transient, transient);
    assert.ok(JSON.stringify(outcome).length < 300_000);
  });

  it("names the URL in every refusal", async (t) => {
    for (const answer of [json(401, {}), json(500, {}), text(302, ""), text(200, "x")]) {
      const outcome = await against(t, answer);
      assert.ok(!outcome.ok);
      assert.match(outcome.message, /http:\/\/127\.0\.0\.1:\d+\/api\/settings\/runner-hosts\/r%2F1\/register/);
    }
  });

  it("does not follow a redirect, which would take the secret elsewhere", async (t) => {
    let visits = 0;
    const other = await serve(t, (request, response) => { visits += 1; json(200, { registered: true })(request, response); });
    for (const status of [301, 302, 303, 307, 308]) await against(t, text(status, "", { location: `http://127.0.0.1:${other}/` }));
    assert.equal(visits, 0);
  });

  it("never hands on the secret that an answer echoes", async (t) => {
    for (const answer of [
      json(200, { registered: true, echo: BODY, [SECRET]: [SECRET, `x${SECRET}y`] }),
      json(401, { error: `wrong: ${SECRET}`, secret: SECRET }),
      json(500, { error: SECRET }),
      text(302, "", { location: `http://x/?${encodeURIComponent("s")}=${SECRET}` }),
    ]) {
      const outcome = await against(t, answer);
      assert.match(JSON.stringify(outcome), /\*\*\*/);
    }
  });

  it("takes the secret out of numbers too, and stays whole", async (t) => {
    const port = await serve(t, text(200, '{"registered":true,"echo":1234567890123,"list":[123456789012]}'));
    const outcome = await register(`http://127.0.0.1:${port}`, { ...BODY, secret: "123456789012" }, { signal: never() });
    assert.equal(outcome.ok, true);
    assert.ok(!JSON.stringify(outcome).includes("123456789012"));
  });

  it("keeps the length of what a host says within bounds", async (t) => {
    const outcome = await against(t, json(401, { error: "x".repeat(100_000) }));
    assert.ok(!outcome.ok);
    assert.ok(outcome.message.length < 2000, `${outcome.message.length} characters`);
  });
});

describe("a host that can't be reached", () => {
  const reason = async (hostUrl: string, signal = never()) => {
    const outcome = await register(hostUrl, BODY, { signal });
    assert.ok(!outcome.ok && outcome.transient);
    assert.ok(outcome.message.startsWith(`Cannot reach the host at ${hostUrl}/api/settings/`), outcome.message);
    return outcome.message;
  };

  it("because it refuses connections is told so", async (t) => {
    const server = createServer();
    const port = await serve(t, server);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await reason(`http://127.0.0.1:${port}`), /the connection was refused: is the host running, is the port right\?$/);
    assert.match(await reason(`http://localhost:${port}`), /the connection was refused/);
  });

  it("because its name is unknown is told so", async () =>
    assert.match(await reason("http://no-such-host.invalid"), /its name could not be resolved \((ENOTFOUND|EAI_AGAIN)\)$/));

  it("because it hangs up is told so, before and in the middle of its answer", async (t) => {
    const atOnce = await serve(t, (request) => request.socket.resetAndDestroy());
    assert.match(await reason(`http://127.0.0.1:${atOnce}`), /the connection broke off$/);
    const later = await serve(t, (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{", () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
    });
    assert.match(await reason(`http://127.0.0.1:${later}`), /the connection broke off$/);
    const politely = await serve(t, (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{", () => setTimeout(() => response.socket?.end(), 20));
    });
    assert.match(await reason(`http://127.0.0.1:${politely}`), /the connection broke off$/);
  });

  it("because it does not speak HTTP is told so", async (t) => {
    const server = createTcpServer((socket) => { socket.on("error", () => {}); socket.end("SSH-2.0-OpenSSH\r\n"); });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => void server.close());
    const message = await reason(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    assert.ok(message.length < 400);
  });

  it("because it does not speak TLS is told so", async (t) => {
    const port = await serve(t, json(200, {}));
    const message = await reason(`https://127.0.0.1:${port}`);
    assert.ok(
      message.endsWith(`the TLS connection failed: the host speaks http there, not https; set AUTOMN_HOST_URL to http://127.0.0.1:${port}`),
      message,
    );
  });

  it("because its certificate is nobody's is told so, with what makes Node trust it", async (t) => {
    const port = await serve(t, createTlsServer({ key: KEY, cert: CERTIFICATE }, json(200, { registered: true })));
    assert.match(
      await reason(`https://127.0.0.1:${port}`),
      /the TLS connection failed: self-signed certificate.*; set NODE_EXTRA_CA_CERTS to a file/,
    );
  });

  it("may be so because of a proxy, which is said", async (t) => {
    const server = createServer();
    const port = await serve(t, server);
    await new Promise((resolve) => server.close(resolve));
    const options = { signal: never(), proxy: "HTTPS_PROXY is set, but it is not used" };
    const outcome = await register(`http://127.0.0.1:${port}`, BODY, options);
    assert.match(outcome.ok ? "" : outcome.message, /the connection was refused.*\(HTTPS_PROXY is set, but it is not used\)$/);
    const answered = await register(`http://127.0.0.1:${await serve(t, json(401, {}))}`, BODY, options);
    assert.doesNotMatch(answered.ok ? "" : answered.message, /PROXY/);
  });

  it("because it takes too long is told by the reason of the one who gave up", async (t) => {
    const silent = await serve(t, () => {});
    const halfway = await serve(t, (_, response) => { response.writeHead(200); response.write("{"); });
    for (const port of [silent, halfway]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("no answer in time")), 100);
      assert.match(await reason(`http://127.0.0.1:${port}`, abort.signal), /: no answer in time$/);
    }
    assert.match(await reason(`http://127.0.0.1:${silent}`, AbortSignal.abort(new Error("given up"))), /: given up$/);
  });
});

describe("the host's clock", () => {
  const NOW = Date.parse("2024-05-06T07:08:09.500Z");
  const skews: readonly [string, string | undefined, number | undefined][] = [
    ["the same", "Mon, 06 May 2024 07:08:09 GMT", 0],
    ["a minute ahead", "Mon, 06 May 2024 07:09:09 GMT", 60_000],
    ["an hour behind", "Mon, 06 May 2024 06:08:09 GMT", -3_600_000],
    ["nonsense", "yesterday", undefined], ["not told", undefined, undefined],
  ];
  for (const [name, date, skew] of skews) it(`that is ${name} differs by ${skew ?? "nothing known"}`, async (t) => {
    for (const status of [200, 401, 500]) {
      const port = await serve(t, (_, response) => {
        response.sendDate = false;
        json(status, { registered: status === 200 }, date === undefined ? {} : { date })(_, response);
      });
      const outcome = await register(`http://127.0.0.1:${port}`, BODY, { signal: never(), now: () => NOW });
      assert.equal(outcome.clockSkewMs, skew);
      assert.equal(Object.hasOwn(outcome, "clockSkewMs"), skew !== undefined);
    }
  });
});

describe("the machine", () => {
  it("is described by its system, its processor and its uptime", () => {
    const facts = machine();
    assert.equal(facts.os, process.platform);
    assert.equal(facts.platform, process.arch);
    assert.match(facts.arch, /^\w+$/);
    assert.ok(Number.isInteger(facts.uptime) && facts.uptime > 0);
  });
});
