// The first thing that the service loads: a Node that is too old is told so before it meets anything it does not know.
// That is why this file imports nothing, compares versions by itself, and keeps to syntax that old versions read.

/** The oldest Node that the runner works with; package.json says the same. */
export const NODE_FLOOR = "20.11.0";

/** The sentence for a Node below the floor, or nothing. */
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
