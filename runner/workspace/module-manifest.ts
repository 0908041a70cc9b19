// The package.json above the files of scripts.

/** It names no module type. Without it, a script's `.js` file would have the type of this program, in whose folder it may lie. */
export const MODULE_MANIFEST = "{\"private\":true}\n";
