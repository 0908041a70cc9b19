// A temporary folder for a test, gone afterwards.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes an empty folder that is removed when the test has ended. */
export async function temporaryFolder(t: { after(remove: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "automn-test-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
