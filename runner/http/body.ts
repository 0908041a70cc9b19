// Reading what a client sends, never more than a limit.
import type { IncomingMessage } from "node:http";
import { describe, Failure } from "../lib/failure.ts";

/** How long and how much of an unwanted body is read, so that its sender sees the answer. */
const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/** Reads the whole body, at most `limit` bytes. Rejects with a `Failure` for a larger, compressed or incomplete one. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new Failure("unsupported-media", `Cannot read the body: wanted it uncompressed, found content-encoding ${encoding}`);
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limit) throw tooLarge(announced, limit);
  if (request.destroyed && !request.complete) throw new Failure("bad-request", "Cannot read the body: the connection was closed");
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(tooLarge(size, limit));
    });
    request.on("end", resolve);
    request.on("error", () => reject(new Failure("bad-request", "Cannot read the body: the connection broke off")));
    request.on("close", () => reject(new Failure("bad-request", "Cannot read the body: the connection was closed")));
  });
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Reads the body as JSON. Rejects with a `Failure` that says what is wrong with it. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const body = await readBody(request, limit);
  try {
    return JSON.parse(body.toString("utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    const reason = body.length === 0 ? "it is empty" : withoutQuote((error as Error).message);
    throw new Failure("bad-request", `Cannot read the body as JSON: ${reason}`);
  }
}

/** V8 quotes the text around the error, and a body may hold secrets. */
function withoutQuote(message: string): string {
  return message.replace(/, (\.\.\.)?".*/s, "");
}

/** The fields of a form or of a JSON object, whose values may be any JSON. */
export type Form = ReadonlyMap<string, unknown>;

/** Reads a form that a browser sent, or a JSON object; other JSON has no fields. */
export async function readForm(request: IncomingMessage, limit: number): Promise<Form> {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
  if (type !== "application/json") return new Map(new URLSearchParams((await readBody(request, limit)).toString("utf8")));
  const json = await readJson(request, limit);
  return new Map(typeof json === "object" && json !== null ? Object.entries(json) : []);
}

/** A field's text; undefined if it is absent, null or empty. Throws a `Failure` for any other value. */
export function textField(form: Form, name: string): string | undefined {
  const value = form.get(name);
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new Failure("bad-request", `Cannot read ${name}: wanted text, found ${describe(value)}`);
  return value;
}

/** Reads and drops what a refused client is still sending, within limits, then cuts the connection. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let left = LINGER_BYTES;
  const cut = () => request.socket.destroy();
  const timer = setTimeout(cut, LINGER_MS);
  request.removeAllListeners("data");
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) cut();
  });
  request.on("error", () => {});
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => clearTimeout(timer));
  request.resume();
}

function tooLarge(size: number, limit: number): Failure {
  const accepted = `at most ${limit} bytes are accepted (AUTOMN_RUNNER_MAX_BODY_BYTES)`;
  return new Failure("too-large", `Cannot take a body of ${size} bytes or more: ${accepted}`);
}
