// Finds the route for a request, checks the caller and calls the handler.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "../lib/failure.ts";
import { requireSameOrigin } from "./auth.ts";
import type { Auth, Authorize } from "./auth.ts";
import type { Form } from "./body.ts";

/** One request and its response, with the path parsed. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The path segments where the route has `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The form that carried the reset token; empty for routes with another `auth`. */
  readonly form: Form;
}

/** Answers an exchange; what it throws is answered as a failure. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

/** One row of the route table. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** A `:name` matches one segment, a final `*` the rest. */
  readonly path: string;
  /** Whether `path` is taken literally. */
  readonly literal?: true;
  /** What the caller must show; the router checks it before it calls `handle`. */
  readonly auth: Auth;
  /** Whether a browser may send this only from the runner's own page. */
  readonly sameOrigin?: true;
  readonly handle: Handler;
}

/** What a router needs besides its table. */
export interface RouterOptions {
  readonly authorize: Authorize;
  /** Answers what a check or a handler threw. */
  readonly onFailure: (exchange: Exchange, error: unknown) => void;
}

const NO_FIELDS: Form = new Map();

interface Pattern {
  readonly matcher: RegExp;
  readonly byMethod: Map<string, Route>;
}

/**
 * Makes the function that answers every request by the table: 404 for an unknown path, 405 for an unknown method, HEAD
 * wherever there is GET. It checks who may come in before it calls a handler.
 */
export function createRouter(routes: readonly Route[], { authorize, onFailure }: RouterOptions) {
  const patterns = compile(routes);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path, query] = split(request.url ?? "/");
    const bare: Exchange = { request, response, path, query: new URLSearchParams(query), params: {}, form: NO_FIELDS };
    try {
      const { route, params } = find(patterns, request.method ?? "GET", path);
      if (route.sameOrigin) requireSameOrigin(request);
      const form = await authorize(request, route.auth);
      await route.handle({ ...bare, params, form });
    } catch (error) {
      onFailure(bare, error);
    }
  };
}

function compile(routes: readonly Route[]): Pattern[] {
  const patterns = new Map<string, Pattern>();
  for (const route of routes) {
    const matcher = route.literal ? literally(route.path) : matcherOf(route.path);
    const pattern = patterns.get(route.path) ?? { matcher, byMethod: new Map<string, Route>() };
    pattern.byMethod.set(route.method, route);
    if (route.method === "GET") pattern.byMethod.set("HEAD", route);
    patterns.set(route.path, pattern);
  }
  return [...patterns.values()];
}

function matcherOf(path: string): RegExp {
  const source = path.split("/").map((segment) => {
    if (segment.startsWith(":")) return `(?<${segment.slice(1)}>[^/]+)`;
    return segment === "*" ? "(?<rest>.+)" : escaped(segment);
  });
  return new RegExp(`^${source.join("/")}/?$`);
}

function literally(path: string): RegExp {
  return new RegExp(`^${escaped(path.replace(/\/+$/, ""))}/?$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function find(patterns: readonly Pattern[], method: string, path: string): { route: Route; params: Record<string, string> } {
  for (const { matcher, byMethod } of patterns) {
    const match = matcher.exec(path);
    if (match === null) continue;
    const route = byMethod.get(method);
    if (route === undefined) {
      const allow = [...byMethod.keys()].join(", ");
      throw new Failure("method-not-allowed", `Cannot ${method} ${path}: only ${allow} is allowed`, { allow });
    }
    return { route, params: decode(match.groups ?? {}) };
  }
  throw new Failure("not-found", `There is nothing at ${path}`);
}

function decode(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new Failure("bad-request", `Cannot read the path: ${Object.values(groups).join("/")} is not URL-encoded`);
  }
}

/** Path and query of a request target, absolute ones (as sent by proxies) included. */
function split(target: string): [path: string, query: string] {
  const local = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  return mark < 0 ? [local || "/", ""] : [local.slice(0, mark) || "/", local.slice(mark + 1)];
}
