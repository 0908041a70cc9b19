import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { createAuthorize, requireSameOrigin } from "../../runner/http/auth.ts";
import type { Auth } from "../../runner/http/auth.ts";
import { Failure } from "../../runner/lib/failure.ts";

const SECRET = "correct-horse-battery";
const TOKEN = "a token that resets";

function request(headers: Record<string, string | string[]>, body = ""): IncomingMessage {
  return Object.assign(Readable.from(body === "" ? [] : [Buffer.from(body)]), { headers }) as unknown as IncomingMessage;
}

/** The failure that a check ends with, or nothing. */
async function refusal(given: IncomingMessage, auth: Auth, options: Partial<Parameters<typeof createAuthorize>[0]> = {}): Promise<Failure | undefined> {
  try {
    await createAuthorize({ secret: () => SECRET, resetToken: TOKEN, ...options })(given, auth);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
}

describe("createAuthorize: runner-secret", () => {
  const withSecret = (given: string) => request({ "x-automn-runner-secret": given });

  it("accepts the runner's secret", async () => assert.equal(await refusal(withSecret(SECRET), "runner-secret"), undefined));

  const wrong = ["", " ", SECRET.slice(0, -1), `${SECRET}x`, SECRET.toUpperCase(), ` ${SECRET}`, `${SECRET}, ${SECRET}`, "x".repeat(100_000), "\u0000", `${SECRET}\u0000`];
  for (const given of wrong) it(`refuses ${JSON.stringify(given).slice(0, 40)} with 401 and without repeating it`, async () => {
    const failure = await refusal(withSecret(given), "runner-secret");
    assert.equal(failure?.status, 401);
    assert.ok(!failure.message.includes(SECRET) && failure.message.length < 200);
  });

  it("refuses a request without a secret with 401", async () => assert.equal((await refusal(request({}), "runner-secret"))?.status, 401));

  it("refuses everybody with 503 and a Retry-After while the runner has no secret", async () => {
    for (const headers of [{}, { "x-automn-runner-secret": "" }, { "x-automn-runner-secret": "undefined" }]) {
      const failure = await refusal(request(headers), "runner-secret", { secret: () => undefined });
      assert.equal(failure?.status, 503);
      assert.ok(Number(failure.headers["retry-after"]) > 0);
    }
  });
});

describe("createAuthorize: reset-token", () => {
  const json = (body: unknown) => request({ "content-type": "application/json" }, JSON.stringify(body));
  const form = (body: string) => request({ "content-type": "application/x-www-form-urlencoded" }, body);

  it("accepts the token in JSON and in a form, white space around it ignored", async () => {
    for (const given of [json({ token: TOKEN }), json({ token: ` ${TOKEN}\n` }), form(`token=${encodeURIComponent(TOKEN)}`)])
      assert.equal(await refusal(given, "reset-token"), undefined);
  });

  const wrong: readonly (() => IncomingMessage)[] = [
    () => json({}), () => json([]), () => json(null), () => json({ token: [TOKEN] }), () => json({ token: null }), () => json({ token: `${TOKEN}x` }),
    () => form(""), () => form("token="), () => form("token=another"), () => request({ "content-type": "application/json" }, `{"token":${"[".repeat(5_000)}${"]".repeat(5_000)}}`),
  ];
  for (const [index, given] of wrong.entries()) it(`refuses a wrong, missing or malformed token with 403 (${index})`, async () =>
    assert.equal((await refusal(given(), "reset-token"))?.status, 403));

  it("refuses every token with 403, and names the variable, where none is configured", async () => {
    const failure = await refusal(json({ token: "" }), "reset-token", { resetToken: undefined });
    assert.equal(failure?.status, 403);
    assert.match(failure.message, /AUTOMN_RUNNER_RESET_TOKEN/);
  });
});

describe("createAuthorize: none", () => {
  it("accepts everybody", async () => assert.equal(await refusal(request({}), "none", { secret: () => undefined }), undefined));
});

describe("requireSameOrigin", () => {
  const check = (site?: string) => () => requireSameOrigin(request(site === undefined ? {} : { "sec-fetch-site": site }));
  for (const site of [undefined, "same-origin", "none"]) it(`accepts ${site ?? "a request that does not say"}`, () => assert.doesNotThrow(check(site)));
  for (const site of ["cross-site", "same-site", "", "SAME-ORIGIN"]) it(`refuses ${JSON.stringify(site)}`, () => assert.throws(check(site), { code: "forbidden" }));
});
