// One registration over HTTP: the request, and what the host's answer means.
import { isDeeperThan } from "../lib/depth.ts";
import { messageOf } from "../lib/failure.ts";
import { registrationUrl } from "../protocol/registration.ts";
import type { RegistrationBody } from "../protocol/registration.ts";
import { secretForms } from "../redaction/secret-forms.ts";
import { createRedaction } from "../redaction/redactor.ts";

/** The host took the registration; `answer` is its JSON, `clockSkewMs` its clock minus ours. */
export interface Accepted {
  readonly ok: true;
  readonly answer: unknown;
  readonly clockSkewMs?: number;
}

/** The host refused it or could not be reached. */
export interface Refused {
  readonly ok: false;
  /** A failure of the network or a 5xx: worth a retry before the next heartbeat. */
  readonly transient: boolean;
  readonly message: string;
  /** The host's status and JSON, where it answered. */
  readonly status?: number;
  readonly answer?: unknown;
  readonly clockSkewMs?: number;
}

/** How a registration went. */
export type RegistrationOutcome = Accepted | Refused;

/** How much of an error message of the host's is repeated, in characters. */
const MAX_QUOTED = 500;
const MAX_ANSWER_BYTES = 256 * 1024;

/** What a refusal means to the person who set the runner up. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "the host did not accept the registration",
  401: "the secret does not match the one that the host has for this runner id",
  403: "the runner is disabled in the host's settings",
  404: "the host has no runner with this id",
};

/** OpenSSL's errors for an answer that is no TLS. */
const NOT_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST", "EPROTO"]);
/** The errors for a certificate whose issuer is not known. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);

/** How a registration is sent. */
export interface RegisterOptions {
  /** Ends it; its reason becomes the message. */
  readonly signal: AbortSignal;
  /** What to say of proxies where the host cannot be reached. */
  readonly proxy?: string | undefined;
  readonly now?: () => number;
}

/** Sends one registration; never rejects. */
export async function register(hostUrl: string, body: RegistrationBody, options: RegisterOptions): Promise<RegistrationOutcome> {
  const { signal, proxy, now = Date.now } = options;
  const url = registrationUrl(hostUrl, body.runnerId);
  const sent = now();
  try {
    const response = await fetch(url, {
      method: "POST", signal, redirect: "manual",
      headers: { "content-type": "application/json", accept: "application/json", "user-agent": `automn-runner/${body.version}` },
      body: JSON.stringify(body),
    });
    const clockSkewMs = skew(response.headers.get("date"), sent, now());
    const text = await readStart(response);
    const outcome = outcomeOf(response, parse(text), url);
    // A host, or what stands in its place, may echo what it was sent.
    return { ...createRedaction(secretForms([body.secret])).value(outcome), ...(clockSkewMs === undefined ? {} : { clockSkewMs }) };
  } catch (error) {
    const hint = proxy === undefined ? "" : ` (${proxy})`;
    return { ok: false, transient: true, message: `Cannot reach the host at ${url}: ${networkReason(error, signal, hostUrl)}${hint}` };
  }
}

function outcomeOf(response: Response, answer: unknown, url: string): RegistrationOutcome {
  const { status } = response;
  const answered = { status, ...(answer === undefined ? {} : { answer }) };
  const failed = (message: string): Refused => ({ ok: false, transient: status >= 500, message, ...answered });
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
  if (response.ok) {
    if (fields["registered"] === true) return { ok: true, answer };
    return failed(`${url} answered ${status} but not as an Automn host does: check AUTOMN_HOST_URL`);
  }
  if (status >= 300 && status < 400) {
    const target = response.headers.get("location") ?? "elsewhere";
    return failed(`${url} answered ${status}, a redirect to ${target}: set AUTOMN_HOST_URL to the host's own address`);
  }
  const quoted = typeof fields["error"] === "string" ? ` (the host says: ${fields["error"].slice(0, MAX_QUOTED)})` : "";
  if (status >= 500) return failed(`The host at ${url} failed with status ${status}${quoted}`);
  const meaning = REFUSALS[status] ?? "the host refused the registration";
  return failed(`Registration at ${url} was refused with status ${status}: ${meaning}${quoted}`);
}

/** What went wrong below HTTP, by the error codes of Node's sockets, resolver and TLS. */
function networkReason(error: unknown, signal: AbortSignal, hostUrl: string): string {
  if (signal.aborted) return messageOf(signal.reason);
  const cause = rootCause(error);
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "ECONNREFUSED") return "the connection was refused: is the host running, is the port right?";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `its name could not be resolved (${code})`;
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "the connection broke off";
  if (code === "ETIMEDOUT" || code.endsWith("_TIMEOUT")) return "no answer in time";
  return tlsReason(code, hostUrl, cause) ?? messageOf(cause);
}

function tlsReason(code: string, hostUrl: string, cause: unknown): string | undefined {
  const failed = "the TLS connection failed:";
  const plainUrl = hostUrl.replace(/^https/i, "http");
  if (NOT_TLS.has(code)) return `${failed} the host speaks http there, not https; set AUTOMN_HOST_URL to ${plainUrl}`;
  if (UNTRUSTED.has(code)) return `${failed} ${messageOf(cause)}; set NODE_EXTRA_CA_CERTS to a file with the certificate of its authority`;
  return /^ERR_(TLS|SSL)|CERT/.test(code) ? `${failed} ${messageOf(cause)}` : undefined;
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

/** The host's clock minus ours, in milliseconds, as far as a `Date` header of whole seconds tells. */
function skew(date: string | null, sent: number, received: number): number | undefined {
  const host = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(host) ? undefined : host + 500 - (sent + received) / 2;
}

async function readStart(response: Response): Promise<string> {
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
