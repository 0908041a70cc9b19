// Text as the runner gets it: bytes, in memory that is used again at once.

/** The bytes of a text. */
export const bytes = (text: string): Buffer => Buffer.from(text);

/** Lends content as the runner's readers do, which have one buffer for all: behind the call something else stands there. */
export function lend<T extends string | void>(content: string | Uint8Array, use: (chunk: Buffer) => T): T {
  const chunk = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
  const outcome = use(chunk);
  for (let at = 0; at < chunk.length; at += 1) chunk[at] = ~(chunk[at] as number);
  return outcome;
}
