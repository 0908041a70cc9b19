// The languages that the runner knows. Adding one is adding a folder and a line here: docs/adding-a-language.md.
import type { Language } from "./language.ts";
import { node } from "./node/node.ts";
import { powershell } from "./powershell/powershell.ts";
import { python } from "./python/python.ts";
import { shell } from "./shell/shell.ts";

/** Every language, in the order in which messages and the operator page list them. */
export const LANGUAGES: readonly Language[] = [node, python, powershell, shell];
