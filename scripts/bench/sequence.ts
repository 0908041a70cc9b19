// Many runs over one connection, each started when the previous one has ended.
import { BARE_SPAWN } from "./part.ts";
import type { Part } from "./part.ts";
import { interleave, timed } from "./sampling.ts";
import { toRow } from "./rows.ts";

/** The time per run of back-to-back runs, per language. */
export const sequence: Part = {
  name: "sequence",
  about: "back-to-back runs over one connection, compared with bare spawns",
  async *measure({ harness, interpreters, sizes, progress }) {
    const { sequence: runs, block } = sizes;
    for (const { name, job, bare } of interpreters) {
      progress(`${runs} runs of ${name}`);
      const runner = await harness.startRunner();
      const connection = await runner.connect();
      const times = await interleave({
        ours: async () => (await timed(() => repeat(block, () => connection.run(job)))) / block,
        bare: async () => (await timed(() => repeat(block, bare))) / block,
      }, { warmUps: 1, rounds: Math.ceil(runs / block) });
      await runner.stop();
      yield toRow({
        part: "sequence", what: `${name}, ${runs} runs in blocks of ${block}`, unit: "ms per run",
        ours: times.ours, baseline: { name: BARE_SPAWN, samples: times.bare }, kind: "difference",
      });
    }
  },
};

async function repeat(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n++) await work();
}
