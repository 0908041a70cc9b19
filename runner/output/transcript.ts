// All that one run prints, on its way to the host and into the result.
import { createDecoder } from "./decoder.ts";
import { createFindings } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { createKeeper } from "./keeper.ts";
import type { Keeper } from "./keeper.ts";
import { createMarkerReader } from "./marker-reader.ts";

/** What comes in on one stream. */
export interface Feed {
  push(bytes: Buffer): void;
}

/** Takes what a run prints, hands on what is to be shown live and keeps what the result says. */
export interface Transcript {
  readonly stdout: Feed;
  readonly stderr: Feed;
  readonly findings: Findings;
  /** A line of the runner's own, shown live and nowhere else. */
  notice(sentence: string): void;
  /** The end of both streams: what was held back is let go, and a last line without a break is given one. */
  finish(): void;
  /** What the result says was printed; to be read after `finish`. */
  readonly kept: { readonly stdout: Keeper; readonly stderr: Keeper };
}

/** Makes a transcript. `show` gets the text that is to be seen live, `onReturn` is called at the first returned value. */
export function createTranscript(
  { show, onReturn, maxBytes, now }: { show: (text: string) => void; onReturn: () => void; maxBytes: number; now?: () => Date },
): Transcript {
  const findings = createFindings(onReturn, now);
  const kept = { stdout: createKeeper(maxBytes), stderr: createKeeper(maxBytes) };
  const markers = createMarkerReader({ text: (text) => kept.stdout.push(text), marker: findings.take, oversized: findings.takeOversized });
  const decoders = { stdout: createDecoder(), stderr: createDecoder() };
  let atLineStart = true;

  function print(text: string): void {
    if (text === "") return;
    atLineStart = text.endsWith("\n");
    show(text);
  }
  function takeStdout(text: string): void {
    print(text);
    markers.push(text);
  }
  function takeStderr(text: string): void {
    print(text);
    kept.stderr.push(text);
  }

  return {
    stdout: { push: (bytes) => takeStdout(decoders.stdout.push(bytes)) },
    stderr: { push: (bytes) => takeStderr(decoders.stderr.push(bytes)) },
    findings,
    kept,
    notice: (sentence) => print(`${atLineStart ? "" : "\n"}[runner] ${sentence}\n`),
    finish() {
      takeStdout(decoders.stdout.flush());
      markers.flush();
      takeStderr(decoders.stderr.flush());
      if (!atLineStart) print("\n");
    },
  };
}
