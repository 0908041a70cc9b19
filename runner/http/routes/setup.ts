// Setting the runner up on the operator page, and resetting it with the reset token.
import { secretText } from "../../config/readers.ts";
import { Failure, messageOf } from "../../lib/failure.ts";
import type { RegistrationOutcome } from "../../registration/host-client.ts";
import { MAX_FORM_BYTES } from "../auth.ts";
import { readForm, textField } from "../body.ts";
import { sendJson, sendPage } from "../reply.ts";
import type { Handler } from "../router.ts";
import { operatorPage } from "../../page/page.ts";
import { withoutSecret, withSecret } from "../../registration/state.ts";
import { formIsOpen, pageOf, runnerOf } from "./status.ts";
import type { Parts } from "./status.ts";

const FIXED_SECRET = "The secret is set by the environment (AUTOMN_RUNNER_SECRET)";

/** `GET /`. */
export function showPage(parts: Parts): Handler {
  return ({ response }) => sendPage(response, 200, operatorPage(pageOf(parts)));
}

/** `GET /ui/reregister`. */
export function registerAgain(parts: Parts): Handler {
  return async ({ response }) => {
    const outcome = await parts.registrar.register("manual");
    sendPage(response, 200, operatorPage(pageOf(parts, outcomeView(outcome))));
  };
}

/** `POST /ui/register`, the form with the secret. */
export function takeSecret(parts: Parts): Handler {
  return async ({ request, response }) => {
    if (parts.config.secret !== undefined) throw new Failure("forbidden", `${FIXED_SECRET} and cannot be changed here`);
    if (!formIsOpen(parts)) throw new Failure("forbidden", "This runner is registered: its secret cannot be changed here");
    const form = await readForm(request, MAX_FORM_BYTES);
    let secret: string;
    try {
      secret = secretText(textField(form, "secret") ?? "");
    } catch (error) {
      const message = `Cannot take the secret: ${messageOf(error)}`;
      sendPage(response, 400, operatorPage(pageOf(parts, { ok: false, message, secretAtFault: true })));
      return;
    }
    await parts.state.update((state) => withSecret(state, secret));
    const outcome = await parts.registrar.register("initial");
    sendPage(response, 200, operatorPage(pageOf(parts, outcomeView(outcome))));
  };
}

/** `POST /internal/reset`: a new secret, or none so that the page asks for one. */
export function reset(parts: Parts): Handler {
  const { config, state, registrar } = parts;
  return async ({ response, form }) => {
    if (config.secret !== undefined) throw new Failure("conflict", `${FIXED_SECRET}: change it there`);
    const secret = textField(form, "secret");
    if (secret === undefined) {
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

function newSecret(value: string): string {
  try {
    return secretText(value);
  } catch (error) {
    throw new Failure("bad-request", `Cannot take the secret: ${messageOf(error)}`);
  }
}

function resultOf(outcome: RegistrationOutcome): { ok: boolean; message?: string; response: unknown } {
  return { ok: outcome.ok, ...(outcome.ok ? {} : { message: outcome.message }), response: outcome.answer ?? null };
}

function outcomeView(outcome: RegistrationOutcome): { ok: boolean; message: string; secretAtFault?: boolean } {
  return outcome.ok
    ? { ok: true, message: "The host accepted this runner." }
    : { ok: false, message: outcome.message, secretAtFault: outcome.status === 401 };
}
