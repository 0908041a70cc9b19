// Making text safe to show.

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Escapes control characters and line separators as `\uXXXX`, so that text from outside can neither forge a line nor steer a terminal. */
export function visibleControls(text: string): string {
  return text.replace(CONTROLS, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
