// Text as the runner reads it: bytes in a buffer that is reused for the next read.

/** The bytes of a text. */
export const bytes = (text: string): Buffer => Buffer.from(text);

/** Passes a buffer that is overwritten after the call, as the runner's readers do, which reuse one buffer. */
export function lend<T extends string | void>(content: string | Uint8Array, use: (chunk: Buffer) => T): T {
  const chunk = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
  const outcome = use(chunk);
  for (let at = 0; at < chunk.length; at += 1) chunk[at] = ~(chunk[at] as number);
  return outcome;
}
