// npm run bench: what the runner costs above doing the same without one.
import { parseArgs } from "node:util";
import { NotStarted } from "../built-runner.ts";
import type { Part } from "./bench.ts";
import { burst } from "./burst.ts";
import { dependencies } from "./dependencies.ts";
import { dispatch } from "./dispatch.ts";
import { growth } from "./growth.ts";
import { openHarness } from "./harness.ts";
import type { Harness } from "./harness.ts";
import { idle, startUp } from "./idle.ts";
import { findInterpreters } from "./interpreters.ts";
import { logs, secrets } from "./logs.ts";
import { describeMachine } from "./machine.ts";
import type { Row } from "./rows.ts";
import { sequence } from "./sequence.ts";
import { FULL, QUICK } from "./sizes.ts";
import { tableOf } from "./table.ts";

const PARTS: readonly Part[] = [startUp, idle, dispatch, sequence, burst, logs, secrets, growth, dependencies];

const HELP = `Measures the built runner beside the same work without one: npm run bench [-- OPTIONS]

Every comparison takes its samples in turn in one run, and is told as the medians with
their quartiles and, as a figure, their ratio or difference. Let nothing else run meanwhile.

  --only PART   only this part; may be given more than once
  --quick       small sizes: shows within minutes that all of it works, its figures are rough
  --json        the rows as JSON on standard output
  --help        show this

Parts:
${PARTS.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join("\n")}
`;

/** What was asked for. */
interface Options {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly json: boolean;
}

const options = readOptions();
process.exitCode = typeof options === "number" ? options : await main(options);

function readOptions(): Options | number {
  try {
    const { values } = parseArgs({
      options: { only: { type: "string", multiple: true }, quick: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" } },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const unknown = values.only?.find((name) => !PARTS.some((part) => part.name === name));
    if (unknown !== undefined) throw new Error(`Cannot read --only: wanted one of ${PARTS.map(({ name }) => name).join(", ")}, found "${unknown}"`);
    return { parts: PARTS.filter(({ name }) => values.only?.includes(name) ?? true), quick: values.quick ?? false, json: values.json ?? false };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

async function main({ parts, quick, json }: Options): Promise<number> {
  const harness = await openHarness();
  closeOnSignals(harness);
  const say = (text: string): void => void process.stderr.write(`… ${text}\n`);
  try {
    const interpreters = await findInterpreters(harness);
    const machine = describeMachine(interpreters);
    const rows: Row[] = [];
    for (const part of parts) {
      for await (const row of part.measure({ harness, interpreters, sizes: quick ? QUICK : FULL, say })) rows.push(row);
    }
    process.stdout.write(json ? `${JSON.stringify({ machine, quick, rows }, null, 2)}\n` : `${tableOf(machine, rows)}\n`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof NotStarted && error.output !== "") console.error(`Its log:\n${error.output.trimEnd()}`);
    return 1;
  } finally {
    await harness.close();
  }
}

function closeOnSignals(harness: Harness): void {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    process.once(signal, () => void harness.close().finally(() => process.exit(code)));
  }
}
