// Setting the runner up by the operator page, and taking it back by the reset token.
import { secretText } from "../../config/readers.ts";
import { Failure, messageOf } from "../../lib/failure.ts";
import type { RegistrationOutcome } from "../../registration/host-client.ts";
import { requireSameOrigin, sameSecret } from "../auth.ts";
import { readForm, readJson } from "../body.ts";
import { sendJson, sendPage } from "../reply.ts";
import type { Handler } from "../router.ts";
import { operatorPage } from "../../page/page.ts";
import { withoutSecret, withSecret } from "../../registration/state.ts";
import { formIsOpen, pageOf, runnerOf } from "./status.ts";
import type { Parts } from "./status.ts";

/** Forms and resets are small. */
const MAX_FORM_BYTES = 64 * 1024;

/** `GET /`. */
export function showPage(parts: Parts): Handler {
  return ({ response }) => sendPage(response, 200, operatorPage(pageOf(parts)));
}

/** `GET /ui/reregister`. */
export function registerAgain(parts: Parts): Handler {
  return async ({ response }) => {
    const outcome = await parts.registrar.register("manual");
    sendPage(response, 200, operatorPage(pageOf(parts, told(outcome))));
  };
}

/** `POST /ui/register`, the form with the secret. */
export function takeSecret(parts: Parts): Handler {
  return async ({ request, response }) => {
    requireSameOrigin(request);
    if (parts.config.secret !== undefined) throw new Failure("forbidden", "The secret is set by the environment (AUTOMN_RUNNER_SECRET) and can't be changed here");
    if (!formIsOpen(parts)) throw new Failure("forbidden", "This runner is registered: its secret can't be changed here");
    const form = await readForm(request, MAX_FORM_BYTES);
    let secret: string;
    try {
      secret = secretText(form.get("secret") ?? "");
    } catch (error) {
      const message = `Cannot take the secret: ${messageOf(error)}`;
      sendPage(response, 400, operatorPage(pageOf(parts, { ok: false, message, secretAtFault: true })));
      return;
    }
    await parts.state.update((state) => withSecret(state, secret));
    const outcome = await parts.registrar.register("initial");
    sendPage(response, 200, operatorPage(pageOf(parts, told(outcome))));
  };
}

/** `POST /internal/reset`: a new secret, or none so that the page asks for one. */
export function reset(parts: Parts): Handler {
  const { config, state, registrar } = parts;
  return async ({ request, response, path }) => {
    if (config.resetToken === undefined) throw new Failure("not-found", `There is nothing at ${path}`);
    const body = await readJson(request, MAX_FORM_BYTES);
    const { token, secret } = (typeof body === "object" && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
    if (typeof token !== "string" || !sameSecret(token.trim(), config.resetToken)) throw new Failure("forbidden", "The token is not this runner's reset token");
    if (config.secret !== undefined) throw new Failure("conflict", "The secret is set by the environment (AUTOMN_RUNNER_SECRET): change it there");
    if (secret === undefined || secret === null || secret === "") {
      await state.update(withoutSecret);
      sendJson(response, 200, { reset: true, secretCleared: true, runner: runnerOf(parts) });
      return;
    }
    const replacement = newSecret(secret);
    await state.update((before) => withSecret(before, replacement));
    const outcome = await registrar.register("secret-rotation");
    sendJson(response, 200, { reset: true, secretUpdated: true, registration: runnerOf(parts), registrationResult: resultOf(outcome) });
  };
}

function newSecret(value: unknown): string {
  if (typeof value !== "string") throw new Failure("bad-request", `Cannot take the secret: wanted text, found ${Array.isArray(value) ? "an array" : `a ${typeof value}`}`);
  try {
    return secretText(value);
  } catch (error) {
    throw new Failure("bad-request", `Cannot take the secret: ${messageOf(error)}`);
  }
}

function resultOf(outcome: RegistrationOutcome): { ok: boolean; message?: string; response: unknown } {
  return { ok: outcome.ok, ...(outcome.ok ? {} : { message: outcome.message }), response: outcome.answer ?? null };
}

function told(outcome: RegistrationOutcome): { ok: boolean; message: string; secretAtFault?: boolean } {
  return outcome.ok
    ? { ok: true, message: "The host accepted this runner." }
    : { ok: false, message: outcome.message, secretAtFault: outcome.status === 401 };
}
