// Scripts that print a lot, in ways that are hard for a reader.

/** A way to print. */
export interface Writer {
  readonly what: string;
  /** Which of the wanted rates it is held against. */
  readonly mark: "console.log" | "blocks";
  /** The script that prints so many bytes. */
  code(bytes: number): string;
}

const SHORT = 80;
const LONG = 10_000;
const BLOCK = 64 * 1024;

/** Every way. */
export const WRITERS: readonly Writer[] = [
  { what: "console.log, lines of 80 bytes", mark: "console.log", code: byConsole },
  { what: "64 KiB blocks, lines of 80 bytes", mark: "blocks", code: (bytes) => byBlocks(bytes, SHORT) },
  { what: "64 KiB blocks, lines of 10,000 bytes", mark: "blocks", code: (bytes) => byBlocks(bytes, LONG) },
  { what: "64 KiB blocks, one line", mark: "blocks", code: (bytes) => byBlocks(bytes, Infinity) },
];

const WORDS = "step 41/97 copied report-2024-03.csv (2.1 MB) to archive in 0.83 s, checksum ok; ";

function byConsole(bytes: number): string {
  // Without waiting a Node process of its own would keep all of it in its memory.
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
const words = ${JSON.stringify(WORDS)};
const line = ${lineBytes} === Infinity ? "" : words.repeat(Math.ceil(${lineBytes} / words.length)).slice(0, ${lineBytes} - 1) + "\\n";
const block = Buffer.from((line || words).repeat(Math.ceil(${BLOCK} / (line || words).length)).slice(0, ${BLOCK}));
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
  return WORDS.repeat(Math.ceil(length / WORDS.length)).slice(0, length);
}
