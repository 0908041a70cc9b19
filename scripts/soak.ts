// Sends many short runs to one built runner and compares its resources after the last run with those after the first fifty.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SECRET = "soak-secret-of-this-run";
const WARM_UP = 50;
const MAX_RSS_GROWTH = 1.2;
const KEPT_RESULTS = join("state", "results");

const { values } = parseArgs({
  options: { runs: { type: "string", default: "500" }, concurrency: { type: "string", default: "4" } },
});
const total = Number(values.runs);
const concurrency = Number(values.concurrency);

const SCRIPTS = [
  { id: "soak-node", language: "node", code: "console.log('hello'); AutomnReturn(AutomnInput.n)" },
  { id: "soak-python", language: "python", code: "print('hello')\nAutomnReturn(AUTOMN_INPUT['n'])" },
  { id: "soak-shell", language: "shell", code: "echo hello\nAutomnReturn \"$(sed 's/[^0-9]//g' \"$AUTOMN_INPUT_FILE\")\"" },
];

/** The resources of a process, from /proc. */
interface Resources {
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  readonly files: number;
  readonly rssMb: number;
}

const data = mkdtempSync(join(tmpdir(), "automn-soak-"));
const service = spawn(process.execPath, [join(ROOT, "runner", "service.js")], {
  stdio: ["ignore", "pipe", "inherit"],
  env: {
    ...process.env,
    AUTOMN_RUNNER_DATA_DIR: data, AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_PORT: "0", AUTOMN_RUNNER_LOG_FORMAT: "json",
  },
});
const exited = new Promise((resolve) => service.once("exit", resolve));
try {
  const port = await listening();
  await dispatchMany(port, WARM_UP);
  const before = await settled();
  await dispatchMany(port, total - WARM_UP);
  const after = await settled();
  console.table({ [`after ${WARM_UP} runs`]: before, [`after ${total} runs`]: after });
  const problems = compare(before, after);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  service.kill("SIGTERM");
  await exited;
  rmSync(data, { recursive: true, force: true });
}

async function listening(): Promise<number> {
  for await (const line of createInterface({ input: service.stdout })) {
    const entry = JSON.parse(line) as { message: string; port?: number };
    if (entry.message === "Listening" && entry.port !== undefined) {
      service.stdout.resume();
      return entry.port;
    }
  }
  throw new Error("The service ended before it listened");
}

async function dispatchMany(port: number, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await dispatch(port, n);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function dispatch(port: number, n: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/run`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-automn-runner-secret": SECRET },
    body: JSON.stringify({ script: SCRIPTS[n % SCRIPTS.length], reqBody: { n } }),
  });
  const frames = (await response.text()).trim().split("\n");
  const last = JSON.parse(frames.at(-1) ?? "{}") as { data?: { code: number; returnData: unknown; stdout: string } };
  const isCorrect = last.data?.code === 0 && last.data.returnData === n && last.data.stdout === "hello";
  if (!isCorrect) throw new Error(`Run ${n} failed: ${frames.at(-1)}`);
}

/** The resources once they have stopped changing. */
async function settled(): Promise<Resources> {
  let last = resources();
  for (let same = 0; same < 5;) {
    await delay(200);
    const now = resources();
    same = now.descriptors === last.descriptors && now.children === last.children && now.files === last.files ? same + 1 : 0;
    last = now;
  }
  return last;
}

function resources(): Resources {
  const proc = `/proc/${service.pid}`;
  const status = readFileSync(`${proc}/status`, "utf8");
  const number = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
  return {
    descriptors: readdirSync(`${proc}/fd`).length,
    threads: number("Threads"),
    children: readFileSync(`${proc}/task/${service.pid}/children`, "utf8").split(" ").filter(Boolean).length,
    files: filesIn(data),
    rssMb: Math.round(number("VmRSS") / 1024),
  };
}

/** The number of files below the data folder, while the service may be removing some; kept results are bounded by their size. */
function filesIn(folder: string): number {
  for (;;) {
    try {
      const names = readdirSync(folder, { recursive: true }) as string[];
      return names.filter((name) => !name.startsWith(KEPT_RESULTS)).length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

function compare(before: Resources, after: Resources): string[] {
  const names = ["descriptors", "threads", "children", "files"] as const;
  const grown = names.filter((name) => after[name] > before[name] + tolerance(name));
  const problems = grown.map((name) => `${name} grew from ${before[name]} to ${after[name]}`);
  if (after.rssMb > before.rssMb * MAX_RSS_GROWTH) problems.push(`Resident memory grew from ${before.rssMb} MB to ${after.rssMb} MB`);
  return problems;
}

/** Named pipes are created in batches and clients keep connections open, so these counts vary. */
function tolerance(name: string): number {
  return name === "files" ? 40 : name === "descriptors" ? concurrency : 0;
}
