// Posts jobs to a running service and lets the test read, pause or abort the answer.
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { RunResult } from "../../runner/protocol/result.ts";
import { until } from "./until.ts";

/** A posted job. */
export interface PostedJob {
  /** Text of all log frames so far. */
  readonly log: string;
  /** Bytes of the answer so far. */
  readonly bytes: number;
  /** Resolves with the result; rejects when the answer ended without one. */
  readonly result: Promise<RunResult>;
  /** Resolves once the log holds the text. */
  printed(text: string): Promise<void>;
  /** Stops reading the answer until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the connection. */
  hangUp(): void;
}

/** Posts a job; resolves when the answer's headers have arrived. Rejects with the status when it is not 200. */
export function postJob(url: string, secret: string, job: unknown): Promise<PostedJob> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "x-automn-runner-secret": secret };
    const sent = request(`${url}/api/run`, { method: "POST", headers, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(follow(response, () => sent.destroy()));
      else reject(new Error(`status ${response.statusCode}`));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(job));
  });
}

/** Posts a job and resolves with its result. */
export async function runJob(url: string, secret: string, job: unknown): Promise<RunResult> {
  return (await postJob(url, secret, job)).result;
}

function follow(response: IncomingMessage, hangUp: () => void): PostedJob {
  let log = "";
  let bytes = 0;
  let pending: string[] = [];
  const result = new Promise<RunResult>((resolve, reject) => {
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      bytes += Buffer.byteLength(chunk);
      const lines = chunk.split("\n");
      const last = lines.pop() ?? "";
      if (lines.length > 0) {
        lines[0] = pending.join("") + (lines[0] ?? "");
        pending = [];
      }
      pending.push(last);
      for (const line of lines.filter((each) => each.trim() !== "")) {
        const frame = JSON.parse(line) as { type: string; line?: string; data?: RunResult };
        if (frame.type === "log" && log.length < 1_000_000) log += frame.line ?? "";
        if (frame.type === "result" && frame.data !== undefined) resolve(frame.data);
      }
    });
    response.on("error", reject);
    response.on("close", () => reject(new Error("The answer ended without a result")));
  });
  result.catch(() => {});
  return {
    get log() { return log; },
    get bytes() { return bytes; },
    result,
    printed: (text) => until(() => log.includes(text), `${JSON.stringify(text)} in the log`).then(() => {}),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    hangUp,
  };
}
