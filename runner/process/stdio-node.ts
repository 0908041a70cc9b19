// Standard streams by Node's own pipes. Scripts cannot open them by name: they are sockets, on which /dev/stdout answers ENXIO.
import type { ChildProcess } from "node:child_process";
import { close, open as openCallback } from "node:fs";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { OutputPipe, Stdio, StdioFactory } from "./standard-streams.ts";

const open = promisify(openCallback);

/** Makes standard streams of Node's own pipes, which `spawn` opens. */
export class NodeStdioFactory implements StdioFactory {
  readonly problem = undefined;

  async prepare(): Promise<void> {}

  async make(inputFile: string): Promise<Stdio> {
    let input: number | undefined = await open(inputFile, "r");
    const stdout = new LateOutputPipe();
    const stderr = new LateOutputPipe();
    const closeInput = () => {
      if (input !== undefined) close(input, () => {});
      input = undefined;
    };
    return {
      stdio: [input, "pipe", "pipe"], stdout, stderr,
      connect(child: ChildProcess) {
        closeInput();
        if (child.stdout !== null) stdout.attach(child.stdout);
        if (child.stderr !== null) stderr.attach(child.stderr);
      },
      close() {
        closeInput();
        stdout.close();
        stderr.close();
      },
    };
  }

  async close(): Promise<void> {}
}

/** An output whose stream is there once the process is. */
class LateOutputPipe implements OutputPipe {
  #stream: Readable | undefined;

  attach(stream: Readable): void {
    this.#stream = stream;
    stream.on("error", () => stream.destroy());
  }

  read(onChunk: (bytes: Buffer) => void, onEnd: () => void): void {
    if (this.#stream === undefined) return onEnd();
    this.#stream.on("data", onChunk);
    this.#stream.once("close", onEnd);
    return undefined;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  close(): void {
    this.#stream?.destroy();
  }
}
