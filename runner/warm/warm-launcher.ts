// Launching a script in a warm process.
import { coldLauncher } from "../workspace/launcher.ts";
import type { Launcher } from "../workspace/launcher.ts";
import type { WarmProcess } from "./warm-process.ts";

/** What the pool does about a process that it has handed out. */
export interface WarmLauncherDependencies {
  /** Called when the process has the script. */
  readonly onHit: () => void;
  /** Ends a process that was given no script. */
  readonly discard: (warm: WarmProcess) => Promise<void>;
}

/** A launcher that gives the script to a warm process; should that die before it has the script, another is started in its workspace. */
export function warmLauncher(warm: WarmProcess, { onHit, discard }: WarmLauncherDependencies): Launcher {
  const { workspace, mark } = warm;
  let waiting = true;
  return {
    workspace,
    async launch(request, stop) {
      waiting = false;
      const running = await warm.accept(request, stop);
      if (running !== undefined) {
        onHit();
        return running;
      }
      stop.throwIfAborted();
      return coldLauncher(workspace, mark).launch(request, stop);
    },
    close: () => (waiting ? discard(warm) : workspace.close()),
  };
}
