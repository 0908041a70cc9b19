import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { Failure } from "../../runner/lib/failure.ts";
import { requireSameOrigin, requireSecret, sameSecret } from "../../runner/http/auth.ts";

const SECRET = "correct-horse-battery";
const request = (headers: Record<string, string | string[]>) => ({ headers }) as unknown as IncomingMessage;

function refusal(act: () => void): Failure | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
}

describe("the runner's secret", () => {
  it("lets a request pass", () => assert.equal(refusal(() => requireSecret(request({ "x-automn-runner-secret": SECRET }), SECRET)), undefined));

  const wrong = ["", " ", SECRET.slice(0, -1), `${SECRET}x`, SECRET.toUpperCase(), ` ${SECRET}`, `${SECRET}, ${SECRET}`, "x".repeat(100_000), "\u0000"];
  for (const given of wrong) it(`refuses ${JSON.stringify(given).slice(0, 40)} with 401 and without repeating it`, () => {
    const failure = refusal(() => requireSecret(request({ "x-automn-runner-secret": given }), SECRET));
    assert.equal(failure?.status, 401);
    assert.ok(!failure.message.includes(SECRET) && failure.message.length < 200);
  });

  it("refuses a request without one with 401", () => assert.equal(refusal(() => requireSecret(request({}), SECRET))?.status, 401));

  it("that is not there yet refuses everybody with 503 and asks to come again", () => {
    for (const headers of [{}, { "x-automn-runner-secret": "" }, { "x-automn-runner-secret": "undefined" }]) {
      const failure = refusal(() => requireSecret(request(headers), undefined));
      assert.equal(failure?.status, 503);
      assert.ok(Number(failure.headers["retry-after"]) > 0);
    }
  });

  it("is the same only where it is the same", () => {
    assert.ok(sameSecret(SECRET, SECRET) && sameSecret("", ""));
    for (const other of ["", "a", `${SECRET}\u0000`, SECRET.replace("c", "C")]) assert.ok(!sameSecret(other, SECRET));
  });
});

describe("a form's origin", () => {
  for (const site of [undefined, "same-origin", "none"]) it(`${site ?? "that is not told"} is let in`, () =>
    assert.equal(refusal(() => requireSameOrigin(request(site === undefined ? {} : { "sec-fetch-site": site }))), undefined));
  for (const site of ["cross-site", "same-site", "", "SAME-ORIGIN"]) it(`${JSON.stringify(site)} is refused`, () =>
    assert.equal(refusal(() => requireSameOrigin(request({ "sec-fetch-site": site })))?.status, 403));
});
