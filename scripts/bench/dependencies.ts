// What an installed package adds to a run, and how long a first installation takes.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BenchContext, Part } from "./part.ts";
import type { Connection, Job } from "./connection.ts";
import { endOf } from "./interpreters.ts";
import { interleave, timed } from "./sampling.ts";
import { toRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { FIRST_PYTHON_SET } from "./targets.ts";

const WITH: Job = { language: "node", id: "bench-with", code: "console.log(require('is-number')(42) ? 'hello' : 'odd')\n" };
const WITHOUT: Job = { language: "node", id: "bench-without", code: "console.log(Number.isFinite(42) ? 'hello' : 'odd')\n" };

/** Makes three wheels in the folder that it is started with. */
const MAKE_WHEELS = `
import sys, zipfile
for name in ["first", "second", "third"]:
    info = f"bench{name}-1.0.dist-info"
    with zipfile.ZipFile(f"{sys.argv[1]}/bench{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"bench{name}.py", "value = 1\\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: bench{name}\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: bench\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
`;
const WHEELS = ["benchfirst", "benchsecond", "benchthird"];
const WITH_WHEELS = `# /// script\n# dependencies = ${JSON.stringify(WHEELS)}\n# ///\nimport ${WHEELS.join(", ")}\n`;
const MAX_INSTALLATIONS = 12;

/** A run whose package is already installed, compared with a run without packages; a first installation, compared with the tool's own. */
export const dependencies: Part = {
  name: "dependencies",
  about: "a run with an installed package and one that installs, compared with others",
  async *measure(bench) {
    const { harness, sizes, progress } = bench;
    const runner = await harness.startRunner();
    const connection = await runner.connect();
    progress("a run with a package");
    const problem = await installProblem(connection);
    if (problem === undefined) {
      const times = await interleave({
        ours: async () => (await connection.run(WITH)).ms,
        without: async () => (await connection.run(WITHOUT)).ms,
      }, sizes);
      yield toRow({
        part: "dependencies", what: "node, with a package that is installed", unit: "ms",
        ours: times.ours, baseline: { name: "without", samples: times.without }, kind: "difference",
      });
    } else {
      progress(`dependencies: skipped, the package cannot be installed (packages are off, or the registry is unreachable): ${problem}`);
    }
    await runner.stop();
    yield* firstPythonSet(bench);
  },
};

/** The whole run of a script whose three packages are not there yet, compared with pip alone. They come from a local folder. */
async function* firstPythonSet({ harness, interpreters, sizes, progress }: BenchContext): AsyncGenerator<Row> {
  const python = interpreters.find(({ name }) => name === "python")?.file;
  if (python === undefined) return progress("dependencies: no first set for Python, which is not there");
  progress("a first set of Python packages");
  const wheels = join(harness.directory, "wheels");
  await mkdir(wheels);
  await endOf(harness, python, ["-c", MAKE_WHEELS, wheels]);
  const runner = await harness.startRunner({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels });
  const connection = await runner.connect();
  let installations = 0;
  const pip = ["-m", "pip", "install", "-qq", "--no-index", "--find-links", wheels, "--target"];
  const times = await interleave({
    ours: async () => (await connection.run({ language: "python", id: `bench-first-${installations++}`, code: WITH_WHEELS })).ms,
    pip: () => timed(() => endOf(harness, python, [...pip, join(harness.directory, `target-${installations++}`), ...WHEELS])),
  }, { ...sizes, rounds: Math.min(sizes.rounds, MAX_INSTALLATIONS) });
  yield toRow({
    part: "dependencies", what: "python, a first set of three packages", unit: "ms",
    ours: times.ours, baseline: { name: "pip install --target", samples: times.pip }, kind: "ratio", target: FIRST_PYTHON_SET,
  });
  await runner.stop();
}

/** Installs the package by a first run; resolves with the reason when that fails. */
async function installProblem(connection: Connection): Promise<string | undefined> {
  try {
    await connection.run(WITH);
    return undefined;
  } catch (error) {
    return /"errorCode":"\w+"|Cannot find \w+ '[^']+'/.exec((error as Error).message)?.[0] ?? "no reason given";
  }
}
