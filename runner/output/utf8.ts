// Where characters begin and end in the bytes of UTF-8.

/** Whether a byte goes on with a character that began before it; none does not. */
export function continuesCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
