// Who may come in.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Failure } from "../lib/failure.ts";

/** Lets a request pass that carries the runner's secret. Throws 503 while there is none yet, 401 for another one or none. */
export function requireSecret(request: IncomingMessage, secret: string | undefined): void {
  if (secret === undefined) throw new Failure("unavailable", "This runner has no secret yet: register it first", { "retry-after": "30" });
  const given = request.headers["x-automn-runner-secret"];
  if (typeof given !== "string") throw new Failure("unauthorized", "The header x-automn-runner-secret is missing");
  if (!sameSecret(given, secret)) throw new Failure("unauthorized", "The header x-automn-runner-secret does not hold this runner's secret");
}

/** Compares in a time that tells nothing of where two texts differ, nor of their lengths. */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Refuses a form that another site's page sent: browsers say where a request comes from. */
export function requireSameOrigin(request: IncomingMessage): void {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw new Failure("forbidden", `This form can't be sent from another site (${String(site)})`);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
