// A client that adds as little as possible to a run's time: it counts bytes and examines only the end of an answer.
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

/** The measurements of an answered job. */
export interface Answer {
  /** From the first byte of the request to the last of the answer. */
  readonly ms: number;
  /** From the first byte of the log to the last of the answer. */
  readonly logMs: number;
  /** The size of the answer on the wire. */
  readonly bytes: number;
  /** How its process was started (`warm` or `cold`), where the runner says so. */
  readonly start: string | undefined;
}

/** A keep-alive connection to a runner. */
export interface Connection {
  /** Runs a job. Rejects when its script does not end with code 0, or while another job is active. */
  run(job: Job): Promise<Answer>;
  /** Like `run`, for a body made by `bodyOf`. */
  send(body: Buffer): Promise<Answer>;
  close(): void;
}

/** An answer that is being received. */
interface Pending {
  readonly startedAt: number;
  firstAt: number | undefined;
  bytes: number;
  tail: Buffer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const CHUNK_BYTES = 256 * 1024;
/** More than the last fields of a result, from `reason` on. */
const TAIL_BYTES = 8 * 1024;
/** The end of a chunked answer. No frame can contain it, since JSON escapes line breaks. */
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");

/** Opens a connection to a runner on this machine. */
export async function openConnection(port: number, secret: string): Promise<Connection> {
  let pending: Pending | undefined;
  const onread = {
    buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
    callback(size: number, buffer: Uint8Array) {
      receive((buffer as Buffer).subarray(0, size));
      return true;
    },
  };
  const socket = new Socket({ onread } as SocketConstructorOpts);
  socket.connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const fail = (error: Error): void => {
    pending?.reject(error);
    pending = undefined;
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("The runner closed the connection during an answer")));

  function receive(chunk: Buffer): void {
    if (pending === undefined) return;
    const isHead = pending.bytes === 0;
    pending.bytes += chunk.length;
    if (!isHead || chunk.includes('{"type":')) pending.firstAt ??= performance.now();
    const isLong = chunk.length >= TAIL_BYTES; // The chunk's buffer is reused, so what is kept of it is copied.
    pending.tail = isLong ? Buffer.from(chunk.subarray(-TAIL_BYTES)) : Buffer.concat([pending.tail, chunk]).subarray(-TAIL_BYTES);
    if (pending.tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) || isRefusal(pending)) finish(pending);
  }

  function finish({ startedAt, firstAt, bytes, tail, resolve, reject }: Pending): void {
    const at = performance.now();
    const end = tail.toString();
    pending = undefined;
    const isSuccess = /"reason":"(exited|returned)".*"code":0[,}]/.test(end);
    if (!isSuccess) return reject(new Error(`A run failed; its answer ends with ${end.slice(-1000).trim()}`));
    return resolve({ ms: at - startedAt, logMs: at - (firstAt ?? startedAt), bytes, start: /"start":"(\w+)"/.exec(end)?.[1] });
  }

  function send(body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (pending !== undefined) return reject(new Error("This connection already has an active job"));
      pending = { startedAt: performance.now(), firstAt: undefined, bytes: 0, tail: Buffer.alloc(0), resolve, reject };
      const head = [
        "POST /api/run HTTP/1.1", `host: 127.0.0.1:${port}`, "content-type: application/json",
        `x-automn-runner-secret: ${secret}`, `content-length: ${body.length}`,
      ];
      socket.cork();
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
      socket.write(body);
      return process.nextTick(() => socket.uncork());
    });
  }

  return { send, run: (job) => send(bodyOf(job)), close: () => void socket.destroy() };
}

/** The request body of a job. */
export function bodyOf({ language, code, id = `bench-${language}`, variables = [], input = {} }: Job): Buffer {
  return Buffer.from(JSON.stringify({ script: { id, name: id, language, code, variables }, reqBody: input }));
}

/** Whether the answer is a refusal, which is short and not chunked. */
function isRefusal({ bytes, tail }: Pending): boolean {
  return bytes <= TAIL_BYTES && tail.subarray(0, 12).toString().startsWith("HTTP/1.1 ") && tail.subarray(9, 12).toString() !== "200";
}
