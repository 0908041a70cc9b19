// A run that uses a package beside one that uses none.
import type { Part } from "./bench.ts";
import type { Connection, Job } from "./connection.ts";
import { inTurn } from "./measuring.ts";
import { toRow } from "./rows.ts";

const WITH: Job = { language: "node", id: "bench-with", code: "console.log(require('is-number')(42) ? 'hello' : 'odd')\n" };
const WITHOUT: Job = { language: "node", id: "bench-without", code: "console.log(Number.isFinite(42) ? 'hello' : 'odd')\n" };

/** Dispatch with dependencies, once they are installed. */
export const dependencies: Part = {
  name: "dependencies",
  about: "a run with a package beside one without",
  async *measure({ harness, sizes, say }) {
    const runner = await harness.startRunner();
    const connection = await runner.connect();
    say("a run with a package");
    const problem = await problemOf(connection);
    if (problem === undefined) {
      const times = await inTurn({
        ours: async () => (await connection.run(WITH)).ms,
        without: async () => (await connection.run(WITHOUT)).ms,
      }, sizes);
      yield toRow({ part: "dependencies", what: "node, with a package that is installed", unit: "ms", ours: times.ours, beside: { name: "without", samples: times.without }, kind: "difference" });
    } else {
      say(`dependencies: skipped, the package could not be had (packages are off, or the registry cannot be reached): ${problem}`);
    }
    await runner.stop();
  },
};

/** Has the package installed; resolves with the reason where that does not work. */
async function problemOf(connection: Connection): Promise<string | undefined> {
  try {
    await connection.run(WITH);
    return undefined;
  } catch (error) {
    return /"errorCode":"\w+"|Cannot find \w+ '[^']+'/.exec((error as Error).message)?.[0] ?? "no reason was given";
  }
}
