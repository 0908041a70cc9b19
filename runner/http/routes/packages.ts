// The host's question about npm packages, and clearing what was installed.
import { Failure, describe } from "../../lib/failure.ts";
import { folderName } from "../../workspace/script-files.ts";
import { readJson } from "../body.ts";
import { sendJson, sendPage, wantsPage } from "../reply.ts";
import type { Handler } from "../router.ts";
import type { LanguageRegistry } from "../../languages/registry.ts";
import type { PackageStatus } from "../../packages/package-status.ts";
import type { Packages } from "../../packages/packages.ts";
import type { Cleared } from "../../packages/store.ts";

/** The most packages that one request may ask about. */
const MAX_PACKAGES = 200;
/** The host gives up after 300 s. */
const ANSWER_MS = 280_000;
const MAX_BODY_BYTES = 256 * 1024;
/** Clearing waits this long for runs that use a set; what is still used then goes when they end. */
const CLEAR_MS = 60_000;

/** What the routes about packages depend on. */
export interface PackageRouteDependencies {
  readonly packages: Packages;
  readonly languages: LanguageRegistry;
  /** Renders the operator page with a message on what was done. */
  readonly page: (outcome: { readonly ok: boolean; readonly message: string }) => string;
  /** Instead of the usual time in which the host is answered. */
  readonly answerMs?: number;
}

/** A host's question, parsed. */
interface Question {
  readonly scriptId: string | undefined;
  readonly directoryKey: string | undefined;
  readonly names: readonly string[];
  readonly installMissing: boolean;
}

/** `POST /api/packages/status`. */
export function packageStatus({ packages, languages, answerMs = ANSWER_MS }: PackageRouteDependencies): Handler {
  return async ({ request, response }) => {
    const { scriptId, directoryKey, names, installMissing } = parseQuestion(await readJson(request, MAX_BODY_BYTES));
    const node = await languages.find("node");
    const listed = "message" in node
      ? names.map((name): PackageStatus => ({ name, status: "error", message: node.message }))
      : await packages.status({
        scriptId, names, installMissing,
        home: folderName(scriptId ?? directoryKey), language: node.language.name, interpreter: node.interpreter,
      }, answerMs);
    sendJson(response, 200, { scriptId: scriptId ?? null, packages: listed, installMissing, error: errorOf(listed) });
  };
}

/** `POST /ui/package-cache/clear`. */
export function clearPackages({ packages, page }: PackageRouteDependencies): Handler {
  return async (exchange) => {
    const { response } = exchange;
    const cleared = await packages.clear(CLEAR_MS);
    if (wantsPage(exchange)) sendPage(response, 200, page({ ok: true, message: clearedMessage(cleared) }));
    else sendJson(response, 200, { cleared: true, ...cleared });
  };
}

function clearedMessage({ removed, left }: Cleared): string {
  const sets = (count: number) => `${count} ${count === 1 ? "set" : "sets"} of packages`;
  if (left === 0) return `${sets(removed)} removed.`;
  return `${sets(removed)} removed; ${left} in use, to be removed after the last run that uses ${left === 1 ? "it" : "them"}.`;
}

function parseQuestion(body: unknown): Question {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw unreadable("the question", "a JSON object", body);
  const { scriptId, directoryKey, packages, installMissing } = body as Readonly<Record<string, unknown>>;
  if (!Array.isArray(packages)) throw unreadable("packages", "an array of names", packages);
  if (packages.length > MAX_PACKAGES) throw unreadable("packages", `at most ${MAX_PACKAGES} names`, packages.length);
  const names = packages.map((name: unknown, index) => {
    if (typeof name !== "string") throw unreadable(`packages[${index}]`, "a name", name);
    return name;
  });
  const keys = { scriptId: key(scriptId, "scriptId"), directoryKey: key(directoryKey, "directoryKey") };
  return { ...keys, names, installMissing: installMissing !== false };
}

/** An id as the job's own is read: numbers are spelled out, blank is none. */
function key(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number") throw unreadable(field, "text", value);
  return String(value);
}

function unreadable(what: string, wanted: string, found: unknown): Failure {
  return new Failure("bad-request", `Cannot read ${what}: wanted ${wanted}, found ${describe(found)}`);
}

/** The one reason why nothing could be had, where there is one. */
function errorOf(listed: readonly PackageStatus[]): string | null {
  const [first, ...others] = listed;
  const same = first?.status === "error" && others.every(({ status, message }) => status === "error" && message === first.message);
  return same ? (first?.message ?? null) : null;
}
