// Text from outside, made safe to show.

/**
 * Writes control characters and line separators as escapes (`\n`, `\u001b`), so that text from outside cannot forge a
 * line or control a terminal.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escape);
}

function escape(unit: string): string {
  return unit === "\n" ? "\\n" : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
