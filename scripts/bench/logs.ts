// Logs of many megabytes: how fast they pass through, beside the same writer on a bare pipe, and what they cost in memory.
import { openBarePipe } from "./bare-pipe.ts";
import type { BarePipe } from "./bare-pipe.ts";
import type { Bench, Part } from "./bench.ts";
import { bodyOf } from "./connection.ts";
import type { Job } from "./connection.ts";
import type { Runner } from "./harness.ts";
import { inTurn } from "./measuring.ts";
import type { Sampler } from "./measuring.ts";
import { peakMb, residentMb, TELLS } from "./process-stat.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { LOG_MEMORY, LOG_RATE } from "./wanted.ts";
import { WRITERS } from "./writers.ts";
import type { Writer } from "./writers.ts";

const MB = 1e6;
const BESIDE = "bare pipe";

/** Throughput and memory per way of writing and size. */
export const logs: Part = {
  name: "logs",
  about: "100 MB and 1 GB of log, and the runner's peak memory",
  async *measure(bench) {
    const pipe = pipeFor(bench);
    for (const megabytes of bench.sizes.logMegabytes) {
      for (const writer of WRITERS) {
        bench.say(`${megabytes} MB by ${writer.what}`);
        yield* compare(bench, pipe, writer, megabytes);
      }
    }
    pipe.close();
  },
};

/** The same with variables whose values are to be hidden. */
export const secrets: Part = {
  name: "secrets",
  about: "logs with 0, 5 and 50 secrets to hide",
  async *measure(bench) {
    const { harness, sizes, say } = bench;
    const pipe = pipeFor(bench);
    const runner = await harness.startRunner();
    for (const writer of WRITERS) {
      say(`secrets in ${sizes.secretMegabytes} MB by ${writer.what}`);
      const bytes = sizes.secretMegabytes * MB;
      const ours = await Promise.all(sizes.secrets.map(async (count) => [`${count}`, await throughRunner(runner, writer, bytes, secretVariables(count))] as const));
      const rates = await inTurn({ bare: await throughPipe(bench, pipe, writer, bytes), ...Object.fromEntries(ours) }, { warmUps: 1, rounds: sizes.logRounds });
      for (const count of sizes.secrets) {
        yield toRow({
          part: "secrets", what: `${sizes.secretMegabytes} MB by ${writer.what}, ${count} secrets`, unit: "MB/s",
          ours: rates[`${count}` as "bare"], beside: { name: BESIDE, samples: rates.bare },
        });
      }
    }
    await runner.stop();
    pipe.close();
  },
};

async function* compare(bench: Bench, pipe: BarePipe, writer: Writer, megabytes: number): AsyncGenerator<Row> {
  const { harness, sizes } = bench;
  const runner = await harness.startRunner();
  const bytes = megabytes * MB;
  await (await throughRunner(runner, writer, 1000))();
  const before = TELLS ? peakMb(runner.pid) : NaN;
  const rates = await inTurn({ bare: await throughPipe(bench, pipe, writer, bytes), ours: await throughRunner(runner, writer, bytes) }, { warmUps: 0, rounds: sizes.logRounds });
  const what = `${megabytes} MB by ${writer.what}`;
  const whole = megabytes >= 1000;
  yield toRow({ part: "logs", what, unit: "MB/s", ours: rates.ours, beside: { name: BESIDE, samples: rates.bare }, wanted: whole ? LOG_RATE[writer.mark] : undefined });
  if (TELLS) {
    yield toRow({
      part: "logs", what: `${what}, peak memory`, unit: "MB", ours: [peakMb(runner.pid)], beside: { name: "before it", samples: [before] },
      kind: "difference", wanted: whole ? LOG_MEMORY : undefined, note: `${Math.round(residentMb(runner.pid))} MB behind it`,
    });
  }
  await runner.stop();
}

function pipeFor({ harness, interpreters }: Bench): BarePipe {
  return openBarePipe(harness, interpreters.find(({ name }) => name === "node")?.file ?? process.execPath);
}

/** Samples MB/s through a runner, from the first byte of the log to the end of the answer. */
async function throughRunner(runner: Runner, writer: Writer, bytes: number, variables: Job["variables"] = []): Promise<Sampler> {
  const connection = await runner.connect();
  const body = bodyOf({ language: "node", code: writer.code(bytes), id: "bench-log", variables });
  return async () => {
    const answer = await connection.send(body);
    if (answer.bytes < bytes) throw new Error(`The log is not whole: ${answer.bytes} of ${bytes} bytes`);
    return bytes / MB / (answer.logMs / 1000);
  };
}

/** Samples MB/s through a bare pipe, from the first byte to the end. */
async function throughPipe({ harness }: Bench, pipe: BarePipe, writer: Writer, bytes: number): Promise<Sampler> {
  const file = await harness.write(`writer-${WRITERS.indexOf(writer)}-${bytes}.js`, writer.code(bytes));
  return async () => {
    const reading = await pipe.read(file);
    if (reading.bytes < bytes) throw new Error(`The bare pipe gave ${reading.bytes} of ${bytes} bytes`);
    return reading.bytes / MB / (reading.ms / 1000);
  };
}

function secretVariables(count: number): { envName: string; value: string }[] {
  return Array.from({ length: count }, (_, n) => ({ envName: `AUTOMN_VAR_SECRET_${n}`, value: `${(n + 1) * 7919}-Zq${n}!horse/battery=${n * n}` }));
}
