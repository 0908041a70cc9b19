// Everything that one run prints, on its way to the host and into the result. Text is well-formed UTF-8 in bytes here.
import { escapeControls } from "../lib/text.ts";
import { MARKER_STEM } from "../protocol/markers.ts";
import type { Redaction, RedactedStream } from "../redaction/redactor.ts";
import { createDecoder } from "./decoder.ts";
import { HeadTailBuffer } from "./head-tail-buffer.ts";
import { MarkerReader } from "./marker-reader.ts";
import type { TextSegment } from "./marker-reader.ts";
import { StructuredOutput } from "./structured-output.ts";

/** The input of one stream. */
export interface OutputInput {
  /** Takes what was read; the chunk's memory may be reused once the call returns. */
  push(chunk: Buffer): void;
}

/** One value for each of the two streams. */
export interface PerStream<T> {
  readonly stdout: T;
  readonly stderr: T;
}

/** What a pipeline needs. */
export interface OutputPipelineOptions {
  /** Shows text live: whole characters, valid until the call returns. */
  readonly show: (text: Buffer) => void;
  /** Called at the first returned value. */
  readonly onReturn: () => void;
  /** The most bytes of either stream that the result carries. */
  readonly maxBytes: number;
  readonly redaction: Redaction;
  /** Dates log entries and notifications. */
  readonly now?: () => Date;
}

type StreamName = keyof PerStream<unknown>;

const LINE_BREAK = Buffer.from("\n");
const MARKER = Buffer.from(MARKER_STEM);

/**
 * Shows what a run prints and keeps what its result says; secrets are hidden in both.
 *
 * Markers are read before secrets are hidden, since a returned value stays as it is. Standard output therefore passes
 * two redactors: one for the live text, markers included, and one for the kept text, which has none.
 */
export class OutputPipeline implements PerStream<OutputInput> {
  readonly stdout: OutputInput;
  readonly stderr: OutputInput;
  readonly structured: StructuredOutput;
  /** What the result says was printed; to be read after `finish`. */
  readonly kept: PerStream<HeadTailBuffer>;
  readonly #show: (text: Buffer) => void;
  readonly #redaction: Redaction;
  readonly #bytes = { stdout: 0, stderr: 0 };
  readonly #decoders = { stdout: createDecoder(), stderr: createDecoder() };
  readonly #live: PerStream<RedactedStream>;
  readonly #keptStdout: RedactedStream;
  readonly #markers: MarkerReader;
  /** The stream that left the live log's last line open. */
  #openLine: StreamName | undefined;
  /** How the current chunk of standard output was shown, if its redaction depended on no neighbour. */
  #shownAlone: Buffer | undefined;

  constructor({ show, onReturn, maxBytes, redaction, now }: OutputPipelineOptions) {
    this.#show = show;
    this.#redaction = redaction;
    this.#live = { stdout: redaction.stream(), stderr: redaction.stream() };
    this.#keptStdout = redaction.stream();
    this.kept = { stdout: new HeadTailBuffer(maxBytes), stderr: new HeadTailBuffer(maxBytes) };
    this.structured = new StructuredOutput({ onReturn, redaction, now });
    this.#markers = new MarkerReader({
      text: (segment) => this.#keepStdout(segment),
      marker: (kind, payload) => this.structured.take(kind, payload),
      oversized: () => this.structured.takeOversized(),
    });
    this.stdout = { push: (chunk) => this.#takeStdout(this.#decode("stdout", chunk)) };
    this.stderr = { push: (chunk) => this.#takeStderr(this.#decode("stderr", chunk)) };
  }

  /** How many bytes came in so far. */
  get bytes(): PerStream<number> {
    return this.#bytes;
  }

  /** Shows the runner's own message live, each line as `[runner] …`; the result does not carry it. */
  notice(message: string): void {
    for (const line of message.split(/\r?\n/)) this.line(`[runner] ${line}`);
  }

  /** Shows a labelled line, e.g. `[npm] …`, live and on a line of its own; the result does not carry it. */
  line(text: string): void {
    this.#endLine();
    this.#print(Buffer.from(`${escapeControls(this.#redaction.text(text))}\n`), "stderr");
  }

  /** Ends both streams: shows and keeps what was held back, and ends an open last line. */
  finish(): void {
    this.#takeStdout(this.#decoders.stdout.flush());
    this.#markers.flush();
    this.#print(this.#live.stdout.flush(), "stdout");
    this.kept.stdout.push(this.#keptStdout.flush());
    this.#takeStderr(this.#decoders.stderr.flush());
    const rest = this.#live.stderr.flush();
    this.#print(rest, "stderr");
    this.kept.stderr.push(rest);
    this.#endLine();
  }

  #decode(stream: StreamName, chunk: Buffer): Buffer {
    this.#bytes[stream] += chunk.length;
    return this.#decoders[stream].push(chunk);
  }

  #takeStdout(text: Buffer): void {
    const live = this.#live.stdout;
    const startsClean = !live.holds;
    const shown = live.push(text);
    // The browser recognises a marker only at the start of a line.
    if (this.#openLine === "stderr" && startsWith(shown, MARKER)) this.#print(LINE_BREAK, "stdout");
    this.#print(shown, "stdout");
    this.#shownAlone = startsClean && !live.holds ? shown : undefined;
    this.#markers.push(text);
  }

  /** Keeps a chunk without markers as it was shown, so that it is not searched for secrets twice. */
  #keepStdout({ text, isWholeChunk }: TextSegment): void {
    const isShown = isWholeChunk && this.#shownAlone !== undefined && !this.#keptStdout.holds;
    this.kept.stdout.push(isShown ? (this.#shownAlone as Buffer) : this.#keptStdout.push(text));
  }

  #takeStderr(text: Buffer): void {
    const shown = this.#live.stderr.push(text);
    this.#print(shown, "stderr");
    this.kept.stderr.push(shown);
  }

  #print(text: Buffer, stream: StreamName): void {
    if (text.length === 0) return;
    this.#openLine = text[text.length - 1] === LINE_BREAK[0] ? undefined : stream;
    this.#show(text);
  }

  #endLine(): void {
    if (this.#openLine !== undefined) this.#print(LINE_BREAK, this.#openLine);
  }
}

function startsWith(text: Buffer, start: Buffer): boolean {
  return text.subarray(0, start.length).equals(start);
}
