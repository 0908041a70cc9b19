// A host to practise with: the host's side of the contract on the loopback address, everything in memory, nothing to install.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { changed, errorBody, send } from "./fake-host/behaviour.ts";
import type { Answer, Behaviour } from "./fake-host/behaviour.ts";
import { deliver } from "./fake-host/dispatch.ts";
import type { Delivery, Dispatched, JobBody } from "./fake-host/dispatch.ts";

export type { Behaviour, Dispatched };

/** The version that the fake host claims to have. */
export const HOST_VERSION = "0.2.16";
const MINIMUM_RUNNER_VERSION = "0.2.15";
const DEFAULT_IDLE_MS = 60_000;

/** A registration that reached the host, and what it answered. */
export interface Registration {
  readonly runnerId: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
  /** 0 where the connection was cut off instead. */
  readonly status: number;
  readonly at: number;
}

/** What a job needs besides its script; `runId` is made up where there is none. */
export interface JobOptions extends Pick<Delivery, "onLog" | "signal"> {
  readonly runId?: string;
  readonly input?: unknown;
  /** Headers instead of, or besides, those that a host sends. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of what the runner advertised, else 60 s. */
  readonly idleTimeoutMs?: number;
}

/** A host in this process. */
export interface FakeHost {
  readonly url: string;
  /** Every registration that was answered, oldest first. */
  readonly registrations: readonly Registration[];
  /** How many registrations have arrived, answered or not. */
  readonly arrived: number;
  /** The address to which the runner's jobs go; absent while it is not registered. */
  endpointOf(runnerId: string): string | undefined;
  /** Resolves with the first registration behind the first `after` ones that got `status`, 200 by default. */
  registered(options?: { after?: number; status?: number; timeoutMs?: number }): Promise<Registration>;
  /** The next registrations get these, one each; the ones after that get the proper answer again. */
  next(...behaviours: Behaviour[]): void;
  /** Every registration gets this, or the proper answer again. */
  always(behaviour: Behaviour | undefined): void;
  /** Sends a job, and reads the answer as the public host does. */
  dispatch(runnerId: string, script: JobBody["script"], options?: JobOptions): Promise<Dispatched>;
  /** Adds a runner, or gives an existing one a new secret; either way it is not registered until it says so itself. */
  setSecret(runnerId: string, secret?: string): string;
  /** A disabled runner is refused, and not registered any more. */
  setDisabled(runnerId: string, disabled: boolean): void;
  /** What a restart does to a host: every endpoint is forgotten. */
  forget(): void;
  close(): Promise<void>;
}

interface Row {
  salt: Buffer;
  hash: Buffer;
  disabled: boolean;
  /** In memory only, as long as the runner is registered. */
  live?: { readonly endpoint: string; readonly secret: string; readonly timeoutMs?: number };
}

/** Starts a fake host; port 0 takes any free one. */
export async function openFakeHost({ port = 0 }: { port?: number } = {}): Promise<FakeHost> {
  const rows = new Map<string, Row>();
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
    const given = changed(judge(id, body), behaviour);
    const status = behaviour.cutOff === undefined ? given.status : 0;
    if (status === 200) enlist(id, body as RegistrationFields);
    registrations.push({ runnerId: id, body: body as Registration["body"], headers: request.headers, status, at: Date.now() });
    send(response, given, behaviour);
    for (const wake of waiting) wake();
  }

  function judge(id: string, body: unknown): Answer {
    const row = rows.get(id);
    if (row === undefined) return { status: 404, body: errorBody(404) };
    if (!isRegistration(body)) return { status: 400, body: errorBody(400) };
    if (!timingSafeEqual(hashOf(body.secret, row.salt), row.hash)) return { status: 401, body: errorBody(401) };
    if (row.disabled) return { status: 403, body: errorBody(403) };
    const runnerHost = { id, name: id, endpoint: body.endpoint, status: "healthy", lastSeenAt: new Date().toISOString() };
    return { status: 200, body: { registered: true, hostVersion: HOST_VERSION, minimumRunnerVersion: MINIMUM_RUNNER_VERSION, runnerHost } };
  }

  function enlist(id: string, { secret, endpoint, timeoutMs }: RegistrationFields): void {
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
      await until(() => found() !== undefined, waiting, timeoutMs, () => `no registration with status ${status} within ${timeoutMs} ms; there were ${JSON.stringify(registrations.map((one) => one.status))}`);
      return found() as Registration;
    },
    next: (...behaviours) => void queue.push(...behaviours),
    always(behaviour) { defaultBehaviour = behaviour; },
    dispatch(runnerId, script, { runId = `run-${++runs}`, input, headers, idleTimeoutMs, ...options } = {}) {
      const live = rows.get(runnerId)?.live;
      if (live === undefined) return Promise.resolve({ headers: {}, logs: [], failure: "Runner is not registered", success: false, emptyLines: 0, durationMs: 0 });
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

/** Resolves once `holds`, looked at whenever one of `waiting` is called. */
function until(holds: () => boolean, waiting: Set<() => void>, timeoutMs: number, message: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      waiting.delete(look);
      settle();
    };
    const look = () => { if (holds()) end(resolve); };
    const timer = setTimeout(() => end(() => reject(new Error(message()))), timeoutMs);
    waiting.add(look);
    look();
  });
}
