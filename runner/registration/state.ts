// What the runner remembers of its registration, and how events change it. Pure.
import { describe } from "../lib/failure.ts";
import { isObject } from "../lib/shape.ts";

/** Everything that survives a restart. Times are ISO 8601. The names are those of the public runner's file. */
export interface RunnerState {
  /** Absent where the environment gives the secret. */
  readonly secret?: string;
  readonly locked: boolean;
  readonly lockedAt?: string;
  readonly registeredAt?: string;
  readonly lastRegistrationAttempt?: string;
  readonly lastRegistrationStatus?: string;
  readonly lastRegistrationError?: string;
  /** The host's last answer as it came, the secret taken out. */
  readonly lastRegistrationResponse?: unknown;
  readonly hostUrl?: string;
  readonly runnerId?: string;
  readonly endpointUrl?: string;
  /** Interpreters by language, as the public runner's page sets them. */
  readonly runtimeExecutables?: Readonly<Record<string, string>>;
}

/** Which host, runner and endpoint a registration was for. */
export interface Identity {
  readonly hostUrl: string;
  readonly runnerId: string;
  readonly endpointUrl: string;
}

/** The state of a runner that has never registered. */
export const UNREGISTERED: RunnerState = { locked: false };

const TEXTS = [
  "registeredAt", "lastRegistrationAttempt", "lastRegistrationStatus", "lastRegistrationError", "hostUrl", "runnerId", "endpointUrl",
] as const;

/** Reads a state file's text, also the public runner's. Throws an `Error` for what is no state. */
export function parseState(text: string): RunnerState {
  const fields: unknown = JSON.parse(text);
  if (!isObject(fields)) throw new Error(`wanted a JSON object, found ${describe(fields)}`);
  const row = fields as Readonly<Record<string, unknown>>;
  const secret = row["secret"] ?? undefined;
  if (secret !== undefined && typeof secret !== "string") throw new Error(`wanted text as secret, found ${typeName(secret)}`);
  const lockedAt = timeOf(row["lockedAt"]);
  return {
    locked: row["locked"] === true || lockedAt !== undefined,
    ...(secret ? { secret } : {}),
    ...(lockedAt === undefined ? {} : { lockedAt }),
    ...texts(row, TEXTS),
    ...(row["lastRegistrationResponse"] == null ? {} : { lastRegistrationResponse: row["lastRegistrationResponse"] }),
    ...executables(row["runtimeExecutables"]),
  };
}

/** The state's file text. */
export function formatState(state: RunnerState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** A secret was given by the form or by a reset. */
export function withSecret(state: RunnerState, secret: string): RunnerState {
  return { ...state, secret };
}

/** The secret was taken back: the form asks for one again. Which host and which runner it is for stays known. */
export function withoutSecret({ hostUrl, runnerId, endpointUrl, runtimeExecutables }: RunnerState): RunnerState {
  return {
    ...UNREGISTERED,
    ...(hostUrl === undefined ? {} : { hostUrl }),
    ...(runnerId === undefined ? {} : { runnerId }),
    ...(endpointUrl === undefined ? {} : { endpointUrl }),
    ...(runtimeExecutables === undefined ? {} : { runtimeExecutables }),
  };
}

/** The host took the registration: the form is locked, the error is gone. */
export function registered(state: RunnerState, identity: Identity, answer: unknown, at: string): RunnerState {
  const { lastRegistrationError: _, ...kept } = state;
  return {
    ...kept, ...identity,
    locked: true, lockedAt: state.lockedAt ?? at, registeredAt: at,
    lastRegistrationAttempt: at, lastRegistrationStatus: "success", lastRegistrationResponse: answer,
  };
}

/** The host refused, or could not be reached; what was registered before stays so. */
export function refused(state: RunnerState, identity: Identity, error: string, answer: unknown, at: string): RunnerState {
  const { lastRegistrationResponse: _, ...kept } = state;
  return {
    ...kept, ...identity,
    lastRegistrationAttempt: at, lastRegistrationStatus: "error", lastRegistrationError: error,
    ...(answer === undefined ? {} : { lastRegistrationResponse: answer }),
  };
}

/** A lock belongs to one runner id: under another one the form is open again. */
export function forRunner(state: RunnerState, runnerId: string | undefined): RunnerState {
  if (runnerId === undefined || state.runnerId === undefined || state.runnerId === runnerId) return state;
  const { lockedAt: _, registeredAt: __, ...kept } = state;
  return { ...kept, locked: false };
}

function texts<K extends string>(row: Readonly<Record<string, unknown>>, names: readonly K[]): { [N in K]?: string } {
  const found = names.flatMap((name) => {
    const value = row[name];
    return typeof value === "string" || typeof value === "number" ? [[name, String(value)]] : [];
  });
  return Object.fromEntries(found) as { [N in K]?: string };
}

function executables(value: unknown): Pick<RunnerState, "runtimeExecutables"> {
  const paths = Object.entries(isObject(value) ? (value as object) : {}).flatMap(([name, path]: [string, unknown]) => {
    const bare = typeof path === "string" ? path.trim().replace(/^"(.+)"$/, "$1") : "";
    return bare !== "" && /^[a-z]+$/.test(name) ? [[name, bare]] : [];
  });
  return paths.length === 0 ? {} : { runtimeExecutables: Object.fromEntries(paths) as Record<string, string> };
}

/** The type alone: the value may be a secret. */
function typeName(value: unknown): string {
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

function timeOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
