// What a runner costs while nobody needs it, and how soon it is there.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../built-runner.ts";
import { openFakeHost } from "../fake-host.ts";
import type { Bench, Part } from "./bench.ts";
import { SECRET } from "./harness.ts";
import type { Harness, Runner } from "./harness.ts";
import { endOf } from "./interpreters.ts";
import { inTurn, timed } from "./measuring.ts";
import { cpuMs, residentMb, TELLS } from "./process-stat.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { IDLE_MEMORY, START_UP } from "./wanted.ts";

/** A process that is watched. */
type Idler = Pick<Runner, "pid" | "stop">;

/** Memory and CPU of registered runners beside processes that hardly do anything, all watched together. */
export const idle: Part = {
  name: "idle",
  about: "resident memory and CPU while nothing is to be done",
  async *measure({ harness, sizes, say }) {
    if (!TELLS) return say("idle: skipped, this system has no /proc");
    say(`${sizes.idlers} idle runners for ${sizes.idleMs / 1000} s`);
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
    const name = "bare node";
    yield toRow({ part: "idle", what: "resident memory, registered", unit: "MB", ours: memory.slice(0, runners.length), beside: { name, samples: memory.slice(runners.length) }, wanted: IDLE_MEMORY });
    yield toRow({ part: "idle", what: "CPU", unit: "ms per minute", ours: perMinute.slice(0, runners.length), beside: { name, samples: perMinute.slice(runners.length) }, kind: "difference" });
  },
};

/** Time until a runner listens. */
export const startUp: Part = {
  name: "start-up",
  about: "time until the service listens",
  async *measure(bench) {
    bench.say("start-up");
    yield* startUpRow(bench);
  },
};

async function* startUpRow({ harness, sizes }: Bench): AsyncGenerator<Row> {
  const times = await inTurn({
    ours: async () => {
      const startedAt = performance.now();
      const runner = await harness.startRunner();
      const ms = performance.now() - startedAt;
      await runner.stop();
      return ms;
    },
    bare: () => timed(() => endOf(harness, process.execPath, ["-e", "0"])),
  }, { ...sizes, rounds: Math.min(sizes.rounds, 20), rest: () => delay(100) });
  yield toRow({ part: "start-up", what: "until it listens", unit: "ms", ours: times.ours, beside: { name: "node -e 0", samples: times.bare }, wanted: START_UP });
}

/** Starts a runner that nothing has been run on, and resolves once the host has it. */
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

/** Starts a node process that listens on a port and has done two fetches. */
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
