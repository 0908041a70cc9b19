// Compares the outcome of a demo script with the expected one.
import { isDeepStrictEqual } from "node:util";
import type { Dispatched } from "../fake-host.ts";
import type { DemoScript } from "./scripts.ts";

/** When output is live, the first line arrives at least this many milliseconds before the result. */
const MIN_LEAD_MS = 300;

/** What went wrong, one message each. `leadMs` is the time from the first line to the result. */
export function problemsOf(script: DemoScript, run: Dispatched, leadMs: number): string[] {
  const { result } = run;
  if (result === undefined) return [run.failure ?? "there was no result"];
  const levels = result.automnLogs.map(({ level }) => level);
  const audiences = result.automnNotifications.map(({ audience }) => audience);
  return [
    ...(result.code === 0 ? [] : [`it ended with code ${result.code}${result.errorCode === undefined ? "" : ` (${result.errorCode})`}`]),
    ...(result.stderr.trim() === "" ? [] : [`it wrote to stderr: ${result.stderr.trim()}`]),
    ...differs("returned", result.returnData, script.returns),
    ...differs("logged at the levels", levels, script.logs),
    ...differs("notified", audiences, script.notifies),
    ...(leadMs >= MIN_LEAD_MS ? [] : [`its first line came only ${Math.round(leadMs)} ms before the result, so the output was not live`]),
  ];
}

function differs(action: string, found: unknown, wanted: unknown): string[] {
  return isDeepStrictEqual(found, wanted) ? [] : [`it ${action} ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`];
}
