// One registration over HTTP: the request, and the host's answer in words that help.
import { isDeeperThan } from "../lib/depth.ts";
import { messageOf } from "../lib/failure.ts";
import { registrationUrl } from "../protocol/registration.ts";
import type { RegistrationBody } from "../protocol/registration.ts";
import { secretForms } from "../redaction/secret-forms.ts";
import { createRedaction } from "../redaction/redactor.ts";

/** How a registration went; `status` is the host's, where it answered. `transient` failures (network, 5xx) are worth a retry before the next heartbeat. */
export type RegistrationOutcome =
  | { readonly ok: true; readonly answer: unknown; readonly clockSkewMs?: number }
  | { readonly ok: false; readonly transient: boolean; readonly message: string; readonly status?: number; readonly answer?: unknown; readonly clockSkewMs?: number };

/** How much of the host's own words is told on. */
const MAX_SAID = 500;
const MAX_ANSWER_BYTES = 256 * 1024;

/** What refusals of the host mean for the one who set the runner up. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "the host did not accept the registration",
  401: "the secret does not match the one that the host has for this runner id",
  403: "the runner is disabled in the host's settings",
  404: "the host has no runner with this id",
};

/** Sends one registration; never rejects. `signal` ends it, and its reason is the message then. */
export async function register(hostUrl: string, body: RegistrationBody, signal: AbortSignal, now: () => number = Date.now): Promise<RegistrationOutcome> {
  const url = registrationUrl(hostUrl, body.runnerId);
  const sent = now();
  try {
    const response = await fetch(url, {
      method: "POST", signal, redirect: "manual",
      headers: { "content-type": "application/json", accept: "application/json", "user-agent": `automn-runner/${body.version}` },
      body: JSON.stringify(body),
    });
    const clockSkewMs = skew(response.headers.get("date"), sent, now());
    const text = await readSome(response);
    const outcome = judge(response, parse(text), url);
    // a host, or what stands in its place, may echo what it was sent
    return { ...createRedaction(secretForms([body.secret])).value(outcome), ...(clockSkewMs === undefined ? {} : { clockSkewMs }) };
  } catch (error) {
    return { ok: false, transient: true, message: `Cannot reach the host at ${url}: ${networkReason(error, signal)}` };
  }
}

function judge(response: Response, answer: unknown, url: string): RegistrationOutcome {
  const { status } = response;
  const extra = { status, ...(answer === undefined ? {} : { answer }) };
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
  if (response.ok) {
    if (fields["registered"] === true) return { ok: true, answer };
    return { ok: false, transient: false, message: `${url} answered ${status} but not as an Automn host does: check AUTOMN_HOST_URL`, ...extra };
  }
  if (status >= 300 && status < 400) {
    const target = response.headers.get("location") ?? "elsewhere";
    return { ok: false, transient: false, message: `${url} answered ${status}, a redirect to ${target}: set AUTOMN_HOST_URL to the host's own address`, ...extra };
  }
  const said = typeof fields["error"] === "string" ? ` (the host says: ${fields["error"].slice(0, MAX_SAID)})` : "";
  if (status >= 500) return { ok: false, transient: true, message: `The host at ${url} failed with status ${status}${said}`, ...extra };
  const meaning = REFUSALS[status] ?? "the host refused the registration";
  return { ok: false, transient: false, message: `Registration at ${url} was refused with status ${status}: ${meaning}${said}`, ...extra };
}

/** What went wrong below HTTP, by the error codes of Node's sockets, resolver and TLS. */
function networkReason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return messageOf(signal.reason);
  const cause = rootCause(error);
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "ECONNREFUSED") return "the connection was refused: is the host running, is the port right?";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `its name could not be resolved (${code})`;
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "the connection broke off";
  if (code === "ETIMEDOUT" || code.endsWith("_TIMEOUT")) return "no answer in time";
  if (code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || code.includes("CERT") || code.includes("SIGNATURE")) return `the TLS connection failed: ${messageOf(cause)}`;
  return messageOf(cause);
}

/** The innermost cause; of several addresses tried, the last one's. */
function rootCause(error: unknown): unknown {
  let cause = error;
  for (let depth = 0; depth < 8; depth++) {
    const next: unknown = cause instanceof AggregateError ? cause.errors.at(-1) : cause instanceof Error ? cause.cause : undefined;
    if (next === undefined || next === null) break;
    cause = next;
  }
  return cause;
}

/** Host clock minus ours, in milliseconds, as far as a `Date` header of whole seconds tells. */
function skew(date: string | null, sent: number, received: number): number | undefined {
  const host = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(host) ? undefined : host + 500 - (sent + received) / 2;
}

async function readSome(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) break;
  }
  return text;
}

function parse(text: string): unknown {
  try {
    const answer: unknown = JSON.parse(text);
    return isDeeperThan(answer) ? undefined : answer;
  } catch {
    return undefined;
  }
}
