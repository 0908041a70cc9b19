// From a request to the handler that answers it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "../lib/failure.ts";

/** One request and its answer, with the path taken apart. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stands in the path where the route has `:name`, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Answers an exchange; what it throws becomes the answer. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

/** One row of the route table. A `:name` in the path takes one segment, a closing `*` the rest, unless it is `literal`. */
export interface Route {
  readonly literal?: true;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly handle: Handler;
}

interface Pattern {
  readonly matcher: RegExp;
  readonly byMethod: Map<string, Handler>;
}

/** Answers every request by the table: 404 for a path and 405 for a method that is not in it, HEAD wherever GET is. */
export function createRouter(routes: readonly Route[], onFailure: (exchange: Exchange, error: unknown) => void) {
  const patterns = compile(routes);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path, query] = split(request.url ?? "/");
    const bare: Exchange = { request, response, path, query: new URLSearchParams(query), params: {} };
    try {
      const { handle, params } = find(patterns, request.method ?? "GET", path);
      await handle({ ...bare, params });
    } catch (error) {
      onFailure(bare, error);
    }
  };
}

function compile(routes: readonly Route[]): Pattern[] {
  const patterns = new Map<string, Pattern>();
  for (const route of routes) {
    const pattern = patterns.get(route.path) ?? { matcher: route.literal ? literally(route.path) : matcherOf(route.path), byMethod: new Map<string, Handler>() };
    pattern.byMethod.set(route.method, route.handle);
    if (route.method === "GET") pattern.byMethod.set("HEAD", route.handle);
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

function find(patterns: readonly Pattern[], method: string, path: string): { handle: Handler; params: Record<string, string> } {
  for (const { matcher, byMethod } of patterns) {
    const match = matcher.exec(path);
    if (match === null) continue;
    const handle = byMethod.get(method);
    if (handle === undefined) {
      const allow = [...byMethod.keys()].join(", ");
      throw new Failure("method-not-allowed", `${method} is not possible here, only ${allow}`, { allow });
    }
    return { handle, params: decode(match.groups ?? {}) };
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

/** Path and query of a request target, also of an absolute one as proxies send it. */
function split(target: string): [path: string, query: string] {
  const local = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  return mark < 0 ? [local || "/", ""] : [local.slice(0, mark) || "/", local.slice(mark + 1)];
}
