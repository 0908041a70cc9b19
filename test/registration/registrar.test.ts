import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { readConfig } from "../../runner/config/config.ts";
import type { Config } from "../../runner/config/config.ts";
import type { RegistrationBody } from "../../runner/protocol/registration.ts";
import { Registrar } from "../../runner/registration/registrar.ts";
import type { RegistrarDependencies } from "../../runner/registration/registrar.ts";
import { createLog } from "../../runner/lib/log.ts";
import { UNREGISTERED } from "../../runner/registration/state.ts";
import type { RunnerState } from "../../runner/registration/state.ts";
import type { StateStore } from "../../runner/registration/state-store.ts";
import { serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";
import { until } from "../support/until.ts";

const FIRST = "first-secret-of-all";
const SECOND = "second-secret-of-all";

type Answer = (body: RegistrationBody, response: ServerResponse) => void;

/** A registrar with a real local host whose answers the test decides; `calls` are the bodies that the host got. */
async function start(t: TestLifetime, answer: Answer, settings: Record<string, string> = {}, tools: Partial<RegistrarDependencies> = {}) {
  const calls: RegistrationBody[] = [];
  const facts = { open: 0, mostOpen: 0, cut: 0 };
  const port = await serve(t, (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    facts.open += 1;
    facts.mostOpen = Math.max(facts.mostOpen, facts.open);
    response.once("close", () => {
      facts.open -= 1;
      if (!response.writableFinished) facts.cut += 1;
    });
    response.setHeader("connection", "close");
    request.on("data", (chunk: Buffer) => { text += chunk.toString(); });
    request.on("end", () => {
      const body = JSON.parse(text) as RegistrationBody;
      calls.push(body);
      answer(body, response);
    });
  });
  const { config } = readConfig(
    {
      AUTOMN_HOST_URL: `http://127.0.0.1:${port}`,
      AUTOMN_RUNNER_ID: "r1",
      AUTOMN_RUNNER_PUBLIC_URL: "http://runner",
      AUTOMN_RUNNER_HEARTBEAT_MS: "off",
      ...settings,
    },
    { files: new Map(), languages: [], defaultDataDir: "/none", isTerminal: false },
  );
  let current: RunnerState = UNREGISTERED;
  const state: Pick<StateStore, "current" | "update"> = {
    get current() { return current; },
    update: (change) => Promise.resolve(void (current = change(current))),
  };
  const lines: { level: string; message: string; [name: string]: unknown }[] = [];
  const log = createLog({ level: "debug", format: "json", write: (line) => void lines.push(JSON.parse(line)) });
  const secrets = { now: FIRST as string | undefined };
  const registrar = new Registrar({
    config: config as Config, state, log,
    secret: () => secrets.now,
    runtimes: () => ({ node: "20.11.0" }), runtimesKnown: Promise.resolve(),
    concurrency: () => undefined, environment: {}, random: () => 0, ...tools,
  });
  t.after(() => registrar.stop());
  return { registrar, calls, facts, state, lines, secrets, config: config as Config };
}

/** The messages of the warnings that were logged. */
function warned(lines: readonly { level: string; message: string }[]): string[] {
  return lines.filter(({ level }) => level === "warn").map(({ message }) => message);
}

const yes: Answer = (_, response) => void response.end('{"registered":true,"hostVersion":"0.2.16"}');
const refuse = (status: number): Answer => (_, response) => {
  response.statusCode = status;
  response.end(JSON.stringify({ error: `no ${status}` }));
};

describe("registering", () => {
  it("tells the host all there is to tell and remembers the success", async (t) => {
    const at = new Date("2024-05-06T07:08:09.000Z");
    const { registrar, calls, state } = await start(
      t,
      yes,
      { AUTOMN_RUNNER_STATUS_MESSAGE: "in the cellar", AUTOMN_RUNNER_TIMEOUT_MS: "90000" },
      { now: () => at, concurrency: () => 3 },
    );
    assert.equal((await registrar.register("manual")).ok, true);
    const { os, platform, arch, uptime, ...rest } = calls[0] as RegistrationBody;
    assert.ok(os && platform && arch && uptime > 0);
    assert.deepEqual(rest, {
      secret: FIRST, endpoint: "http://runner/api/run", runnerId: "r1",
      statusMessage: "in the cellar (manual)", maxConcurrency: 3, timeoutMs: 90_000,
      version: "0.3.0", minimumHostVersion: "0.2.0", runtimes: { node: "20.11.0" },
    });
    const { hostUrl, ...after } = state.current;
    assert.match(hostUrl ?? "", /^http:\/\/127/);
    assert.deepEqual(after, {
      locked: true, lockedAt: at.toISOString(), registeredAt: at.toISOString(),
      lastRegistrationAttempt: at.toISOString(), lastRegistrationStatus: "success",
      lastRegistrationResponse: { registered: true, hostVersion: "0.2.16" }, runnerId: "r1", endpointUrl: "http://runner/api/run",
    });
    assert.equal(registrar.heartbeat.last, at.toISOString());
    assert.equal(registrar.heartbeat.failuresInARow, 0);
  });

  it("leaves out what is not set", async (t) => {
    const { registrar, calls } = await start(t, yes);
    await registrar.register("startup");
    for (const name of ["maxConcurrency", "timeoutMs"]) assert.ok(!Object.hasOwn(calls[0] as object, name), name);
  });

  it("has a status message of its own where none is set, with the reason after it", async (t) => {
    const { registrar, calls } = await start(t, yes);
    for (const reason of ["startup", "heartbeat", "initial", "manual", "secret-rotation"] as const) await registrar.register(reason);
    assert.deepEqual(
      calls.map(({ statusMessage }) => statusMessage),
      ["startup", "heartbeat", "initial", "manual", "secret-rotation"].map((reason) => `Runner heartbeat (${reason})`),
    );
  });

  it("keeps the first lock, renews the registration and clears the error", async (t) => {
    let answer: Answer = yes;
    let clock = Date.parse("2024-05-06T00:00:00Z");
    const { registrar, state } = await start(t, (body, response) => answer(body, response), {}, { now: () => new Date((clock += 1000)) });
    await registrar.register("startup");
    const { lockedAt } = state.current;
    answer = refuse(401);
    const refused = await registrar.register("heartbeat");
    assert.ok(!refused.ok);
    assert.equal(state.current.lastRegistrationStatus, "error");
    assert.equal(state.current.lastRegistrationError, refused.message);
    assert.equal(state.current.locked, true);
    answer = yes;
    await registrar.register("heartbeat");
    assert.equal(state.current.lockedAt, lockedAt);
    assert.ok((state.current.registeredAt ?? "") > (lockedAt ?? ""));
    assert.equal(Object.hasOwn(state.current, "lastRegistrationError"), false);
  });

  it("sends nothing while something is missing and says what", async (t) => {
    for (const [settings, secret, message] of [
      [{ AUTOMN_RUNNER_ID: "" }, FIRST, /^Cannot register: AUTOMN_RUNNER_ID is missing$/],
      [{ AUTOMN_RUNNER_PUBLIC_URL: "" }, FIRST, /AUTOMN_RUNNER_PUBLIC_URL or AUTOMN_RUNNER_ENDPOINT_URL is missing$/],
      [{}, undefined, /: the secret is missing$/],
      [{ AUTOMN_HOST_URL: "", AUTOMN_RUNNER_ID: "" }, undefined, /: AUTOMN_HOST_URL, AUTOMN_RUNNER_ID, the secret are missing$/],
    ] as const) {
      const { registrar, calls, secrets } = await start(t, yes, settings);
      secrets.now = secret;
      const outcome = await registrar.register("manual");
      assert.ok(!outcome.ok && !outcome.transient);
      assert.match(outcome.message, message);
      assert.equal(calls.length, 0);
    }
  });
});

describe("calls at the same time", () => {
  it("that would send the same get one outcome", async (t) => {
    const { registrar, calls } = await start(t, (body, response) => setTimeout(() => yes(body, response), 50));
    const outcomes = await Promise.all([registrar.register("startup"), registrar.register("manual"), registrar.register("heartbeat")]);
    assert.equal(calls.length, 1);
    assert.ok(outcomes.every((outcome) => outcome === outcomes[0] && outcome.ok));
    await registrar.register("manual");
    assert.equal(calls.length, 2);
  });

  it("never reach the host two at a time", async (t) => {
    const { registrar, calls, facts, secrets } = await start(t, (body, response) => setTimeout(() => yes(body, response), 30));
    const outcomes = [FIRST, SECOND, FIRST, SECOND].map((secret) => {
      secrets.now = secret;
      return registrar.register("manual");
    });
    await Promise.all(outcomes);
    assert.ok((await outcomes[3])?.ok);
    assert.equal(calls.at(-1)?.secret, SECOND);
    assert.ok(facts.mostOpen <= 1 || facts.cut > 0);
  });

  it("with a newer secret do not wait for the older, whose late answer changes nothing", async (t) => {
    let release: () => void = () => {};
    const { registrar, calls, state, secrets } = await start(t, (body, response) => {
      if (body.secret === SECOND) yes(body, response);
      else release = () => refuse(401)(body, response);
    });
    const old = registrar.register("heartbeat");
    await until(() => calls.length === 1, "the first call");
    secrets.now = SECOND;
    const fresh = registrar.register("secret-rotation");
    assert.equal((await fresh).ok, true);
    release();
    const outcome = await old;
    assert.ok(!outcome.ok);
    assert.match(outcome.message, /newer settings/);
    assert.deepEqual(calls.map(({ secret }) => secret), [FIRST, SECOND]);
    assert.equal(state.current.lastRegistrationStatus, "success");
    assert.equal(registrar.heartbeat.failuresInARow, 0);
  });

  it("whose secret was changed meanwhile change nothing either", async (t) => {
    let reply: () => void = () => {};
    const { registrar, calls, state, secrets } = await start(t, (body, response) => { reply = () => yes(body, response); });
    const old = registrar.register("heartbeat");
    await until(() => calls.length === 1, "the call");
    secrets.now = undefined;
    reply();
    await old;
    assert.deepEqual(state.current, UNREGISTERED);
  });

  it("go on after one that could not be sent", async (t) => {
    let broken = true;
    const runtimes = () => {
      if (broken) throw new Error("no interpreters");
      return {};
    };
    const { registrar } = await start(t, yes, {}, { runtimes });
    const outcome = await registrar.register("startup");
    assert.equal(outcome.ok ? "" : outcome.message, "Cannot register: no interpreters");
    broken = false;
    assert.equal((await registrar.register("manual")).ok, true);
  });
});

describe("after a failure", () => {
  it("of the network or a 5xx it tries again by itself, counting, until it works", async (t) => {
    let answers = 0;
    const { registrar, calls, lines, state } = await start(t, (body, response) => {
      answers += 1;
      if (answers <= 2) refuse(503)(body, response);
      else if (answers === 3) response.socket?.resetAndDestroy();
      else yes(body, response);
    });
    assert.equal((await registrar.register("startup")).ok, false);
    await until(() => state.current.lastRegistrationStatus === "success", "a success");
    assert.equal(calls.length, 4);
    assert.deepEqual(lines.filter(({ level }) => level === "warn").map(({ failures }) => failures), [1, 2, 3]);
    assert.equal(registrar.heartbeat.failuresInARow, 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(calls.length, 4);
  });

  it("waits longer each time, by chance and within bounds", async (t) => {
    const asked: number[] = [];
    const { registrar, calls } = await start(t, refuse(500), {}, { random: () => { asked.push(0.02); return 0.02; } });
    const began = performance.now();
    await registrar.register("startup");
    await until(() => calls.length === 4, "four calls");
    assert.ok(performance.now() - began >= 20 + 40 + 80 - 5);
    assert.ok(asked.length >= 3);
  });

  for (const status of [400, 401, 403, 404, 429, 200]) it(`by status ${status} it waits for the heartbeat`, async (t) => {
    const { registrar, calls } = await start(t, refuse(status));
    assert.equal((await registrar.register("startup")).ok, false);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.equal(calls.length, 1);
    assert.equal(registrar.heartbeat.failuresInARow, 1);
  });

  it("a success by other means ends the trying again", async (t) => {
    let answer = refuse(500);
    const { registrar, calls } = await start(t, (body, response) => answer(body, response), {}, { random: () => 0.1 });
    await registrar.register("startup");
    answer = yes;
    await registrar.register("manual");
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(calls.length, 2);
  });
});

describe("the heartbeat", () => {
  it("begins with a registration of its own and repeats it", async (t) => {
    const { registrar, calls } = await start(t, yes, { AUTOMN_RUNNER_HEARTBEAT_MS: "40", AUTOMN_RUNNER_STATUS_MESSAGE: "x" });
    registrar.start();
    await until(() => calls.length >= 3, "three calls");
    assert.deepEqual(calls.slice(0, 3).map(({ statusMessage }) => statusMessage), ["x (startup)", "x (heartbeat)", "x (heartbeat)"]);
    const { intervalMs, next } = registrar.heartbeat;
    assert.equal(intervalMs, 40);
    assert.ok(Math.abs(Date.parse(next ?? "") - Date.now()) < 5000);
    registrar.stop();
    assert.equal(registrar.heartbeat.next, undefined);
  });

  it("does not wait for interpreters that are slow to answer, and tells their versions as soon as they are known", async (t) => {
    let found: () => void = () => {};
    let runtimes: Record<string, string> = { node: "20.11.0" };
    const runtimesKnown = new Promise<void>((resolve) => { found = resolve; });
    const { registrar, calls } = await start(t, yes, {}, { runtimes: () => runtimes, runtimesKnown });
    registrar.start();
    await until(() => calls.length === 1, "the first registration");
    assert.deepEqual([calls[0]?.statusMessage, calls[0]?.runtimes], ["Runner heartbeat (startup)", { node: "20.11.0" }]);
    runtimes = { node: "20.11.0", python: "3.11.7" };
    found();
    await until(() => calls.length === 2, "the second registration");
    assert.deepEqual([calls[1]?.statusMessage, calls[1]?.runtimes], ["Runner heartbeat (heartbeat)", runtimes]);
  });

  it("is one registration where the interpreters answer at once", async (t) => {
    const { registrar, calls } = await start(t, yes);
    registrar.start();
    await until(() => calls.length === 1, "the first registration");
    await until(async () => {
      await registrar.register("manual"); // shares the first one while that is on its way
      return calls.length > 1;
    }, "a registration of its own");
    assert.deepEqual(calls.map(({ statusMessage }) => statusMessage), ["Runner heartbeat (startup)", "Runner heartbeat (manual)"]);
  });

  it("tells versions that become known after the secret was entered", async (t) => {
    let found: () => void = () => {};
    let runtimes: Record<string, string> = {};
    const runtimesKnown = new Promise<void>((resolve) => { found = resolve; });
    const { registrar, calls, secrets } = await start(t, yes, {}, { runtimes: () => runtimes, runtimesKnown });
    secrets.now = undefined;
    registrar.start();
    secrets.now = FIRST;
    await registrar.register("initial");
    runtimes = { node: "20.11.0" };
    found();
    await until(() => calls.length === 2, "the second registration");
    assert.deepEqual(
      calls.map(({ statusMessage, runtimes }) => [statusMessage, runtimes]),
      [["Runner heartbeat (initial)", {}], ["Runner heartbeat (heartbeat)", { node: "20.11.0" }]],
    );
  });

  it("sends nothing after stop, although interpreters are found then", async (t) => {
    let found: () => void = () => {};
    const runtimesKnown = new Promise<void>((resolve) => { found = resolve; });
    let runtimes: Record<string, string> = {};
    const { registrar, calls } = await start(t, yes, {}, { runtimes: () => runtimes, runtimesKnown });
    await registrar.register("manual");
    registrar.start();
    registrar.stop();
    runtimes = { node: "20.11.0" };
    found();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(calls.length, 1);
  });

  it("that is turned off registers once", async (t) => {
    const { registrar, calls } = await start(t, yes);
    registrar.start();
    await until(() => calls.length === 1, "the call");
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(calls.length, 1);
    assert.equal(registrar.heartbeat.next, undefined);
  });

  it("waits for a secret and then begins", async (t) => {
    const { registrar, calls, secrets } = await start(t, yes, { AUTOMN_RUNNER_HEARTBEAT_MS: "20" });
    secrets.now = undefined;
    registrar.start();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(calls.length, 0);
    secrets.now = FIRST;
    await until(() => calls.length > 0, "a call");
  });

  it("never overlaps itself, however slow the host, and gives each try up in time", async (t) => {
    const { registrar, facts, state, calls } = await start(t, () => {}, { AUTOMN_RUNNER_HEARTBEAT_MS: "60" });
    registrar.start();
    await until(() => calls.length >= 3, "three calls");
    assert.match(state.current.lastRegistrationError ?? "", /Cannot reach the host .*: no answer in time$/);
    assert.ok(facts.mostOpen <= 2, `${facts.mostOpen} at once`);
  });

  it("goes silent on stop, also in the middle of a call", async (t) => {
    const { registrar, calls, facts, state, lines } = await start(t, () => {}, { AUTOMN_RUNNER_HEARTBEAT_MS: "5000" });
    const outcome = registrar.register("manual");
    await until(() => calls.length === 1, "the call");
    registrar.stop();
    const result = await outcome;
    assert.ok(!result.ok);
    assert.match(result.message, /the runner is stopping$/);
    await until(() => facts.cut === 1, "the connection to be cut");
    assert.deepEqual(state.current, UNREGISTERED);
    assert.deepEqual(lines.filter(({ level }) => level === "warn"), []);
  });

  it("does not try again after stop", async (t) => {
    const { registrar, calls } = await start(t, refuse(500), {}, { random: () => 0.05 });
    await registrar.register("startup");
    registrar.stop();
    await new Promise((resolve) => setTimeout(resolve, 120));
    assert.equal(calls.length, 1);
  });
});

describe("warnings about the host", () => {
  const answering = (answer: object, date?: string): Answer => (_, response) => {
    if (date !== undefined) response.setHeader("date", date);
    response.end(JSON.stringify({ registered: true, ...answer }));
  };
  async function beats(registrar: Registrar, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await registrar.register("heartbeat");
  }

  it("of versions that do not fit are logged once and stay in /status", async (t) => {
    const { registrar, lines } = await start(t, answering({ hostVersion: "0.1.0", minimumRunnerVersion: "9.0.0" }));
    await beats(registrar, 3);
    assert.equal(warned(lines).length, 2);
    assert.deepEqual(registrar.warnings, warned(lines));
  });

  it("of its clock are logged once and stay in /status", async (t) => {
    const { registrar, lines } = await start(
      t,
      answering({}, "Mon, 06 May 2024 07:09:09 GMT"),
      {},
      { now: () => new Date("2024-05-06T07:08:09.500Z") },
    );
    await beats(registrar, 3);
    assert.deepEqual(warned(lines), ["The host's clock is 60 s ahead of this machine's: check both clocks."]);
    assert.deepEqual(registrar.warnings, warned(lines));
    assert.equal(registrar.heartbeat.clockSkewMs, 60_000);
  });

  const clocks = [
    ["Mon, 06 May 2024 07:08:39 GMT", false], ["Mon, 06 May 2024 07:07:39 GMT", false],
    ["Mon, 06 May 2024 07:08:40 GMT", true], ["Mon, 06 May 2024 07:07:38 GMT", true],
  ] as const;
  for (const [date, told] of clocks)
    it(`are ${told ? "" : "not "}given for a clock that says ${date}`, async (t) => {
      const { registrar } = await start(t, answering({}, date), {}, { now: () => new Date("2024-05-06T07:08:09.500Z") });
      await registrar.register("startup");
      assert.equal(registrar.warnings.length, told ? 1 : 0);
    });

  it("are none where all is well", async (t) => {
    const { registrar, lines } = await start(t, answering({ hostVersion: "0.2.16", minimumRunnerVersion: "0.2.15" }));
    await beats(registrar, 2);
    assert.deepEqual([registrar.warnings, warned(lines)], [[], []]);
  });
});

describe("a proxy", () => {
  it("that the environment names and Node does not use is warned about at the start, and where the host cannot be reached", async (t) => {
    const { registrar, lines } = await start(
      t,
      (_, response) => void response.socket?.resetAndDestroy(),
      {},
      { environment: { Https_Proxy: "http://user:word@proxy:3128" }, random: () => 1 },
    );
    registrar.start();
    await until(() => warned(lines).length === 2, "both warnings");
    assert.match(warned(lines)[0] ?? "", /^Https_Proxy is set, but requests to the host use no proxy: /);
    assert.match(warned(lines)[1] ?? "", /the connection broke off \(Https_Proxy is set, but requests to the host use no proxy: /);
    assert.doesNotMatch(JSON.stringify(lines), /proxy:3128/);
  });

  it("is not mentioned where no variable names one, or where the host answers", async (t) => {
    const { registrar, lines } = await start(t, refuse(401), {}, { environment: { HTTPS_PROXY: "" } });
    registrar.start();
    await until(() => warned(lines).length > 0, "the refusal");
    assert.doesNotMatch(JSON.stringify(lines), /proxy/i);
  });
});

describe("the secret", () => {
  it("is in no line of the log and nowhere in the state, whatever the host answers", async (t) => {
    let round = 0;
    const { registrar, lines, state } = await start(t, ({ secret }, response) => {
      round += 1;
      response.statusCode = [200, 401, 500, 302][round % 4] ?? 200;
      response.setHeader("location", `http://x/${secret}`);
      const versions = { hostVersion: secret, minimumRunnerVersion: secret };
      response.end(JSON.stringify({ registered: true, error: secret, ...versions, [secret]: [secret] }));
    }, {}, { random: () => 1 });
    for (let i = 0; i < 8; i++) {
      const outcome = await registrar.register("manual");
      assert.ok(!JSON.stringify([outcome, state.current, lines, registrar.warnings]).includes(FIRST));
    }
    assert.ok(lines.length > 0);
  });
});
