// The packages of Node.js scripts: npm's.
import { isBuiltin } from "node:module";
import { type NameCheck, type PackageManager, type PackageManagerSettings, runtimeKey } from "../package-manager.ts";
import { nodeNeeds } from "./imports.ts";
import { createNpm } from "./npm.ts";
import { npmNameProblem } from "./npm-name.ts";
import { NODE_MODULES, npmVersionIn } from "./npm-version.ts";
import { satisfies } from "./semver.ts";

/** npm as the package manager of Node.js scripts. */
export function nodePackages({ npmPath, npmIgnoreScripts }: PackageManagerSettings): PackageManager {
  return {
    installer: createNpm({ path: npmPath, ignoreScripts: npmIgnoreScripts }),
    folder: NODE_MODULES,
    codeBesidePackages: true, // Node looks for `node_modules` upward from the file that asks
    read: (code) => nodeNeeds(code),
    runtime: ({ version }) => runtimeKey("node", version, 1), // a major version has one ABI for native addons
    satisfies,
    spelled: ({ name, version }) => (version === undefined ? name : `${name}@${version}`),
    pinned: (requirement, version) => ({ ...requirement, version }),
    isIntact,
    checkName,
  };
}

async function isIntact(directory: string, resolved: Readonly<Record<string, string>>): Promise<boolean> {
  const isThere = async ([name, version]: [string, string]) => (await npmVersionIn(directory, name)) === version;
  return (await Promise.all(Object.entries(resolved).map(isThere))).every(Boolean);
}

function checkName(name: string): NameCheck {
  if (isBuiltin(name)) return { builtin: "part of Node.js" };
  const problem = npmNameProblem(name);
  return problem === undefined ? {} : { problem };
}
