// The package.json above the files of scripts.

/** Without one of its own, a script's `.js` file would have the module type of this program, in whose folder it may lie. */
export const MODULE_MANIFEST = "{\"private\":true}\n";
