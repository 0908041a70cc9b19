// Running a script by a language's own command line, in a place laid out as the runner does it.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStdioFactory } from "../../runner/process/stdio.ts";
import { baseEnvironment, processEnvironment, scriptEnvironment } from "../../runner/process/environment.ts";
import type { Interpreter, Language } from "../../runner/languages/language.ts";
import { runOn } from "./output-pipe.ts";

/** What became of a script. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The file that the code was written to. */
  readonly file: string;
}

/** How to run a script; `home` is a folder that somebody else removes. */
export interface Run {
  readonly home: string;
  readonly language: Language;
  readonly interpreter: Interpreter;
  readonly spelling?: string;
  readonly input?: unknown;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs code to its end and collects what it printed. */
export async function runScript(code: string, { home, language, interpreter, ...options }: Run): Promise<Outcome> {
  const { spelling = language.name, input = {}, environment = {} } = options;
  const scripts = join(home, "scripts");
  await mkdir(scripts, { recursive: true });
  const place = await mkdtemp(join(scripts, "s-"));
  const [file, inputFile, cwd] = [join(place, `code${language.extension(spelling, code)}`), join(place, "input.json"), join(place, "work")];
  const inputJson = JSON.stringify(input);
  const manifest = writeFile(join(scripts, "package.json"), '{"private":true}\n');
  await Promise.all([mkdir(cwd), writeFile(file, code), writeFile(inputFile, inputJson), manifest]);
  const base = baseEnvironment({ inherited: { ...withoutAutomn(process.env), ...environment } });
  const command = language.command(interpreter, file, spelling, base.values);
  const { values } = scriptEnvironment(base, { interpreter: command.environment, runId: "run-1", inputJson, scriptDir: place });
  const env = processEnvironment(values, { inputFile, mark: "test" });
  const stdioFactory = createStdioFactory(join(home, "pipes"));
  try {
    return { file, ...(await runOn(await stdioFactory.make(inputFile), command.file, command.args, { env, cwd })) };
  } finally {
    await stdioFactory.close();
  }
}

/** The payloads of a kind of marker lines. */
export function marked(stdout: string, marker: string): unknown[] {
  return stdout.split("\n").filter((line) => line.startsWith(marker)).map((line) => JSON.parse(line.slice(marker.length)) as unknown);
}

function withoutAutomn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(AUTOMN|NODE_|PYTHON)/.test(name)));
}
