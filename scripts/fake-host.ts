// A fake host for tests and the demo: the host's side of the protocol on the loopback address, all state in memory.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { applyBehaviour, errorBody, send } from "./fake-host/behaviour.ts";
import type { Answer, Behaviour } from "./fake-host/behaviour.ts";
import { deliver } from "./fake-host/dispatch.ts";
import type { Delivery, Dispatched, JobBody } from "./fake-host/dispatch.ts";

export type { Behaviour, Dispatched };

/** The version that the fake host reports. */
export const HOST_VERSION = "0.2.16";
const MINIMUM_RUNNER_VERSION = "0.2.15";
const DEFAULT_IDLE_MS = 60_000;

/** A registration that the host received, and its answer. */
export interface Registration {
  readonly runnerId: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
  /** The HTTP status; 0 where the connection was closed instead. */
  readonly status: number;
  readonly at: number;
}

/** What a job has besides its script. `runId` is generated if absent. */
export interface JobOptions extends Pick<Delivery, "onLog" | "signal"> {
  readonly runId?: string;
  readonly input?: unknown;
  /** Added to the headers that a host sends, or replacing them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In milliseconds; by default what the runner advertised, otherwise 60 s. */
  readonly idleTimeoutMs?: number;
}

/** A fake host in this process. */
export interface FakeHost {
  readonly url: string;
  /** All answered registrations, oldest first. */
  readonly registrations: readonly Registration[];
  /** The number of registrations received, answered or not. */
  readonly arrived: number;
  /** The runner's endpoint; undefined while it is not registered. */
  endpointOf(runnerId: string): string | undefined;
  /** Resolves with the first registration answered with `status` (200 by default), ignoring the first `after` ones. */
  registered(options?: { after?: number; status?: number; timeoutMs?: number }): Promise<Registration>;
  /** Applies one behaviour to each of the next registrations. */
  next(...behaviours: Behaviour[]): void;
  /** Applies a behaviour to every registration that has none from `next`; undefined restores the normal answer. */
  always(behaviour: Behaviour | undefined): void;
  /** Sends a job and reads the answer as the public host does. */
  dispatch(runnerId: string, script: JobBody["script"], options?: JobOptions): Promise<Dispatched>;
  /** Adds a runner or changes its secret. It is unregistered until it registers itself. */
  setSecret(runnerId: string, secret?: string): string;
  /** Disables or enables a runner. A disabled one is unregistered and its registrations are refused. */
  setDisabled(runnerId: string, disabled: boolean): void;
  /** Forgets every endpoint, as a restart of the host does. */
  forget(): void;
  close(): Promise<void>;
}

interface RunnerRecord {
  salt: Buffer;
  hash: Buffer;
  disabled: boolean;
  /** Present while the runner is registered. */
  live?: { readonly endpoint: string; readonly secret: string; readonly timeoutMs?: number };
}

/** Starts a fake host. Port 0 picks a free one. */
export async function openFakeHost({ port = 0 }: { port?: number } = {}): Promise<FakeHost> {
  const rows = new Map<string, RunnerRecord>();
  const registrations: Registration[] = [];
  const queue: Behaviour[] = [];
  const waiting = new Set<() => void>();
  const agent = new Agent({ keepAlive: true, timeout: 5_000 });
  let defaultBehaviour: Behaviour | undefined;
  let runs = 0;
  let arrived = 0;

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const runnerId = /^\/api\/settings\/runner-hosts\/([^/]+)\/register$/.exec(request.url ?? "")?.[1];
    const body = await readJson(request);
    if (runnerId === undefined || request.method !== "POST") return send(response, { status: 404, body: { error: "Not found" } }, {});
    arrived += 1;
    const id = decodeURIComponent(runnerId);
    const behaviour = queue.shift() ?? defaultBehaviour ?? {};
    await behaviour.until;
    const final = applyBehaviour(answerTo(id, body), behaviour);
    const status = behaviour.cutOff === undefined ? final.status : 0;
    if (status === 200) storeEndpoint(id, body as RegistrationFields);
    registrations.push({ runnerId: id, body: body as Registration["body"], headers: request.headers, status, at: Date.now() });
    send(response, final, behaviour);
    for (const wake of waiting) wake();
  }

  function answerTo(id: string, body: unknown): Answer {
    const row = rows.get(id);
    if (row === undefined) return { status: 404, body: errorBody(404) };
    if (!isRegistration(body)) return { status: 400, body: errorBody(400) };
    if (!timingSafeEqual(hashOf(body.secret, row.salt), row.hash)) return { status: 401, body: errorBody(401) };
    if (row.disabled) return { status: 403, body: errorBody(403) };
    const runnerHost = { id, name: id, endpoint: body.endpoint, status: "healthy", lastSeenAt: new Date().toISOString() };
    return { status: 200, body: { registered: true, hostVersion: HOST_VERSION, minimumRunnerVersion: MINIMUM_RUNNER_VERSION, runnerHost } };
  }

  function storeEndpoint(id: string, { secret, endpoint, timeoutMs }: RegistrationFields): void {
    const row = rows.get(id);
    if (row !== undefined) row.live = { secret, endpoint, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    registrations,
    get arrived() { return arrived; },
    endpointOf: (id) => rows.get(id)?.live?.endpoint,
    async registered({ after = 0, status = 200, timeoutMs = 30_000 } = {}) {
      const found = (): Registration | undefined => registrations.slice(after).find((one) => one.status === status);
      await waitUntil(() => found() !== undefined, waiting, timeoutMs, () => {
        const seen = JSON.stringify(registrations.map((one) => one.status));
        return `no registration with status ${status} within ${timeoutMs} ms; the statuses so far: ${seen}`;
      });
      return found() as Registration;
    },
    next: (...behaviours) => void queue.push(...behaviours),
    always(behaviour) { defaultBehaviour = behaviour; },
    dispatch(runnerId, script, { runId = `run-${++runs}`, input, headers, idleTimeoutMs, ...options } = {}) {
      const live = rows.get(runnerId)?.live;
      if (live === undefined) {
        const failure = "Runner is not registered";
        return Promise.resolve({ headers: {}, logs: [], failure, success: false, emptyLines: 0, durationMs: 0 });
      }
      return deliver({ runId, script, ...(input === undefined ? {} : { reqBody: input }) }, {
        endpoint: live.endpoint, agent, idleTimeoutMs: idleTimeoutMs ?? live.timeoutMs ?? DEFAULT_IDLE_MS, ...options,
        headers: { "x-automn-runner-secret": live.secret, "x-automn-runner-id": runnerId, "x-automn-runner-name": runnerId, ...headers },
      });
    },
    setSecret(runnerId, secret = randomBytes(24).toString("base64url")) {
      const salt = randomBytes(16);
      rows.set(runnerId, { salt, hash: hashOf(secret, salt), disabled: rows.get(runnerId)?.disabled ?? false });
      return secret;
    },
    setDisabled(runnerId, disabled) {
      const row = rows.get(runnerId);
      if (row === undefined) return;
      row.disabled = disabled;
      delete row.live;
    },
    forget() {
      for (const row of rows.values()) delete row.live;
    },
    async close() {
      agent.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface RegistrationFields {
  readonly secret: string;
  readonly endpoint: string;
  readonly timeoutMs?: number;
}

function isRegistration(body: unknown): body is RegistrationFields {
  const { secret, endpoint } = (typeof body === "object" && body !== null ? body : {}) as Partial<Record<string, unknown>>;
  return typeof secret === "string" && secret !== "" && typeof endpoint === "string" && URL.canParse(endpoint) && /^https?:/.test(endpoint);
}

function hashOf(secret: string, salt: Buffer): Buffer {
  return scryptSync(secret, salt, 32, { N: 1024 });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) text += String(chunk);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Resolves once `holds` returns true. It is checked now and whenever the functions in `waiting` are called. */
function waitUntil(holds: () => boolean, waiting: Set<() => void>, timeoutMs: number, message: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      waiting.delete(check);
      settle();
    };
    const check = () => { if (holds()) end(resolve); };
    const timer = setTimeout(() => end(() => reject(new Error(message()))), timeoutMs);
    waiting.add(check);
    check();
  });
}
