// Loaded before everything else: on a version of Node that is too old, it says so and ends the process before any newer feature is used.
// That is why it imports nothing, compares versions by itself, and keeps to syntax that old versions read.

/** The oldest version of Node that the runner supports; package.json names the same. */
export const NODE_FLOOR = "20.11.0";

/** A sentence about a version below the floor, or undefined. */
export function floorProblem(version: string): string | undefined {
  const have = version.split(".").map(Number);
  const want = NODE_FLOOR.split(".").map(Number);
  const first = want.findIndex((part, index) => have[index] !== part);
  if (first < 0 || Number(have[first]) > Number(want[first])) return undefined;
  return `The Automn runner needs Node.js ${NODE_FLOOR} or newer, this is ${version}.`;
}

const problem = floorProblem(process.versions.node);
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
