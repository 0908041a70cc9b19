// Runs that arrive all at once.
import { BARE } from "./bench.ts";
import type { Part } from "./bench.ts";
import type { Runner } from "./harness.ts";
import type { Interpreter } from "./interpreters.ts";
import { inTurn, timed } from "./measuring.ts";
import type { Rounds } from "./measuring.ts";
import { toRow } from "./rows.ts";
import { BURST_OF_8 } from "./wanted.ts";

/** Bursts per language. */
export const burst: Part = {
  name: "burst",
  about: "8 and 32 runs at once",
  async *measure({ harness, interpreters, sizes, say }) {
    for (const interpreter of interpreters) {
      const runner = await harness.startRunner();
      for (const size of sizes.bursts) {
        say(`${size} runs of ${interpreter.name} at once`);
        const { ours, bare } = await atOnce(runner, interpreter, size, { warmUps: 1, rounds: sizes.rounds, withinMs: sizes.withinMs });
        const rate = (ms: number): number => (size * 1000) / ms;
        yield toRow({
          part: "burst", what: `${interpreter.name}, ${size} at once`, unit: "runs/s",
          ours: ours.map(rate), beside: { name: BARE, samples: bare.map(rate) },
          wanted: interpreter.name === "node" && size === 8 ? BURST_OF_8 : undefined,
        });
      }
      await runner.stop();
    }
  },
};

/** The milliseconds until the last of `size` runs has ended, through a runner and without. */
export async function atOnce(runner: Runner, { job, bare }: Interpreter, size: number, rounds: Rounds): Promise<{ ours: number[]; bare: number[] }> {
  const connections = await Promise.all(Array.from({ length: size }, () => runner.connect()));
  const times = await inTurn({
    ours: () => timed(() => Promise.all(connections.map((connection) => connection.run(job)))),
    bare: () => timed(() => Promise.all(connections.map(bare))),
  }, rounds);
  for (const connection of connections) connection.close();
  return times;
}
