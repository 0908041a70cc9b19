// The route table on one screen.
import { Failure, messageOf } from "../../lib/failure.ts";
import { createAuthorize } from "../auth.ts";
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
export function createRoutes(dependencies: RouteDependencies) {
  const { config, log } = dependencies;
  const files = staticFiles(dependencies.publicDir);
  const job = takeJob(dependencies);
  const packages = { ...dependencies, page: (outcome: OutcomeView) => operatorPage(pageOf(dependencies, outcome)) };
  const resetRoute: Route = { method: "POST", path: "/internal/reset", auth: "reset-token", handle: reset(dependencies) };
  const routes: readonly Route[] = [
    { method: "GET", path: "/", auth: "none", handle: showPage(dependencies) },
    { method: "GET", path: "/status", auth: "none", handle: ({ response }) => sendJson(response, 200, statusOf(dependencies)) },
    { method: "GET", path: "/ui/reregister", auth: "none", handle: registerAgain(dependencies) },
    { method: "POST", path: "/ui/register", auth: "none", sameOrigin: true, handle: takeSecret(dependencies) },
    ...config.jobPaths.map((path): Route => ({ method: "POST", path, literal: true, auth: "runner-secret", handle: job })),
    { method: "GET", path: "/api/runs", auth: "runner-secret", handle: listRuns(dependencies) },
    { method: "GET", path: "/api/runs/:id", auth: "runner-secret", handle: showRun(dependencies) },
    { method: "DELETE", path: "/api/runs/:id", auth: "runner-secret", handle: cancelRun(dependencies) },
    { method: "GET", path: "/api/runs/:id/stream", auth: "runner-secret", handle: followRun(dependencies) },
    ...(config.resetToken === undefined ? [] : [resetRoute]),
    { method: "POST", path: "/api/packages/status", auth: "runner-secret", handle: packageStatus(packages) },
    { method: "POST", path: "/ui/package-cache/clear", auth: "reset-token", sameOrigin: true, handle: clearPackages(packages) },
    { method: "GET", path: "/favicon.ico", auth: "none", handle: files },
    { method: "GET", path: "/assets/*", auth: "none", handle: files },
  ];
  return createRouter(routes, {
    authorize: createAuthorize({ secret: dependencies.secret, resetToken: config.resetToken }),
    onFailure: (exchange, error) => answerFailure(exchange, error, log),
  });
}

/** Answers a `Failure` to the one who caused it; any other error is ours: logged in full, not shown. */
function answerFailure(exchange: Exchange, error: unknown, log: Log): void {
  const { request, response, path } = exchange;
  const failure = error instanceof Failure ? error : new Failure("internal", "Something went wrong in the runner; its log says what");
  const { method } = request;
  if (failure === error) log.debug("A request was refused", { method, path, status: failure.status, reason: failure.message });
  else log.error("A request failed", { method, path, error: error instanceof Error ? error.stack : messageOf(error) });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, message, headers } = failure;
  if (wantsPage(exchange)) sendPage(response, status, errorPage(status, titleOf(failure), message), headers);
  else sendJson(response, status, { error: message }, headers);
  discardBody(request);
}

function titleOf({ code }: Failure): string {
  const words = code.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
