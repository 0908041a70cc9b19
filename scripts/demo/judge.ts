// Whether a demo script did what it should.
import { isDeepStrictEqual } from "node:util";
import type { Dispatched } from "../fake-host.ts";
import type { DemoScript } from "./scripts.ts";

/** Lines that come live are there this long, in milliseconds, before the result at the latest. */
const LIVE_MS = 300;

/** Sentences about what went wrong; none where all is well. `firstLineMs` is how long before the result the first line came. */
export function faultsOf(script: DemoScript, run: Dispatched, firstLineMs: number): string[] {
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
    ...(firstLineMs >= LIVE_MS ? [] : [`its first line came ${Math.round(firstLineMs)} ms before the result, so nothing was live`]),
  ];
}

function differs(what: string, found: unknown, wanted: unknown): string[] {
  return isDeepStrictEqual(found, wanted) ? [] : [`it ${what} ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`];
}
