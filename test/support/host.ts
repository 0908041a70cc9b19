// A fake host for one test.
import { afterwards } from "./cleanup.ts";
import type { TestContext } from "./cleanup.ts";
import { openFakeHost } from "../../scripts/fake-host.ts";
import type { FakeHost } from "../../scripts/fake-host.ts";

/** The runner id of the tests. */
export const RUNNER_ID = "runner 1/ä";
/** The runner's secret, made of characters that need escaping. */
export const SECRET = `s3cr"t\\<&>'+%41 word`;

/** Starts a fake host that knows `RUNNER_ID` and `SECRET`; closed after the test. */
export async function startHost(t: TestContext, port = 0): Promise<FakeHost> {
  const host = await openFakeHost({ port });
  afterwards(t, () => host.close());
  host.setSecret(RUNNER_ID, SECRET);
  return host;
}

/** A promise that a test resolves by hand, to delay an answer. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A closed gate. */
export function gate(): Gate {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => { open = resolve; });
  return { opened, open };
}
