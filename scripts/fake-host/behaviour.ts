// How a fake host deviates from its normal answers.
import type { ServerResponse } from "node:http";

/** Changes to the answer of a registration. Omitted fields leave the answer unchanged. */
export interface Behaviour {
  /** Replaces the status. Any status but 200 leaves the runner unregistered. */
  readonly status?: number;
  /** Replaces the body. A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Delays the answer until this resolves. */
  readonly until?: Promise<unknown>;
  /** Closes the connection without an answer (`silent`) or in the middle of one (`torn`). */
  readonly cutOff?: "silent" | "torn";
  /** The time of the host's clock. */
  readonly date?: Date;
}

/** An answer to a registration. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ERRORS: Readonly<Record<number, Answer["body"]>> = {
  400: { error: "Invalid registration payload" },
  401: { error: "Invalid runner secret", code: "invalid_secret" },
  403: { error: "Runner host is disabled", code: "runner_disabled" },
  404: { error: "Runner host not found" },
};

/** The body that a host sends with an error status. */
export function errorBody(status: number): unknown {
  return ERRORS[status] ?? { error: "Internal server error" };
}

/** The normal answer with a behaviour applied. */
export function applyBehaviour(normal: Answer, { status = normal.status, body }: Behaviour): Answer {
  return { status, body: body ?? (status === normal.status ? normal.body : errorBody(status)) };
}

/** Sends an answer with the headers and faults of a behaviour. */
export function send(response: ServerResponse, { status, body }: Answer, { headers = {}, cutOff, date }: Behaviour): void {
  if (cutOff === "silent") {
    response.destroy();
    return;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text),
    ...(date === undefined ? {} : { date: date.toUTCString() }), ...headers,
  });
  if (cutOff === "torn") response.write(text.slice(0, text.length >> 1), () => response.destroy());
  else response.end(text);
}
