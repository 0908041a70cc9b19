// All that one run prints, on its way to the host and into the result. Text is the bytes of well-formed UTF-8 here.
import { createDecoder } from "./decoder.ts";
import { MARKER_STEM } from "../protocol/markers.ts";
import { createStructuredOutput } from "./structured-output.ts";
import type { StructuredOutput } from "./structured-output.ts";
import { createHeadTailBuffer } from "./head-tail-buffer.ts";
import type { HeadTailBuffer } from "./head-tail-buffer.ts";
import { createMarkerReader } from "./marker-reader.ts";
import type { Redaction } from "../redaction/redactor.ts";
import { escapeControls } from "../lib/text.ts";

/** What comes in on one stream. */
export interface Feed {
  /** Takes what was read; its memory may be used again once the call returns. */
  push(chunk: Buffer): void;
}

/** One number or text for each of the two streams. */
export interface PerStream<T> {
  readonly stdout: T;
  readonly stderr: T;
}

/** Takes what a run prints, hands on what is to be shown live and keeps what the result says; secrets are hidden in both. */
export interface OutputPipeline extends PerStream<Feed> {
  readonly structured: StructuredOutput;
  /** What the runner itself has to say, each line as `[runner] …`, shown live and nowhere else. */
  notice(sentence: string): void;
  /** A line of somebody else's, e.g. `[npm] …`, shown in the same way. */
  remark(line: string): void;
  /** The end of both streams: what was held back is let go, and a last line without a break is given one. */
  finish(): void;
  /** What the result says was printed; to be read after `finish`. */
  readonly kept: PerStream<HeadTailBuffer>;
  /** Bytes that came in so far. */
  readonly bytes: PerStream<number>;
}

/** What a transcript needs. */
export interface OutputPipelineOptions {
  /** Gets the text that is to be seen live, whole characters; it is used up when the call returns. */
  readonly show: (text: Buffer) => void;
  /** Called at the first returned value. */
  readonly onReturn: () => void;
  /** How much of either stream is kept, in bytes. */
  readonly maxBytes: number;
  readonly redaction: Redaction;
  readonly now?: () => Date;
}

const LINE_BREAK = Buffer.from("\n");
const MARKER = Buffer.from(MARKER_STEM);

/**
 * Makes a transcript. Markers are read from what the script printed, before anything is hidden in it, since a returned
 * value stays as it is; so standard output passes two replacers, one for the live text and one for what is kept.
 */
export function createOutputPipeline({ show, onReturn, maxBytes, redaction, now }: OutputPipelineOptions): OutputPipeline {
  const structured = createStructuredOutput(onReturn, redaction, now);
  const kept = { stdout: createHeadTailBuffer(maxBytes), stderr: createHeadTailBuffer(maxBytes) };
  const bytes = { stdout: 0, stderr: 0 };
  const decoders = { stdout: createDecoder(), stderr: createDecoder() };
  const live = { stdout: redaction.stream(), stderr: redaction.stream() };
  const plain = redaction.stream();
  const markers = createMarkerReader({ text: keepStdout, marker: structured.take, oversized: structured.takeOversized });
  let lineIsOpenBy: keyof PerStream<unknown> | undefined;
  /** A chunk of standard output and what is shown of it, where neither depends on its neighbours. */
  let alone: { readonly text: Buffer; readonly shown: Buffer } | undefined;

  function print(text: Buffer, stream: keyof PerStream<unknown>): void {
    if (text.length === 0) return;
    lineIsOpenBy = text[text.length - 1] === LINE_BREAK[0] ? undefined : stream;
    show(text);
  }
  function endLine(): void {
    if (lineIsOpenBy !== undefined) print(LINE_BREAK, lineIsOpenBy);
  }
  function remark(line: string): void {
    endLine();
    print(Buffer.from(`${escapeControls(redaction.text(line))}\n`), "stderr");
  }
  /** A chunk without a marker is kept as it is shown, and not searched twice. */
  function keepStdout(text: Buffer): void {
    kept.stdout.push(text === alone?.text && !plain.holds ? alone.shown : plain.push(text));
  }
  function takeStdout(text: Buffer): void {
    const begins = !live.stdout.holds;
    const shown = live.stdout.push(text);
    if (lineIsOpenBy === "stderr" && startsWith(shown, MARKER)) print(LINE_BREAK, "stdout"); // a marker counts for the browser only at the start of a line
    print(shown, "stdout");
    alone = begins && !live.stdout.holds ? { text, shown } : undefined;
    markers.push(text);
  }
  function takeStderr(text: Buffer): void {
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
    structured,
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

function startsWith(text: Buffer, start: Buffer): boolean {
  return text.subarray(0, start.length).equals(start);
}
