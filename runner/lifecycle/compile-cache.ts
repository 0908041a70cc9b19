// Keeps compiled code from one start to the next (Node 22.8 and later).
import * as nodeModule from "node:module";

/** Missing in the types of Node 20: https://nodejs.org/api/module.html#moduleenablecompilecachecachedir */
const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (directory: string) => unknown };

/**
 * Has Node store the modules that it compiles from now on in a directory, where it can. The variables NODE_COMPILE_CACHE and
 * NODE_DISABLE_COMPILE_CACHE take precedence.
 */
export function cacheCompiledCode(directory: string): void {
  enableCompileCache?.(directory);
}
