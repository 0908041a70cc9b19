// Readers turn the text of a variable into its value, or say what was wanted instead.
import { resolve } from "node:path";
import { describe } from "../lib/failure.ts";

/** Reads a text that is trimmed and not blank; undefined counts as not set. Throws an `Error` that says what was wanted and found. */
export type Reader<T> = (text: string) => T;

/** The longest delay of a timer, in milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Any text. */
export const text: Reader<string> = (value) => value;

/** The path of a file, as it was written; a program may also be a name to look for on the PATH. */
export const file = unquoted(text);

/** A directory, as an absolute path. */
export const directory = unquoted((value) => resolve(value));

/** An absolute http or https URL without credentials and fragment. */
export const httpUrl = unquoted(parseHttpUrl);

/** A URL to which paths are appended, so one without a query. */
export const baseUrl = unquoted((value) => {
  if (new URL(parseHttpUrl(value)).search !== "") throw new Error(`wanted a URL without a query, found ${describe(value)}`);
  return value;
});

function parseHttpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:/i.test(value)) throw new Error(`wanted an absolute http or https URL, found ${describe(value)}`);
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") throw new Error("wanted a URL without a user name or password in it, found one with");
  if (url.hash !== "") throw new Error(`wanted a URL without a fragment, found ${describe(value)}`);
  return value;
}

/** A whole number from `min` to `max`; `words` are the other values that a caller takes, for the message. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER, ...words: readonly string[]): Reader<number> {
  const wanted = [max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `${min} to ${max}`, ...words].join(" or ");
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new Error(`wanted ${wanted}, found ${describe(value)}`);
    return number;
  };
}

/** A whole number up to `max` that limits something; `0` and `unlimited` set no limit. */
export function limit(max?: number): Reader<number | undefined> {
  const read = whole(0, max, "unlimited");
  return (value) => (value.toLowerCase() === "unlimited" ? undefined : read(value) || undefined);
}

/** Milliseconds, or `off`. */
export function millisecondsOrOff(value: string): number | "off" {
  return value.toLowerCase() === "off" ? "off" : whole(0, MAX_TIMER_MS, "off")(value);
}

/** A port. Kubernetes sets the variable to `tcp://ADDRESS:PORT` where a service has the runner's name; that counts as not set. */
export function port(value: string): number | undefined {
  return value.startsWith("tcp://") ? undefined : whole(0, 65_535)(value);
}

/** One of the words, in any case. */
export function oneOf<const T extends readonly string[]>(words: T): Reader<T[number]> {
  return (value) => {
    const word = words.find((candidate) => candidate === value.toLowerCase());
    if (word === undefined) throw new Error(`wanted ${words.join(", ")}, found ${describe(value)}`);
    return word;
  };
}

/** `1` or `0`. */
export function flag(value: string): boolean {
  return oneOf(["0", "1"])(value) === "1";
}

/** A secret that can travel in a header, trimmed. The message of its error never shows it. */
export function secretText(value: string): string {
  const secret = value.trim();
  if (!/^[\x20-\x7e]*$/.test(secret)) throw new Error("wanted printable ASCII only, found other characters");
  if (secret.length < 12) throw new Error(`wanted at least 12 characters, found ${secret.length}`);
  return secret;
}

/** Drops the quotes that an environment file leaves around a path or a URL. Nothing in quotes counts as not set. */
export function unquoted<T>(read: Reader<T>): Reader<T | undefined> {
  return (value) => {
    const inner = (/^(["'])(.*)\1$/s.exec(value)?.[2] ?? value).trim();
    return inner === "" ? undefined : read(inner);
  };
}
