// Lets the process end in order although the terminal that it was started on is gone.
import { closeSync } from "node:fs";
import { isatty } from "node:tty";

/** The standard streams that were a terminal when the process started. */
const TERMINALS = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * Closes the standard streams of a terminal that is gone; to be called right before the process ends. At its exit, Node
 * restores the settings of the terminal that it was started on and crashes where the system refuses (`ResetStdio` in
 * src/node.cc), but it skips a stream that is closed.
 */
export function closeLostTerminal(): void {
  for (const fd of TERMINALS.filter((one) => !isatty(one))) closeSync(fd);
}
