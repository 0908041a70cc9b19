// Who may come in: what the route table declares is checked here, before a handler runs.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Failure } from "../lib/failure.ts";
import { readForm } from "./body.ts";
import type { Form } from "./body.ts";

/**
 * What a caller must show: the runner's secret in the header `x-automn-runner-secret`, the reset token in the field
 * `token` of a form or JSON object, or nothing.
 */
export type Auth = "runner-secret" | "reset-token" | "none";

/** What callers are checked against. */
export interface AuthOptions {
  /** The runner's secret; undefined until the runner has one. */
  readonly secret: () => string | undefined;
  readonly resetToken: string | undefined;
}

/** Forms and resets are small. */
export const MAX_FORM_BYTES = 64 * 1024;
const NO_FIELDS: Form = new Map();

/** Checks a request and resolves with its form, empty unless the reset token was asked for. Rejects with a `Failure`: 401, 403 or 503. */
export type Authorize = (request: IncomingMessage, auth: Auth) => Promise<Form>;

/** Makes the check that the router applies to every request. */
export function createAuthorize({ secret, resetToken }: AuthOptions): Authorize {
  return async (request, auth) => {
    if (auth === "runner-secret") requireSecret(request, secret());
    return auth === "reset-token" ? requireResetToken(request, resetToken) : NO_FIELDS;
  };
}

/** Refuses a form that another site's page sent: browsers say where a request comes from. */
export function requireSameOrigin(request: IncomingMessage): void {
  const site = request.headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return;
  throw new Failure("forbidden", `Cannot accept this form from another site (sec-fetch-site: ${String(site)})`);
}

function requireSecret(request: IncomingMessage, secret: string | undefined): void {
  if (secret === undefined) throw new Failure("unavailable", "This runner has no secret yet: register it first", { "retry-after": "30" });
  const given = request.headers["x-automn-runner-secret"];
  if (typeof given !== "string") throw new Failure("unauthorized", "The header x-automn-runner-secret is missing");
  if (!isSame(given, secret)) throw new Failure("unauthorized", "The header x-automn-runner-secret does not hold this runner's secret");
}

async function requireResetToken(request: IncomingMessage, resetToken: string | undefined): Promise<Form> {
  const form = await readForm(request, MAX_FORM_BYTES);
  if (resetToken === undefined) throw new Failure("forbidden", "No token is accepted here: AUTOMN_RUNNER_RESET_TOKEN is not set");
  const token = form.get("token");
  if (typeof token === "string" && isSame(token.trim(), resetToken)) return form;
  throw new Failure("forbidden", "The token is not this runner's reset token");
}

/** Compares in a time that reveals neither where two texts differ nor their lengths. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
