// What an idle runner costs, and how fast it starts.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../built-runner.ts";
import { openFakeHost } from "../fake-host.ts";
import type { BenchContext, Part } from "./part.ts";
import { SECRET } from "./harness.ts";
import type { Harness, Runner } from "./harness.ts";
import { endOf } from "./interpreters.ts";
import { interleave, timed } from "./sampling.ts";
import { cpuMs, residentMb, HAS_PROC } from "./process-stat.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { IDLE_MEMORY, START_UP } from "./targets.ts";

/** An idle process that is measured. */
type Idler = Pick<Runner, "pid" | "stop">;

/** Memory and CPU of registered runners and of plain Node processes, all measured over the same time. */
export const idle: Part = {
  name: "idle",
  about: "resident memory and CPU of a runner without jobs",
  async *measure({ harness, sizes, progress }) {
    if (!HAS_PROC) return progress("idle: skipped, this system has no /proc");
    progress(`${sizes.idlers} idle runners for ${sizes.idleMs / 1000} s`);
    const host = await openFakeHost();
    harness.afterwards(() => host.close());
    const runners: Idler[] = [];
    const plain: Idler[] = [];
    for (let n = 0; n < sizes.idlers; n++) {
      runners.push(await registeredRunner(harness, host, `bench-${n}`));
      plain.push(await plainListener(harness, host.url));
    }
    await delay(Math.min(sizes.idleMs, 5_000));
    const before = [...runners, ...plain].map(({ pid }) => cpuMs(pid));
    await delay(sizes.idleMs);
    const perMinute = [...runners, ...plain].map(({ pid }, n) => ((cpuMs(pid) - (before[n] ?? 0)) * 60_000) / sizes.idleMs);
    const memory = [...runners, ...plain].map(({ pid }) => residentMb(pid));
    await Promise.all([...runners, ...plain].map((one) => one.stop()));
    const compared = (samples: readonly number[]) => ({
      ours: samples.slice(0, runners.length), baseline: { name: "bare node", samples: samples.slice(runners.length) },
    });
    yield toRow({ part: "idle", what: "resident memory, registered", unit: "MB", ...compared(memory), target: IDLE_MEMORY });
    yield toRow({ part: "idle", what: "CPU", unit: "ms per minute", ...compared(perMinute), kind: "difference" });
  },
};

/** The time until a runner listens. */
export const startUp: Part = {
  name: "start-up",
  about: "time until the service listens",
  async *measure(bench) {
    bench.progress("start-up");
    yield* startUpRow(bench);
  },
};

async function* startUpRow({ harness, sizes }: BenchContext): AsyncGenerator<Row> {
  const times = await interleave({
    ours: async () => {
      const startedAt = performance.now();
      const runner = await harness.startRunner();
      const ms = performance.now() - startedAt;
      await runner.stop();
      return ms;
    },
    bare: () => timed(() => endOf(harness, process.execPath, ["-e", "0"])),
  }, { ...sizes, rounds: Math.min(sizes.rounds, 20), pause: () => delay(100) });
  yield toRow({
    part: "start-up", what: "until it listens", unit: "ms",
    ours: times.ours, baseline: { name: "node -e 0", samples: times.bare }, target: START_UP,
  });
}

/** Starts a runner and resolves once it is registered with the host. */
async function registeredRunner(harness: Harness, host: Awaited<ReturnType<typeof openFakeHost>>, id: string): Promise<Idler> {
  host.setSecret(id, SECRET);
  const port = String(await freePort());
  const after = host.registrations.length;
  const runner = await harness.startRunner({
    AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: id, AUTOMN_RUNNER_PORT: port, AUTOMN_RUNNER_PUBLIC_URL: `http://127.0.0.1:${port}`,
  });
  await host.registered({ after });
  return runner;
}

/** Starts a Node process that listens on a port and has made two requests with `fetch`. */
async function plainListener(harness: Harness, url: string): Promise<Idler> {
  const code = `require("node:http").createServer((_, response) => response.end()).listen(0, "127.0.0.1", async () => {
    for (let n = 0; n < 2; n++) await (await fetch(${JSON.stringify(url)})).arrayBuffer();
    console.log("up");
  });`;
  const child = harness.spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null || child.pid === undefined) throw new Error("The bare node process did not start");
  await once(createInterface({ input: child.stdout }), "line");
  return { pid: child.pid, stop: () => { child.kill(); return once(child, "close"); } };
}
