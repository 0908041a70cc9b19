// One run at a time with a rest behind each: the runner, cold and warm, beside a bare spawn of the same script.
import { setTimeout as delay } from "node:timers/promises";
import { BARE } from "./bench.ts";
import type { Bench, Part } from "./bench.ts";
import type { Connection } from "./connection.ts";
import type { Interpreter } from "./interpreters.ts";
import { inTurn, timed } from "./measuring.ts";
import { toRow } from "./rows.ts";
import type { FigureKind, Row } from "./rows.ts";
import type { Wanted } from "./wanted.ts";
import { COLD_DISPATCH, SHELL_DISPATCH, WARM_DISPATCH } from "./wanted.ts";

/** Variables of a runner that starts every process when its script is known. */
export const COLD = { AUTOMN_RUNNER_WARM: "0" };

/** Dispatch per language. */
export const dispatch: Part = {
  name: "dispatch",
  about: "one run, cold and warm",
  async *measure(bench) {
    const runners = { warm: await bench.harness.startRunner(), cold: await bench.harness.startRunner(COLD) };
    const connections = { warm: await runners.warm.connect(), cold: await runners.cold.connect() };
    for (const interpreter of bench.interpreters) {
      bench.say(`${interpreter.name}, warm and cold`);
      yield* compare(bench, interpreter, connections);
    }
    await Promise.all([runners.warm.stop(), runners.cold.stop()]);
  },
};

async function* compare({ sizes }: Bench, { name, job, bare }: Interpreter, { warm, cold }: { warm: Connection; cold: Connection }): AsyncGenerator<Row> {
  const restMs = 20 + 2 * (await timed(bare));
  const starts: string[] = [];
  const times = await inTurn({
    bare: () => timed(bare),
    warm: async () => {
      const { ms, start = "cold" } = await warm.run(job);
      starts.push(start);
      return ms;
    },
    cold: async () => (await cold.run(job)).ms,
  }, { ...sizes, rest: () => delay(restMs) });
  const beside = { name: BARE, samples: times.bare };
  const counted = starts.slice(-times.warm.length);
  const marks = marksOf(name);
  yield toRow({
    part: "dispatch", what: `${name}, warm`, unit: "ms", ours: times.warm, beside, kind: marks.kind, wanted: marks.warm,
    note: `${counted.filter((start) => start === "warm").length} of ${counted.length} started warm`,
  });
  yield toRow({ part: "dispatch", what: `${name}, cold`, unit: "ms", ours: times.cold, beside, kind: marks.kind, wanted: marks.cold });
}

function marksOf(name: string): { readonly kind: FigureKind; readonly warm: Wanted | undefined; readonly cold: Wanted } {
  if (name === "shell") return { kind: "difference", warm: SHELL_DISPATCH, cold: SHELL_DISPATCH };
  return { kind: "ratio", warm: WARM_DISPATCH[name], cold: COLD_DISPATCH };
}
