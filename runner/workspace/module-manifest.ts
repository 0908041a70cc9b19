// The package.json above the files of scripts.

/** Without one that says nothing of a module type, a script's `.js` file would have the type of this program, in whose folder it may lie. */
export const MODULE_MANIFEST = "{\"private\":true}\n";
