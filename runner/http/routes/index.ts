// The route table on one screen.
import { Failure, messageOf } from "../../lib/failure.ts";
import { discardBody } from "../body.ts";
import { sendJson, sendPage, wantsPage } from "../reply.ts";
import { createRouter } from "../router.ts";
import type { Exchange, Route } from "../router.ts";
import { staticFiles } from "../static.ts";
import type { Log } from "../../lib/log.ts";
import { errorPage } from "../../page/error-page.ts";
import { operatorPage } from "../../page/page.ts";
import type { OutcomeView } from "../../page/view.ts";
import { pageOf, statusOf } from "./status.ts";
import type { Parts } from "./status.ts";
import { takeJob } from "./jobs.ts";
import { clearPackages, packageStatus } from "./packages.ts";
import { cancelRun, followRun, listRuns, showRun } from "./runs.ts";
import { registerAgain, reset, showPage, takeSecret } from "./setup.ts";

/** What the routes depend on. */
export interface RouteDependencies extends Parts {
  readonly publicDir: string;
  readonly log: Log;
}

/** The runner's whole HTTP interface. */
export function createRoutes(tools: RouteDependencies) {
  const { config, log } = tools;
  const files = staticFiles(tools.publicDir);
  const job = takeJob(tools);
  const packageTools = { ...tools, resetToken: config.resetToken, page: (outcome: OutcomeView) => operatorPage(pageOf(tools, outcome)) };
  const routes: readonly Route[] = [
    { method: "GET", path: "/", handle: showPage(tools) },
    { method: "GET", path: "/status", handle: ({ response }) => sendJson(response, 200, statusOf(tools)) },
    { method: "GET", path: "/ui/reregister", handle: registerAgain(tools) },
    { method: "POST", path: "/ui/register", handle: takeSecret(tools) },
    ...config.jobPaths.map((path): Route => ({ method: "POST", path, handle: job, literal: true })),
    { method: "GET", path: "/api/runs", handle: listRuns(tools) },
    { method: "GET", path: "/api/runs/:id", handle: showRun(tools) },
    { method: "DELETE", path: "/api/runs/:id", handle: cancelRun(tools) },
    { method: "GET", path: "/api/runs/:id/stream", handle: followRun(tools) },
    { method: "POST", path: "/internal/reset", handle: reset(tools) },
    { method: "POST", path: "/api/packages/status", handle: packageStatus(packageTools) },
    { method: "POST", path: "/ui/package-cache/clear", handle: clearPackages(packageTools) },
    { method: "GET", path: "/favicon.ico", handle: files },
    { method: "GET", path: "/assets/*", handle: files },
  ];
  return createRouter(routes, (exchange, error) => answerFailure(exchange, error, log));
}

/** A `Failure` is for the one who caused it; anything else is ours, logged whole and not shown. */
function answerFailure(exchange: Exchange, error: unknown, log: Log): void {
  const { request, response, path } = exchange;
  const failure = error instanceof Failure ? error : new Failure("internal", "Something went wrong in the runner; its log says what");
  if (failure !== error) log.error("A request failed", { method: request.method, path, error: error instanceof Error ? error.stack : messageOf(error) });
  else log.debug("A request was refused", { method: request.method, path, status: failure.status, reason: failure.message });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (wantsPage(exchange)) sendPage(response, failure.status, errorPage(failure.status, titleOf(failure), failure.message), failure.headers);
  else sendJson(response, failure.status, { error: failure.message }, failure.headers);
  discardBody(request);
}

function titleOf({ code }: Failure): string {
  const words = code.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
