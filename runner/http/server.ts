// The one HTTP server and its limits.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/**
 * Slow or silent clients are cut off; connections that hosts keep (up to 5 s idle) outlive their idea of idle by far.
 * A few whole frames may wait for a connection before a script is slowed down.
 */
const LIMITS = {
  headersTimeout: 30_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2_000,
  noDelay: true,
  highWaterMark: 256 * 1024,
} as const;

/** Listens and resolves with the port, which is of interest where 0 was asked for. Rejects when the address can't be had. */
export function listen(server: Server, port: number, bind: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(bind === undefined ? {} : { host: bind }) }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** A server that hands every request to `answer`. */
export function createHttpServer(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
  return createServer(LIMITS, (request, response) => void answer(request, response));
}

/** Takes no more connections and resolves when the answers under way are out, after `graceMs` at the latest. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
