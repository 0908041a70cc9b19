// What Node has compiled once, it reads at the next start (Node 22.8 and newer).
import * as nodeModule from "node:module";

/** Node 20's types do not know it: https://nodejs.org/api/module.html#moduleenablecompilecachecachedir */
const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (directory: string) => unknown };

/** Has Node keep what it compiles from here on in a directory, where it can; NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE are heeded. */
export function keepCompiled(directory: string): void {
  enableCompileCache?.(directory);
}
