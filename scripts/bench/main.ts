// npm run bench: compares runs of the built runner with the same work without one.
import { parseArgs } from "node:util";
import { NotStarted } from "../built-runner.ts";
import type { Part } from "./part.ts";
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

const HELP = `Compares the built runner with the same work without one: npm run bench [-- OPTIONS]

The samples of a comparison are taken alternately. The table shows medians with quartiles,
and their ratio or difference. Run nothing else on the machine meanwhile.

  --only PART   measure only this part; may be repeated
  --quick       small sizes: checks that everything works within minutes; the figures are rough
  --json        print the rows as JSON
  --help        show this help

Parts:
${PARTS.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join("\n")}
`;

/** The command line, parsed. */
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
      options: {
        only: { type: "string", multiple: true }, quick: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const unknown = values.only?.find((name) => !PARTS.some((part) => part.name === name));
    const names = PARTS.map(({ name }) => name).join(", ");
    if (unknown !== undefined) throw new Error(`Cannot read --only: wanted one of ${names}, found "${unknown}"`);
    const parts = PARTS.filter(({ name }) => values.only?.includes(name) ?? true);
    return { parts, quick: values.quick ?? false, json: values.json ?? false };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

async function main({ parts, quick, json }: Options): Promise<number> {
  const harness = await openHarness();
  closeOnSignals(harness);
  const progress = (text: string): void => void process.stderr.write(`… ${text}\n`);
  try {
    const interpreters = await findInterpreters(harness);
    const machine = describeMachine(interpreters);
    const rows: Row[] = [];
    for (const part of parts) {
      for await (const row of part.measure({ harness, interpreters, sizes: quick ? QUICK : FULL, progress })) rows.push(row);
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
