// What an installed package adds to a run.
import type { Part } from "./part.ts";
import type { Connection, Job } from "./connection.ts";
import { interleave } from "./sampling.ts";
import { toRow } from "./rows.ts";

const WITH: Job = { language: "node", id: "bench-with", code: "console.log(require('is-number')(42) ? 'hello' : 'odd')\n" };
const WITHOUT: Job = { language: "node", id: "bench-without", code: "console.log(Number.isFinite(42) ? 'hello' : 'odd')\n" };

/** A run whose package is already installed, compared with a run without packages. */
export const dependencies: Part = {
  name: "dependencies",
  about: "a run with an installed package, compared with one without",
  async *measure({ harness, sizes, progress }) {
    const runner = await harness.startRunner();
    const connection = await runner.connect();
    progress("a run with a package");
    const problem = await installProblem(connection);
    if (problem === undefined) {
      const times = await interleave({
        ours: async () => (await connection.run(WITH)).ms,
        without: async () => (await connection.run(WITHOUT)).ms,
      }, sizes);
      yield toRow({
        part: "dependencies", what: "node, with a package that is installed", unit: "ms",
        ours: times.ours, baseline: { name: "without", samples: times.without }, kind: "difference",
      });
    } else {
      progress(`dependencies: skipped, the package cannot be installed (packages are off, or the registry is unreachable): ${problem}`);
    }
    await runner.stop();
  },
};

/** Installs the package by a first run; resolves with the reason when that fails. */
async function installProblem(connection: Connection): Promise<string | undefined> {
  try {
    await connection.run(WITH);
    return undefined;
  } catch (error) {
    return /"errorCode":"\w+"|Cannot find \w+ '[^']+'/.exec((error as Error).message)?.[0] ?? "no reason given";
  }
}
