// The latency of single runs with a pause after each, warm and cold, compared with a bare spawn of the same script.
import { setTimeout as delay } from "node:timers/promises";
import { BARE_SPAWN } from "./part.ts";
import type { BenchContext, Part } from "./part.ts";
import type { Connection } from "./connection.ts";
import type { Interpreter } from "./interpreters.ts";
import { interleave, timed } from "./sampling.ts";
import { toRow } from "./rows.ts";
import type { FigureKind, Row } from "./rows.ts";
import type { Target } from "./targets.ts";
import { COLD_DISPATCH, SHELL_DISPATCH, WARM_DISPATCH } from "./targets.ts";

/** The environment of a runner without warm processes. */
export const COLD = { AUTOMN_RUNNER_WARM: "0" };

/** The latency of a run, per language. */
export const dispatch: Part = {
  name: "dispatch",
  about: "one run, cold and warm",
  async *measure(bench) {
    const runners = { warm: await bench.harness.startRunner(), cold: await bench.harness.startRunner(COLD) };
    const connections = { warm: await runners.warm.connect(), cold: await runners.cold.connect() };
    for (const interpreter of bench.interpreters) {
      bench.progress(`${interpreter.name}, warm and cold`);
      yield* compare(bench, interpreter, connections);
    }
    await Promise.all([runners.warm.stop(), runners.cold.stop()]);
  },
};

/** Connections to a runner with warm processes and to one without. */
interface Connections {
  readonly warm: Connection;
  readonly cold: Connection;
}

async function* compare({ sizes }: BenchContext, { name, job, bare }: Interpreter, { warm, cold }: Connections): AsyncGenerator<Row> {
  const pauseMs = 20 + 2 * (await timed(bare));
  const starts: string[] = [];
  const times = await interleave({
    bare: () => timed(bare),
    warm: async () => {
      const { ms, start = "cold" } = await warm.run(job);
      starts.push(start);
      return ms;
    },
    cold: async () => (await cold.run(job)).ms,
  }, { ...sizes, pause: () => delay(pauseMs) });
  const baseline = { name: BARE_SPAWN, samples: times.bare };
  const counted = starts.slice(-times.warm.length);
  const targets = targetsOf(name);
  yield toRow({
    part: "dispatch", what: `${name}, warm`, unit: "ms", ours: times.warm, baseline, kind: targets.kind, target: targets.warm,
    note: `${counted.filter((start) => start === "warm").length} of ${counted.length} started warm`,
  });
  yield toRow({
    part: "dispatch", what: `${name}, cold`, unit: "ms", ours: times.cold, baseline, kind: targets.kind, target: targets.cold,
  });
}

/** A shell starts too fast for a ratio to mean anything. */
function targetsOf(name: string): { kind: FigureKind; warm: Target | undefined; cold: Target } {
  if (name === "shell") return { kind: "difference", warm: SHELL_DISPATCH, cold: SHELL_DISPATCH };
  return { kind: "ratio", warm: WARM_DISPATCH[name], cold: COLD_DISPATCH };
}
