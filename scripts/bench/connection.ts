// A host's side of a job that costs next to nothing: bytes are counted, and only the end of an answer is looked at.
import { once } from "node:events";
import { Socket } from "node:net";
import type { SocketConstructorOpts } from "node:net";

/** A job as a host sends it. */
export interface Job {
  readonly language: string;
  readonly code: string;
  readonly id?: string;
  readonly variables?: readonly { readonly envName: string; readonly value: string }[];
  readonly input?: unknown;
}

/** What is known of an answered job. */
export interface Answer {
  /** From the first byte of the request to the last of the answer. */
  readonly ms: number;
  /** From the first byte of the log to the last of the answer. */
  readonly logMs: number;
  /** The bytes of the answer, as they crossed the wire. */
  readonly bytes: number;
  /** How its process was started, where the runner says so. */
  readonly start: string | undefined;
}

/** A connection that is kept alive. */
export interface Connection {
  /** Runs a job. Rejects when its script did not end with code 0, or when a job is under way. */
  run(job: Job): Promise<Answer>;
  /** As `run`, for a body that was put together before. */
  send(body: Buffer): Promise<Answer>;
  close(): void;
}

/** An answer under way. */
interface Pending {
  readonly startedAt: number;
  firstAt: number | undefined;
  bytes: number;
  tail: Buffer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const CHUNK_BYTES = 256 * 1024;
/** The result's last fields, from `reason` on, are shorter. */
const TAIL_BYTES = 8 * 1024;
/** Ends an answer; no frame can hold it, since JSON escapes line breaks. */
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");

/** Opens a connection to a runner on this machine. */
export async function openConnection(port: number, secret: string): Promise<Connection> {
  let pending: Pending | undefined;
  const onread = { buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES), callback: (size: number, buffer: Uint8Array) => { take((buffer as Buffer).subarray(0, size)); return true; } };
  const socket = new Socket({ onread } as SocketConstructorOpts);
  socket.connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const fail = (error: Error): void => {
    pending?.reject(error);
    pending = undefined;
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("The runner closed the connection in the middle of an answer")));

  function take(chunk: Buffer): void {
    if (pending === undefined) return;
    const isHead = pending.bytes === 0;
    pending.bytes += chunk.length;
    if (!isHead || chunk.includes('{"type":')) pending.firstAt ??= performance.now();
    pending.tail = chunk.length >= TAIL_BYTES ? Buffer.from(chunk.subarray(-TAIL_BYTES)) : Buffer.concat([pending.tail, chunk]).subarray(-TAIL_BYTES);
    if (pending.tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) || isRefusal(pending)) finish(pending);
  }

  function finish({ startedAt, firstAt, bytes, tail, resolve, reject }: Pending): void {
    const at = performance.now();
    const end = tail.toString();
    pending = undefined;
    if (!/"reason":"(exited|returned)".*"code":0[,}]/.test(end)) return reject(new Error(`A run went wrong; its answer ends with ${end.slice(-1000).trim()}`));
    return resolve({ ms: at - startedAt, logMs: at - (firstAt ?? startedAt), bytes, start: /"start":"(\w+)"/.exec(end)?.[1] });
  }

  function send(body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (pending !== undefined) return reject(new Error("This connection has a job under way"));
      pending = { startedAt: performance.now(), firstAt: undefined, bytes: 0, tail: Buffer.alloc(0), resolve, reject };
      const head = `POST /api/run HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\nx-automn-runner-secret: ${secret}\r\ncontent-length: ${body.length}\r\n\r\n`;
      socket.cork();
      socket.write(head);
      socket.write(body);
      return process.nextTick(() => socket.uncork());
    });
  }

  return { send, run: (job) => send(bodyOf(job)), close: () => void socket.destroy() };
}

/** The bytes of a job. */
export function bodyOf({ language, code, id = `bench-${language}`, variables = [], input = {} }: Job): Buffer {
  return Buffer.from(JSON.stringify({ script: { id, name: id, language, code, variables }, reqBody: input }));
}

/** A refusal has a length and no chunks. */
function isRefusal({ bytes, tail }: Pending): boolean {
  return bytes <= TAIL_BYTES && tail.subarray(0, 12).toString().startsWith("HTTP/1.1 ") && tail.subarray(9, 12).toString() !== "200";
}
