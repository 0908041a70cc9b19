// Standard streams by Node's own pipes, where the system has no named pipes in folders.
import { close, open as openCallback } from "node:fs";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { OutputPipe, StdioFactory } from "./stdio.ts";

const open = promisify(openCallback);

/** Makes plumbing out of Node's own pipes. */
export function createWindowsStdioFactory(): StdioFactory {
  return {
    async make(inputFile) {
      let input: number | undefined = await open(inputFile, "r");
      const stdout = lateOutputPipe();
      const stderr = lateOutputPipe();
      const handOver = () => {
        if (input !== undefined) close(input, () => {});
        input = undefined;
      };
      return {
        stdio: [input, "pipe", "pipe"], stdout, stderr,
        connect(child) {
          handOver();
          if (child.stdout !== null) stdout.attach(child.stdout);
          if (child.stderr !== null) stderr.attach(child.stderr);
        },
        close() {
          handOver();
          stdout.close();
          stderr.close();
        },
      };
    },
    close: () => Promise.resolve(),
  };
}

/** An outlet whose stream is there once the process is. */
function lateOutputPipe(): OutputPipe & { attach(stream: Readable): void } {
  let stream: Readable | undefined;
  return {
    attach(readable) {
      stream = readable;
      stream.on("error", () => stream?.destroy());
    },
    read(onChunk, onEnd) {
      if (stream === undefined) return onEnd();
      stream.on("data", onChunk);
      stream.once("close", onEnd);
      return undefined;
    },
    pause: () => void stream?.pause(),
    resume: () => void stream?.resume(),
    close: () => void stream?.destroy(),
  };
}
