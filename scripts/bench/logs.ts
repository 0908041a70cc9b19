// The throughput of large logs, compared with the same script on a bare pipe, and the memory they cost.
import { openBarePipe } from "./bare-pipe.ts";
import type { BarePipe } from "./bare-pipe.ts";
import type { BenchContext, Part } from "./part.ts";
import { bodyOf } from "./connection.ts";
import type { Job } from "./connection.ts";
import type { Runner } from "./harness.ts";
import { interleave } from "./sampling.ts";
import type { Sampler } from "./sampling.ts";
import { peakMb, residentMb, HAS_PROC } from "./process-stat.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { LOG_MEMORY, LOG_RATE } from "./targets.ts";
import { WRITERS } from "./writers.ts";
import type { Writer } from "./writers.ts";

const MB = 1e6;
const BARE_PIPE = "bare pipe";

/** Throughput and peak memory, per kind of output and size. */
export const logs: Part = {
  name: "logs",
  about: "throughput of logs of 100 MB and 1 GB, and the runner's peak memory",
  async *measure(bench) {
    const pipe = pipeFor(bench);
    for (const megabytes of bench.sizes.logMegabytes) {
      for (const writer of WRITERS) {
        bench.progress(`${megabytes} MB by ${writer.what}`);
        yield* compare(bench, pipe, writer, megabytes);
      }
    }
    pipe.close();
  },
};

/** Throughput with variables whose values must be redacted. */
export const secrets: Part = {
  name: "secrets",
  about: "throughput of logs with 0, 5 and 50 secrets to redact",
  async *measure(bench) {
    const { harness, sizes, progress } = bench;
    const pipe = pipeFor(bench);
    const runner = await harness.startRunner();
    for (const writer of WRITERS) {
      progress(`secrets in ${sizes.secretMegabytes} MB by ${writer.what}`);
      const bytes = sizes.secretMegabytes * MB;
      const samplers: Record<string, Sampler> = { bare: await throughPipe(bench, pipe, writer, bytes) };
      for (const count of sizes.secrets) samplers[count] = await throughRunner(runner, writer, bytes, secretVariables(count));
      const rates = await interleave(samplers, { warmUps: 1, rounds: sizes.logRounds });
      for (const count of sizes.secrets) {
        yield toRow({
          part: "secrets", what: `${sizes.secretMegabytes} MB by ${writer.what}, ${count} secrets`, unit: "MB/s",
          ours: rates[count] ?? [], baseline: { name: BARE_PIPE, samples: rates["bare"] ?? [] },
        });
      }
    }
    await runner.stop();
    pipe.close();
  },
};

async function* compare(bench: BenchContext, pipe: BarePipe, writer: Writer, megabytes: number): AsyncGenerator<Row> {
  const { harness, sizes } = bench;
  const runner = await harness.startRunner();
  const bytes = megabytes * MB;
  await (await throughRunner(runner, writer, 1000))();
  const before = HAS_PROC ? peakMb(runner.pid) : NaN;
  const samplers = { bare: await throughPipe(bench, pipe, writer, bytes), ours: await throughRunner(runner, writer, bytes) };
  const rates = await interleave(samplers, { warmUps: 0, rounds: sizes.logRounds });
  const what = `${megabytes} MB by ${writer.what}`;
  const hasTarget = megabytes >= 1000;
  yield toRow({
    part: "logs", what, unit: "MB/s", ours: rates.ours, baseline: { name: BARE_PIPE, samples: rates.bare },
    target: hasTarget ? LOG_RATE[writer.kind] : undefined,
  });
  if (HAS_PROC) {
    yield toRow({
      part: "logs", what: `${what}, peak memory`, unit: "MB",
      ours: [peakMb(runner.pid)], baseline: { name: "before", samples: [before] }, kind: "difference",
      target: hasTarget ? LOG_MEMORY : undefined, note: `${Math.round(residentMb(runner.pid))} MB afterward`,
    });
  }
  await runner.stop();
}

function pipeFor({ harness, interpreters }: BenchContext): BarePipe {
  return openBarePipe(harness, interpreters.find(({ name }) => name === "node")?.file ?? process.execPath);
}

/** Samples MB/s through a runner, from the first byte of the log to the end of the answer. */
async function throughRunner(runner: Runner, writer: Writer, bytes: number, variables: Job["variables"] = []): Promise<Sampler> {
  const connection = await runner.connect();
  const body = bodyOf({ language: "node", code: writer.code(bytes), id: "bench-log", variables });
  return async () => {
    const answer = await connection.send(body);
    if (answer.bytes < bytes) throw new Error(`The log is incomplete: ${answer.bytes} of ${bytes} bytes`);
    return bytes / MB / (answer.logMs / 1000);
  };
}

/** Samples MB/s through a bare pipe, from the first byte to the end of the output. */
async function throughPipe({ harness }: BenchContext, pipe: BarePipe, writer: Writer, bytes: number): Promise<Sampler> {
  const file = await harness.write(`writer-${WRITERS.indexOf(writer)}-${bytes}.js`, writer.code(bytes));
  return async () => {
    const reading = await pipe.read(file);
    if (reading.bytes < bytes) throw new Error(`The bare pipe gave ${reading.bytes} of ${bytes} bytes`);
    return reading.bytes / MB / (reading.ms / 1000);
  };
}

function secretVariables(count: number): { envName: string; value: string }[] {
  const value = (n: number): string => `${(n + 1) * 7919}-Zq${n}!horse/battery=${n * n}`;
  return Array.from({ length: count }, (_, n) => ({ envName: `AUTOMN_VAR_SECRET_${n}`, value: value(n) }));
}
