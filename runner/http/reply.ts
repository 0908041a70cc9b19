// How the front door answers.
import type { ServerResponse } from "node:http";
import type { Exchange } from "./router.ts";

/** Headers of every answer that is not a file: nothing may keep it, nothing may guess at its type. */
const UNCACHED = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

const PAGE_POLICY = [
  "default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "connect-src 'self'",
  "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
].join("; ");

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  send(response, status, JSON.stringify(value), { ...UNCACHED, "content-type": "application/json; charset=utf-8", ...headers });
}

/** Answers with a page that may use nothing but the runner's own files. */
export function sendPage(response: ServerResponse, status: number, html: string, headers: Readonly<Record<string, string>> = {}): void {
  send(response, status, html, {
    ...UNCACHED, "content-type": "text/html; charset=utf-8", "content-security-policy": PAGE_POLICY,
    "referrer-policy": "same-origin", "x-frame-options": "DENY", ...headers,
  });
}

/** Answers with bytes or text of a known length. */
export function send(response: ServerResponse, status: number, body: string | Buffer, headers: Readonly<Record<string, string>>): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Whether the one who asks is a browser that wants a page rather than JSON. */
export function wantsPage({ request }: Exchange): boolean {
  const accept = request.headers.accept ?? "";
  return accept.includes("text/html");
}
