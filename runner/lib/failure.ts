// The one failure class: what a caller did wrong or what the runner cannot do right now, in a sentence.

const STATUS = {
  "bad-request": 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  "method-not-allowed": 405,
  conflict: 409,
  "too-large": 413,
  "unsupported-media": 415,
  busy: 429,
  internal: 500,
  unavailable: 503,
} as const;

/** The closed set of ways to fail. */
export type FailureCode = keyof typeof STATUS;

/** A failure with a sentence for whoever caused it; `headers` are sent with the HTTP answer. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: FailureCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "Failure";
    this.code = code;
    this.headers = headers;
  }

  /** The HTTP status of the answer. */
  get status(): number {
    return STATUS[this.code];
  }
}

/** A value in a message, at most 80 characters: `"abc"`, `an array`, `nothing`. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
