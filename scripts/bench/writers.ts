// Scripts that print large logs, each in a way that is demanding for the reader.

/** A kind of output. */
export interface Writer {
  readonly what: string;
  /** Which target of `LOG_RATE` applies. */
  readonly kind: "console.log" | "blocks";
  /** A Node script that prints so many bytes. */
  code(bytes: number): string;
}

const SHORT = 80;
const LONG = 10_000;
const BLOCK = 64 * 1024;

/** All kinds. */
export const WRITERS: readonly Writer[] = [
  { what: "console.log, lines of 80 bytes", kind: "console.log", code: byConsole },
  { what: "64 KiB blocks, lines of 80 bytes", kind: "blocks", code: (bytes) => byBlocks(bytes, SHORT) },
  { what: "64 KiB blocks, lines of 10,000 bytes", kind: "blocks", code: (bytes) => byBlocks(bytes, LONG) },
  { what: "64 KiB blocks, one line", kind: "blocks", code: (bytes) => byBlocks(bytes, Infinity) },
];

const TEXT = "step 41/97 copied report-2024-03.csv (2.1 MB) to archive in 0.83 s, checksum ok; ";

function byConsole(bytes: number): string {
  // Without waiting for "drain", the process would buffer the whole log in its own memory.
  return `const line = ${JSON.stringify(textOf(SHORT - 1))};
(async () => {
  for (let n = 0; n < ${Math.round(bytes / SHORT)}; n++) {
    console.log(line);
    if (process.stdout.writableNeedDrain) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
})();
`;
}

function byBlocks(bytes: number, lineBytes: number): string {
  return `const { writeSync } = require("node:fs");
const text = ${JSON.stringify(TEXT)};
const line = ${lineBytes} === Infinity ? "" : text.repeat(Math.ceil(${lineBytes} / text.length)).slice(0, ${lineBytes} - 1) + "\\n";
const block = Buffer.from((line || text).repeat(Math.ceil(${BLOCK} / (line || text).length)).slice(0, ${BLOCK}));
for (let left = ${bytes}; left > 0; left -= block.length) {
  for (let sent = 0; sent < block.length;) {
    try {
      sent += writeSync(1, block, sent);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
`;
}

function textOf(length: number): string {
  return TEXT.repeat(Math.ceil(length / TEXT.length)).slice(0, length);
}
