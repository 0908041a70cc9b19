// Many runs over one connection, each begun when the one before has ended.
import { BARE } from "./bench.ts";
import type { Part } from "./bench.ts";
import { inTurn, timed } from "./measuring.ts";
import { toRow } from "./rows.ts";

/** Runs one after another. */
export const sequence: Part = {
  name: "sequence",
  about: "many runs one after another over one connection, above bare spawns",
  async *measure({ harness, interpreters, sizes, say }) {
    const { sequence: runs, block } = sizes;
    for (const { name, job, bare } of interpreters) {
      say(`${runs} runs of ${name}`);
      const runner = await harness.startRunner();
      const connection = await runner.connect();
      const times = await inTurn({
        ours: async () => (await timed(() => repeat(block, () => connection.run(job)))) / block,
        bare: async () => (await timed(() => repeat(block, bare))) / block,
      }, { warmUps: 1, rounds: Math.ceil(runs / block) });
      await runner.stop();
      yield toRow({
        part: "sequence", what: `${name}, ${runs} runs in blocks of ${block}`, unit: "ms per run",
        ours: times.ours, beside: { name: BARE, samples: times.bare }, kind: "difference",
      });
    }
  },
};

async function repeat(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n++) await work();
}
