// npm run demo: runs a script per language on the built runner, with a fake host, and shows the output live.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { NotStarted } from "../built-runner.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { problemsOf } from "./check.ts";
import { languageColor, paintFor } from "./colors.ts";
import { RUNNER_ID, startHostAndRunner } from "./host-and-runner.ts";
import type { HostAndRunner } from "./host-and-runner.ts";
import { liveLines } from "./live.ts";
import { INPUT, SCRIPTS } from "./scripts.ts";
import type { DemoScript } from "./scripts.ts";

const HELP = `Shows the Automn runner at work: npm run demo [-- OPTIONS]

Starts a fake host and the built runner on this machine, registers the runner, and
runs one script in each installed language. It then keeps running until Ctrl-C, so that
you can open the operator page. Everything it created is removed at the end.

  --once   end after the scripts, with exit code 0 if all succeeded, otherwise 1
  --help   show this help

NO_COLOR=1 turns colors off.
`;

const paint = paintFor(process.stdout);
const print = (line = ""): void => void process.stdout.write(`${line}\n`);
const printField = (name: string, value: string, comment = ""): void => {
  print(`  ${paint("dim", name.padEnd(14))}${value}${comment && `  ${paint("dim", comment)}`}`);
};

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "number") return options;
  const { interrupted, signal } = interruption();
  const pair = await startHostAndRunner().catch(reportStartError);
  if (pair === undefined) return 1;
  const runnerExit = unexpectedExit(pair, signal);
  try {
    const failed = await Promise.race([runScripts(pair, signal), runnerExit]);
    if (options.once) return signal.aborted || failed > 0 ? 1 : 0;
    if (!signal.aborted) printLinks(pair);
    await Promise.race([interrupted, runnerExit]);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await pair.close();
    if (!options.once) print("The runner and the fake host have ended, and their files are removed.");
  }
}

function readOptions(): { readonly once: boolean } | number {
  try {
    const { values } = parseArgs({ options: { once: { type: "boolean" }, help: { type: "boolean" } } });
    if (!values.help) return { once: values.once ?? false };
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

/** Aborts on SIGINT (Ctrl-C), SIGTERM or SIGHUP. */
function interruption(): { readonly interrupted: Promise<unknown>; readonly signal: AbortSignal } {
  const stop = new AbortController();
  const interrupted = once(stop.signal, "abort");
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) print();
      stop.abort();
    });
  }
  return { interrupted, signal: stop.signal };
}

function reportStartError(error: unknown): undefined {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof NotStarted && error.output.trim() !== "") console.error(`Its log:\n${error.output.trimEnd()}`);
}

/** Rejects when the runner ends without having been stopped. */
function unexpectedExit({ runner }: HostAndRunner, stop: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    void runner.ended.then(({ code, signal }) => {
      if (!stop.aborted) reject(new Error(`The runner ended by itself (${signal ?? code}). Its log:\n${runner.output.trimEnd()}`));
    });
  });
}

/** Registers the runner and runs the scripts of the installed languages until `stop`; resolves with how many failed. */
async function runScripts(pair: HostAndRunner, stop: AbortSignal): Promise<number> {
  const runtimes = await register(pair);
  const runnable = SCRIPTS.filter(({ language }) => runtimes[language] !== undefined);
  let failed = 0;
  for (const script of SCRIPTS) {
    print();
    if (!runnable.includes(script)) printMissing(script);
    else if (!(await runScript(pair, script, stop))) failed += 1;
    if (stop.aborted) return failed;
  }
  print();
  const skipped = SCRIPTS.length - runnable.length;
  const summary = `${runnable.length - failed} of ${runnable.length} scripts did what they should`;
  print(paint(failed > 0 ? "red" : "bold", `${summary}${skipped === 0 ? "" : `, ${skipped} could not run here`}.`));
  return failed;
}

/** Registers the runner; resolves with the versions of its interpreters by language. */
async function register(pair: HostAndRunner): Promise<Readonly<Record<string, string>>> {
  const { host, runner } = pair;
  print(paint("bold", "The Automn runner"));
  print();
  printField("Fake host", host.url, "stands in for Automn, on this machine only");
  printField("Runner", runner.url, `node runner/service.js, process ${runner.pid}`);
  const startedAt = performance.now();
  const { body } = await pair.register();
  const elapsed = `after ${seconds(performance.now() - startedAt)}`;
  const version = `version ${String(body["version"])} on ${String(body["os"])} ${String(body["platform"])}`;
  printField("Registered", `${RUNNER_ID}, ${version}`, `${elapsed}, with the secret entered on its page`);
  const runtimes = body["runtimes"] as Readonly<Record<string, string>>;
  printField("Interpreters", Object.entries(runtimes).map(([name, version]) => `${languageName(name)} ${version}`).join(", "));
  printField("Input", paint("dim", JSON.stringify(INPUT)));
  return runtimes;
}

function languageName(name: string): string {
  return LANGUAGES.find((language) => language.name === name)?.title ?? name;
}

function printMissing({ language, title }: DemoScript): void {
  const variable = LANGUAGES.find(({ name }) => name === language)?.pathVariable;
  const reason = `– not run: no ${languageName(language)} interpreter was found on this machine (${variable} sets its path)`;
  print(`${prefix(language)}${title} ${paint("yellow", reason)}`);
}

async function runScript({ host }: HostAndRunner, script: DemoScript, stop: AbortSignal): Promise<boolean> {
  const before = prefix(script.language);
  print(`${before}${paint("bold", script.title)}`);
  let firstAt: number | undefined;
  const live = liveLines(paint, (line) => print(`${before}${line}`));
  const { language, title, code } = script;
  const run = await host.dispatch(RUNNER_ID, { id: `demo-${language}`, name: title, language, code, timeout: 30 }, {
    input: INPUT, signal: stop,
    onLog(text) {
      firstAt ??= performance.now();
      live.push(text);
    },
  });
  if (stop.aborted) return true;
  const problems = problemsOf(script, run, performance.now() - (firstAt ?? performance.now()));
  const time = paint("dim", `in ${seconds(run.result?.duration ?? run.durationMs)}`);
  for (const problem of problems) print(`${before}${paint("red", `✗ ${problem}`)}`);
  if (problems.length === 0) print(`${before}${paint("green", "✓ returned")} ${JSON.stringify(run.result?.returnData)} ${time}`);
  return problems.length === 0;
}

function printLinks({ runner }: HostAndRunner): void {
  print();
  print("Open the runner yourself:");
  printField("The page", `${runner.url}/`);
  printField("As JSON", `${runner.url}/status`);
  print(`${paint("bold", "Ctrl-C")} ends the runner and the fake host.`);
}

function prefix(language: string): string {
  return paint(languageColor(language), `${language.padEnd(10)} │ `);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
