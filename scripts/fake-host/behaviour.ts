// How a fake host answers when it is told to be difficult.
import type { ServerResponse } from "node:http";

/** What a registration gets instead of the proper answer; what is left out stays as it would be. */
export interface Behaviour {
  /** Another status than the proper one; one that is no success leaves the runner unregistered. */
  readonly status?: number;
  /** Another body; a string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Waits for this before it answers. */
  readonly until?: Promise<unknown>;
  /** Closes the connection: without an answer, or in the middle of one. */
  readonly cutOff?: "silent" | "torn";
  /** What the host takes for the time. */
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

/** The proper answer as a behaviour changes it. */
export function changed(proper: Answer, { status = proper.status, body }: Behaviour): Answer {
  return { status, body: body ?? (status === proper.status ? proper.body : errorBody(status)) };
}

/** Sends an answer the way a behaviour wants it. */
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
