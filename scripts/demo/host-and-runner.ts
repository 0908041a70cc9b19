// A fake host and a built runner for the demo, set up the way a person would.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { freePort, interpretersFound, startBuiltRunner } from "../built-runner.ts";
import type { BuiltRunner } from "../built-runner.ts";
import { openFakeHost } from "../fake-host.ts";
import type { FakeHost, Registration } from "../fake-host.ts";

/** The id of the demo's runner. */
export const RUNNER_ID = "demo-runner";

/** A running host and a running runner. */
export interface HostAndRunner {
  readonly host: FakeHost;
  readonly runner: BuiltRunner;
  /** Enters the secret in the form of the operator page; resolves with the registration that follows. */
  register(): Promise<Registration>;
  /** Ends the runner, then the host, and removes their files. */
  close(): Promise<void>;
}

/** The runner's only variables that the demo inherits: the paths of interpreters. */
const INHERITED: ReadonlySet<string> = new Set(LANGUAGES.flatMap(({ pathVariable, pathAliases = [] }) => [pathVariable, ...pathAliases]));

/** Starts both. Rejects with `NotStarted` when the runner does not start. */
export async function startHostAndRunner(): Promise<HostAndRunner> {
  const dataDir = await mkdtemp(join(tmpdir(), "automn-demo-"));
  const host = await openFakeHost();
  const secret = host.setSecret(RUNNER_ID);
  const cleanUp = async (): Promise<void> => {
    await host.close();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await freePort();
    const runner = await startBuiltRunner({
      env: {
        ...inherited(process.env),
        AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_PUBLIC_URL: `http://127.0.0.1:${port}`,
        AUTOMN_RUNNER_PORT: String(port), AUTOMN_RUNNER_BIND: "127.0.0.1", AUTOMN_RUNNER_DATA_DIR: dataDir,
        AUTOMN_RUNNER_STATUS_MESSAGE: "Running the demo",
      },
    });
    return {
      host, runner,
      register: () => register(host, runner, secret),
      async close() {
        await runner.stop();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function register(host: FakeHost, runner: BuiltRunner, secret: string): Promise<Registration> {
  await interpretersFound(runner); // An earlier registration would not name all of them.
  const answer = await fetch(`${runner.url}/ui/register`, { method: "POST", body: new URLSearchParams({ secret }) });
  if (!answer.ok) throw new Error(`Cannot register: the runner answered the form with status ${answer.status}`);
  return host.registered();
}

function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isInherited = (name: string): boolean => name !== "PORT" && (!name.startsWith("AUTOMN_") || INHERITED.has(name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => isInherited(name)));
}
