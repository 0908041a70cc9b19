// Where characters begin and end in UTF-8.

/** Whether a byte continues a character that began before it; false for no byte. */
export function continuesCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
