// A job as the host sends it (protocol, section 2): JSON of unknown shape in, plain readonly data out.
import { isDeeperThan, MAX_DEPTH } from "../lib/depth.ts";
import { Failure, describe } from "../lib/failure.ts";

/** A name and text for the script's environment; nothing marks which of them are secrets. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** Who triggered a run, as far as the host tells. */
export interface Trigger {
  readonly by?: string;
  readonly userId?: string;
  readonly context?: unknown;
}

/** The part of a script's database row that a run depends on. */
export interface Script {
  /** Stable per script; absent for code that belongs to none. */
  readonly id?: string;
  /** What people call it: the first label present, for logs. */
  readonly label: string;
  readonly versionId?: string;
  /** As the host sent it; may be no language that the runner knows. */
  readonly language: string;
  readonly code: string;
  /** The author's limit; absent where there is none. */
  readonly timeoutMs?: number;
  readonly variables: readonly Variable[];
  /** The script's webhook secret: never logged, journalled or shown. */
  readonly runToken?: string;
  readonly trigger: Trigger;
}

/** One run that a host asks for. */
export interface RunRequest {
  /** Absent where the host named none. */
  readonly runId?: string;
  readonly script: Script;
  /** Any JSON value; `{}` when there was none. */
  readonly input: unknown;
}

/** The longest run id that is accepted, in characters. */
export const MAX_RUN_ID = 256;

/** Timers hold no more than this; a longer limit is none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a job's parsed JSON. Throws a `Failure` that names the field and the value seen. */
export function parseRunRequest(body: unknown): RunRequest {
  if (!isObject(body)) throw new Failure("bad-request", `Cannot read the job: wanted a JSON object, found ${describe(body)}`);
  if (isDeeperThan(body)) throw new Failure("bad-request", `Cannot read the job: its JSON is nested deeper than ${MAX_DEPTH} levels`);
  const row = body["script"];
  if (!isObject(row)) throw new Failure("bad-request", `Cannot read the job's script: wanted an object, found ${describe(row)}`);
  const runId = identifier(body["runId"], "runId") ?? identifier(row["preassignedRunId"], "script.preassignedRunId");
  return {
    ...(runId === undefined ? {} : { runId }),
    script: parseScript(row),
    input: body["reqBody"] ?? {},
  };
}

function parseScript(row: Fields): Script {
  const code = row["code"];
  if (typeof code !== "string") throw new Failure("bad-request", `Cannot read script.code: wanted text, found ${describe(code)}`);
  const language = row["language"];
  if (typeof language !== "string") throw unreadable("script.language", "text", language);
  const id = identifier(row["id"], "script.id");
  const timeoutMs = limit(row["timeout"]);
  const versionId = text(row["versionId"]) ?? text(row["version"]);
  const runToken = text(row["run_token"]);
  return {
    ...(id === undefined ? {} : { id }),
    label: [row["name"], row["endpoint"], row["versionId"], id].map(text).find((label) => label !== undefined) ?? "unnamed",
    ...(versionId === undefined ? {} : { versionId }),
    language,
    code,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    variables: variablesOf(row["variables"]),
    ...(runToken === undefined ? {} : { runToken }),
    trigger: triggerOf(row),
  };
}

function variablesOf(list: unknown): Variable[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new Failure("bad-request", `Cannot read script.variables: wanted an array, found ${describe(list)}`);
  return list.map((entry: unknown, index) => {
    const name = isObject(entry) ? entry["envName"] : undefined;
    if (!isObject(entry) || typeof name !== "string") {
      const found = isObject(entry) ? `envName ${describe(name)}` : describe(entry);
      throw new Failure("bad-request", `Cannot read script.variables[${index}]: wanted {envName, value}, found ${found}`);
    }
    return { name, value: valueText(entry["value"]) };
  });
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function triggerOf(row: Fields): Trigger {
  const by = text(row["triggeredBy"]);
  const userId = text(row["triggeredByUserId"]);
  const context = row["jobContext"];
  return {
    ...(by === undefined ? {} : { by }),
    ...(userId === undefined ? {} : { userId }),
    ...(context === undefined || context === null ? {} : { context }),
  };
}

/** Milliseconds for a number of seconds or its text; none for what is no number, not positive or beyond any timer. */
function limit(seconds: unknown): number | undefined {
  const number = typeof seconds === "string" && seconds.trim() !== "" ? Number(seconds) : seconds;
  if (typeof number !== "number" || !(number > 0)) return undefined;
  const ms = Math.max(1, Math.round(number * 1000));
  return ms <= MAX_TIMER_MS ? ms : undefined;
}

/** An id as text; numbers are spelled out, blank is none. */
function identifier(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || (typeof value === "string" && value.trim() === "")) return undefined;
  if (typeof value !== "string" && typeof value !== "number") throw unreadable(field, "text", value);
  const id = String(value);
  if (id.length > MAX_RUN_ID) throw unreadable(field, `at most ${MAX_RUN_ID} characters`, id.length);
  if (Buffer.from(id).toString() !== id) throw unreadable(field, "Unicode text without half a surrogate pair", id);
  return id;
}

function unreadable(what: string, wanted: string, found: unknown): Failure {
  return new Failure("bad-request", `Cannot read ${what}: wanted ${wanted}, found ${describe(found)}`);
}

/** A label as text: what is neither text nor number, or blank, is none. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
