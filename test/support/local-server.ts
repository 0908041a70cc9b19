// An HTTP server on the loopback address for one test, and simple clients.
import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, RequestListener, Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";

/** The part of a test's context that runs cleanups. */
export interface TestLifetime {
  after(close: () => Promise<void> | void): void;
}

/** Listens on a free loopback port until the test has ended; resolves with the port. */
export async function serve(t: TestLifetime, answer: RequestListener | Server): Promise<number> {
  const server = typeof answer === "function" ? createServer(answer) : answer;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  return (server.address() as AddressInfo).port;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request to the loopback address. Unlike `fetch`, it sends path and headers exactly as given. */
export function ask(
  port: number, path: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Sends raw bytes and resolves with all that comes back until the other side closes. */
export function exchange(
  port: number, text: string | Buffer, { endAfterwards = false }: { endAfterwards?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      if (endAfterwards) socket.end(text);
      else socket.write(text);
    });
    let answer = "";
    socket.on("data", (chunk) => { answer += chunk.toString("latin1"); });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}
