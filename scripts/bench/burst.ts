// Throughput of runs that all start at the same time.
import { BARE_SPAWN } from "./part.ts";
import type { Part } from "./part.ts";
import type { Runner } from "./harness.ts";
import type { Interpreter } from "./interpreters.ts";
import { interleave, timed } from "./sampling.ts";
import type { Rounds } from "./sampling.ts";
import { toRow } from "./rows.ts";
import { BURST_OF_8 } from "./targets.ts";

/** Runs per second of bursts, per language. */
export const burst: Part = {
  name: "burst",
  about: "8 and 32 runs at once",
  async *measure({ harness, interpreters, sizes, progress }) {
    for (const interpreter of interpreters) {
      const runner = await harness.startRunner();
      for (const size of sizes.bursts) {
        progress(`${size} runs of ${interpreter.name} at once`);
        const { ours, bare } = await atOnce(runner, interpreter, size, { warmUps: 1, rounds: sizes.rounds, withinMs: sizes.withinMs });
        const rate = (ms: number): number => (size * 1000) / ms;
        yield toRow({
          part: "burst", what: `${interpreter.name}, ${size} at once`, unit: "runs/s",
          ours: ours.map(rate), baseline: { name: BARE_SPAWN, samples: bare.map(rate) },
          target: interpreter.name === "node" && size === 8 ? BURST_OF_8 : undefined,
        });
      }
      await runner.stop();
    }
  },
};

/** Samples the milliseconds until the last of `size` concurrent runs has ended, with a runner and without. */
export async function atOnce(
  runner: Runner, { job, bare }: Interpreter, size: number, rounds: Rounds,
): Promise<{ ours: number[]; bare: number[] }> {
  const connections = await Promise.all(Array.from({ length: size }, () => runner.connect()));
  const times = await interleave({
    ours: () => timed(() => Promise.all(connections.map((connection) => connection.run(job)))),
    bare: () => timed(() => Promise.all(connections.map(bare))),
  }, rounds);
  for (const connection of connections) connection.close();
  return times;
}
