// npm run demo: a fake host and the built runner, one script in each language, live.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { NotStarted } from "../built-runner.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { faultsOf } from "./judge.ts";
import { liveLines } from "./live.ts";
import { LANGUAGE_INK, paintFor } from "./paint.ts";
import { INPUT, SCRIPTS } from "./scripts.ts";
import type { DemoScript } from "./scripts.ts";
import { openStage, RUNNER_ID } from "./stage.ts";
import type { Stage } from "./stage.ts";

const HELP = `Shows the Automn runner at work: npm run demo [-- OPTIONS]

Starts a fake host on this machine and the built runner beside it, registers
the runner, runs one script in each language whose interpreter is here, and then
stays until Ctrl-C, so that you can look at the runner's page. Nothing is left behind.

  --once   end after the scripts: exit 0 when each did what it should, else 1
  --help   show this

NO_COLOR=1 turns the colours off.
`;

const paint = paintFor(process.stdout);
const say = (line = ""): void => void process.stdout.write(`${line}\n`);
const fact = (name: string, value: string, aside = ""): void => say(`  ${paint("dim", name.padEnd(14))}${value}${aside && `  ${paint("dim", aside)}`}`);

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "number") return options;
  const { interrupted, signal } = interruption();
  const stage = await openStage().catch(notStarted);
  if (stage === undefined) return 1;
  const runnerGone = gone(stage, signal);
  try {
    const failed = await Promise.race([show(stage, signal), runnerGone]);
    if (options.once) return signal.aborted || failed > 0 ? 1 : 0;
    if (!signal.aborted) invite(stage);
    await Promise.race([interrupted, runnerGone]);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await stage.close();
    if (!options.once) say("The runner and the fake host have ended; nothing is left behind.");
  }
}

function readOptions(): { readonly once: boolean } | number {
  try {
    const { values } = parseArgs({ options: { once: { type: "boolean", default: false }, help: { type: "boolean", default: false } } });
    if (!values.help) return { once: values.once ?? false };
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

/** Aborts at Ctrl-C, or when the demo is asked to end. */
function interruption(): { readonly interrupted: Promise<unknown>; readonly signal: AbortSignal } {
  const stop = new AbortController();
  const interrupted = once(stop.signal, "abort");
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) say();
      stop.abort();
    });
  }
  return { interrupted, signal: stop.signal };
}

function notStarted(error: unknown): undefined {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof NotStarted && error.output.trim() !== "") console.error(`Its log:\n${error.output.trimEnd()}`);
}

/** Rejects when the runner ends although nobody asked it to. */
function gone({ runner }: Stage, stop: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    void runner.ended.then(({ code, signal }) => {
      if (!stop.aborted) reject(new Error(`The runner ended by itself (${signal ?? code}). Its log:\n${runner.output.trimEnd()}`));
    });
  });
}

/** Registers the runner and runs every script that can run here, until `stop`; resolves with how many failed. */
async function show(stage: Stage, stop: AbortSignal): Promise<number> {
  const { host, runner } = stage;
  say(paint("bold", "The Automn runner"));
  say();
  fact("Fake host", host.url, "stands in for Automn, on this machine only");
  fact("Runner", runner.url, `node runner/service.js, process ${runner.pid}`);
  const startedAt = performance.now();
  const { body } = await stage.register();
  const took = `after ${seconds(performance.now() - startedAt)}`;
  fact("Registered", `${RUNNER_ID}, version ${String(body["version"])} on ${String(body["os"])} ${String(body["platform"])}`, `${took}, with the secret entered on its page`);
  const runtimes = body["runtimes"] as Readonly<Record<string, string>>;
  fact("Interpreters", Object.entries(runtimes).map(([name, version]) => `${languageName(name)} ${version}`).join(", "));
  fact("Input", paint("dim", JSON.stringify(INPUT)));
  const here = SCRIPTS.filter(({ language }) => runtimes[language] !== undefined);
  let failed = 0;
  for (const script of SCRIPTS) {
    say();
    if (!here.includes(script)) missing(script);
    else if (!(await showRun(stage, script, stop))) failed += 1;
    if (stop.aborted) return failed;
  }
  say();
  const absent = SCRIPTS.length - here.length;
  say(paint(failed > 0 ? "red" : "bold", `${here.length - failed} of ${here.length} scripts did what they should${absent === 0 ? "" : `, ${absent} could not run here`}.`));
  return failed;
}

function languageName(name: string): string {
  return LANGUAGES.find((language) => language.name === name)?.title ?? name;
}

function missing({ language, title }: DemoScript): void {
  const variable = LANGUAGES.find(({ name }) => name === language)?.pathVariable ?? "";
  say(`${prefix(language)}${title} ${paint("yellow", `– not run: no interpreter for ${languageName(language)} was found on this machine (${variable} names one)`)}`);
}

async function showRun({ host }: Stage, script: DemoScript, stop: AbortSignal): Promise<boolean> {
  const before = prefix(script.language);
  say(`${before}${paint("bold", script.title)}`);
  let firstAt: number | undefined;
  const live = liveLines(paint, (line) => say(`${before}${line}`));
  const run = await host.dispatch(RUNNER_ID, { id: `demo-${script.language}`, name: script.title, language: script.language, code: script.code, timeout: 30 }, {
    input: INPUT, signal: stop,
    onLog(text) {
      firstAt ??= performance.now();
      live.push(text);
    },
  });
  if (stop.aborted) return true;
  const faults = faultsOf(script, run, performance.now() - (firstAt ?? performance.now()));
  const time = paint("dim", `in ${seconds(run.result?.duration ?? run.durationMs)}`);
  for (const fault of faults) say(`${before}${paint("red", `✗ ${fault}`)}`);
  if (faults.length === 0) say(`${before}${paint("green", "✓ returned")} ${JSON.stringify(run.result?.returnData)} ${time}`);
  return faults.length === 0;
}

function invite({ runner }: Stage): void {
  say();
  say("Now have a look yourself:");
  fact("The page", `${runner.url}/`);
  fact("As JSON", `${runner.url}/status`);
  say(`${paint("bold", "Ctrl-C")} ends the runner and the fake host.`);
}

function prefix(language: string): string {
  return paint(LANGUAGE_INK[language] ?? "cyan", `${language.padEnd(10)} │ `);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
