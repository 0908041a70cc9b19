// Starts the built service as a black box, in its own temporary folder.
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards } from "./cleanup.ts";
import type { TestContext } from "./cleanup.ts";
import type { statusOf } from "../../runner/http/routes/status.ts";
import { freePort, startBuiltRunner } from "../../scripts/built-runner.ts";
import type { BuiltRunner } from "../../scripts/built-runner.ts";
import type { FakeHost } from "../../scripts/fake-host.ts";
import { RUNNER_ID, SECRET, startHost } from "./host.ts";
import { until } from "./until.ts";

/** The answer of `/status`. */
export type Status = ReturnType<typeof statusOf>;

/** A running service. */
export interface Service extends BuiltRunner {
  readonly dataDir: string;
  readonly stateFile: string;
  status(): Promise<Status>;
  /** The operator page, as HTML. */
  page(path?: string): Promise<string>;
  /** Sends the page's form as a browser does. */
  sendForm(secret: string): Promise<Response>;
  reset(body: unknown): Promise<Response>;
  /** Ends it and starts it again with the same folder and port, and with `env` added. */
  restart(env?: NodeJS.ProcessEnv, signal?: NodeJS.Signals): Promise<Service>;
}

/** A temporary folder that is removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "runner-test-"));
  afterwards(t, () => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return directory;
}

/** The environment of a test's service: only Node and a shell as interpreters unless `env` adds others, and no inherited settings. */
export function plainEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  const absent = join(tmpdir(), "no-such-interpreter");
  const own = { PATH, HOME, TMPDIR, AUTOMN_RUNNER_BIND: "127.0.0.1", AUTOMN_RUNNER_PYTHON_PATH: absent, AUTOMN_RUNNER_POWERSHELL_PATH: absent };
  return Object.fromEntries(Object.entries({ ...own, ...env }).filter(([, value]) => value !== undefined));
}

/** Starts a service on a free port, reachable for a host on this machine; ended after the test. */
export async function startService(t: TestContext, env: NodeJS.ProcessEnv = {}, dataDir?: string, node = process.execPath): Promise<Service> {
  const directory = dataDir ?? (await temporaryDirectory(t));
  const port = env["AUTOMN_RUNNER_PORT"] ?? String(await freePort());
  const whole = { AUTOMN_RUNNER_DATA_DIR: directory, AUTOMN_RUNNER_PORT: port, AUTOMN_RUNNER_PUBLIC_URL: `http://127.0.0.1:${port}`, ...env };
  const runner = await startBuiltRunner({ env: plainEnvironment(whole), node });
  afterwards(t, async () => {
    void runner.stop();
    await runner.stop("SIGINT"); // a second signal ends it at once, its runs too
  });
  const { url } = runner;
  return Object.defineProperties({} as Service, {
    ...Object.getOwnPropertyDescriptors(runner),
    ...Object.getOwnPropertyDescriptors({
      dataDir: directory,
      stateFile: join(directory, "state", "runner-state.json"),
      status: async () => (await (await fetch(`${url}/status`)).json()) as Status,
      page: async (path = "/") => (await fetch(url + path, { headers: { accept: "text/html" } })).text(),
      sendForm: (secret: string) => fetch(`${url}/ui/register`, { method: "POST", body: new URLSearchParams({ secret }), headers: { accept: "text/html" } }),
      reset: (body: unknown) => fetch(`${url}/internal/reset`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      async restart(more: NodeJS.ProcessEnv = {}, signal?: NodeJS.Signals) {
        await runner.stop(signal);
        return startService(t, { ...whole, ...more }, directory);
      },
    }),
  });
}

/** Starts a fake host and a service that knows it. The service has no secret unless `env` sets one. */
export async function startPair(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<{ readonly host: FakeHost; readonly service: Service }> {
  const host = await startHost(t);
  const service = await startService(t, { AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, ...env });
  await until(async () => interpretersFound(await service.status()), "the interpreters"); // from then on nothing is registered but what the test asks for
  return { host, service };
}

/** Whether the interpreters that every machine has are found. */
function interpretersFound({ runtimes }: Status): boolean {
  return runtimes["node"] !== undefined && runtimes["shell"] !== undefined;
}

/** Starts a fake host and a registered service whose secret comes from the environment. */
export async function startRegistered(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<{ readonly host: FakeHost; readonly service: Service }> {
  const pair = await startPair(t, { AUTOMN_RUNNER_SECRET: SECRET, ...env });
  await until(async () => (await pair.service.status()).runner.registeredAt !== null, "the registration");
  const registered = () => Object.keys((pair.host.registrations.at(-1)?.body["runtimes"] ?? {}) as object);
  await until(() => registered().includes("node") && registered().includes("shell"), "the registration with the interpreters' versions");
  return pair;
}

/** An unprocessed answer. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request whose path is not normalized. */
export function ask(url: string, method: string, path: string, { headers = {}, body }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer } = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
