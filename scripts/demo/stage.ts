// What the demo plays on: a fake host, and the built runner as a process of its own, set up as a person would do it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startBuiltRunner } from "../built-runner.ts";
import type { BuiltRunner } from "../built-runner.ts";
import { openFakeHost } from "../fake-host.ts";
import type { FakeHost, Registration } from "../fake-host.ts";

/** The id of the demo's runner. */
export const RUNNER_ID = "demo-runner";

/** Host and runner, both running. */
export interface Stage {
  readonly host: FakeHost;
  readonly runner: BuiltRunner;
  /** Enters the secret into the form of the operator page; resolves with the registration that follows. */
  register(): Promise<Registration>;
  /** Ends the runner, then the host, and removes what they left. */
  close(): Promise<void>;
}

/** Variables of the runner that are of use in the demo too: where interpreters are. */
const KEPT = /^AUTOMN_(RUNNER_)?(NODE|PYTHON|POWERSHELL|SHELL)_PATH$/;

/** Starts both. Rejects with `NotStarted` when the runner does not start. */
export async function openStage(): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), "automn-demo-"));
  const host = await openFakeHost();
  const secret = host.setSecret(RUNNER_ID);
  const clear = async (): Promise<void> => {
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
        AUTOMN_RUNNER_STATUS_MESSAGE: "At your service",
      },
    });
    return {
      host, runner,
      register: () => register(host, runner, secret),
      async close() {
        await runner.stop();
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function register(host: FakeHost, runner: BuiltRunner, secret: string): Promise<Registration> {
  const answer = await fetch(`${runner.url}/ui/register`, { method: "POST", body: new URLSearchParams({ secret }) });
  if (!answer.ok) throw new Error(`The form was answered with status ${answer.status}`);
  return host.registered();
}

function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== "PORT" && (!name.startsWith("AUTOMN_") || KEPT.test(name))));
}
