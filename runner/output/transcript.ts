// All that one run prints, on its way to the host and into the result.
import { createDecoder } from "./decoder.ts";
import { MARKER_STEM } from "../contract/markers.ts";
import { createFindings } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { createKeeper } from "./keeper.ts";
import type { Keeper } from "./keeper.ts";
import { createMarkerReader } from "./marker-reader.ts";
import type { Redaction } from "./redactor.ts";

/** What comes in on one stream. */
export interface Feed {
  push(bytes: Buffer): void;
}

/** One number or text for each of the two streams. */
export interface PerStream<T> {
  readonly stdout: T;
  readonly stderr: T;
}

/** Takes what a run prints, hands on what is to be shown live and keeps what the result says; secrets are hidden in both. */
export interface Transcript extends PerStream<Feed> {
  readonly findings: Findings;
  /** What the runner itself has to say, each line as `[runner] …`, shown live and nowhere else. */
  notice(sentence: string): void;
  /** A line of somebody else's, e.g. `[npm] …`, shown in the same way. */
  remark(line: string): void;
  /** The end of both streams: what was held back is let go, and a last line without a break is given one. */
  finish(): void;
  /** What the result says was printed; to be read after `finish`. */
  readonly kept: PerStream<Keeper>;
  /** Bytes that came in so far. */
  readonly bytes: PerStream<number>;
}

/** What a transcript needs. */
export interface TranscriptOptions {
  /** Gets the text that is to be seen live. */
  readonly show: (text: string) => void;
  /** Called at the first returned value. */
  readonly onReturn: () => void;
  /** How much of either stream is kept, in bytes. */
  readonly maxBytes: number;
  readonly redaction: Redaction;
  readonly now?: () => Date;
}

/**
 * Makes a transcript. Markers are read from what the script printed, before anything is hidden in it, since a returned
 * value stays as it is; so standard output passes two replacers, one for the live text and one for what is kept.
 */
export function createTranscript({ show, onReturn, maxBytes, redaction, now }: TranscriptOptions): Transcript {
  const findings = createFindings(onReturn, redaction, now);
  const kept = { stdout: createKeeper(maxBytes), stderr: createKeeper(maxBytes) };
  const bytes = { stdout: 0, stderr: 0 };
  const decoders = { stdout: createDecoder(), stderr: createDecoder() };
  const live = { stdout: redaction.stream(), stderr: redaction.stream() };
  const plain = redaction.stream();
  const markers = createMarkerReader({ text: (text) => kept.stdout.push(plain.push(text)), marker: findings.take, oversized: findings.takeOversized });
  let lineIsOpenBy: keyof PerStream<unknown> | undefined;

  function print(text: string, stream: keyof PerStream<unknown>): void {
    if (text === "") return;
    lineIsOpenBy = text.endsWith("\n") ? undefined : stream;
    show(text);
  }
  function endLine(): void {
    if (lineIsOpenBy !== undefined) print("\n", lineIsOpenBy);
  }
  function remark(line: string): void {
    endLine();
    print(`${oneLine(redaction.text(line))}\n`, "stderr");
  }
  function takeStdout(text: string): void {
    const shown = live.stdout.push(text);
    if (lineIsOpenBy === "stderr" && shown.startsWith(MARKER_STEM)) print("\n", "stdout"); // a marker counts for the browser only at the start of a line
    print(shown, "stdout");
    markers.push(text);
  }
  function takeStderr(text: string): void {
    const shown = live.stderr.push(text);
    print(shown, "stderr");
    kept.stderr.push(shown);
  }

  return {
    stdout: {
      push(chunk) {
        bytes.stdout += chunk.length;
        takeStdout(decoders.stdout.push(chunk));
      },
    },
    stderr: {
      push(chunk) {
        bytes.stderr += chunk.length;
        takeStderr(decoders.stderr.push(chunk));
      },
    },
    findings,
    kept,
    bytes,
    notice: (sentence) => sentence.split(/\r?\n/).forEach((line) => remark(`[runner] ${line}`)),
    remark,
    finish() {
      takeStdout(decoders.stdout.flush());
      markers.flush();
      print(live.stdout.flush(), "stdout");
      kept.stdout.push(plain.flush());
      takeStderr(decoders.stderr.flush());
      const rest = live.stderr.flush();
      print(rest, "stderr");
      kept.stderr.push(rest);
      endLine();
    },
  };
}

/** Line breaks and other control characters made visible, so that nothing in a notice passes for a line of its own. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
