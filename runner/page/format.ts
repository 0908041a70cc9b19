// Times, durations and counts as a person reads them.

import { html, type Html } from "./html.ts";
import type { Maybe } from "./view.ts";

const units = [
  { name: "day", seconds: 86_400, from: 172_800 },
  { name: "hour", seconds: 3_600, from: 3_600 },
  { name: "minute", seconds: 60, from: 60 },
  { name: "second", seconds: 1, from: 0 },
];

/** A count with its noun, e.g. `1 run`, `1,204 runs`. */
export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString("en")} ${noun}${amount === 1 ? "" : "s"}`;
}

/** A span of seconds in its largest unit, e.g. `3 days`. The page's script says the same in the browser. */
export function span(seconds: number): string {
  const unit = units.find(({ from }) => seconds >= from);
  return unit ? count(Math.floor(seconds / unit.seconds), unit.name) : "0 seconds";
}

/** A span of seconds in its two largest units, e.g. `3 days 4 hours`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const index = units.findIndex((unit) => whole >= unit.seconds);
  const [large, small] = [units[index], units[index + 1]];
  if (!large) return "0 seconds";
  const rest = small ? Math.floor((whole % large.seconds) / small.seconds) : 0;
  const first = count(Math.floor(whole / large.seconds), large.name);
  return small && rest > 0 ? `${first} ${count(rest, small.name)}` : first;
}

const sizes = ["KiB", "MiB", "GiB", "TiB"];

/** An amount of bytes in its largest unit, e.g. `0 bytes`, `1.4 KiB`, `312 MiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return count(bytes, "byte");
  let [amount, unit] = [bytes / 1024, 0];
  while (Math.round(amount) >= 1024 && unit < sizes.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${amount.toLocaleString("en", { maximumFractionDigits: amount < 10 ? 1 : 0 })} ${sizes[unit]}`;
}

/** How far `time` lies from `now`, e.g. `12 seconds ago`, `in 2 minutes`. */
export function distance(time: Date, now: Date): string {
  const seconds = Math.round((time.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) < 3) return seconds > 0 ? "in a moment" : "just now";
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
}

/** Reads an ISO 8601 time; null for anything else, also for the many texts that `Date` takes for a time. */
export function timeOf(text: Maybe<string>): Date | null {
  const time = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text ?? "") ? (text ?? "") : "");
  return Number.isNaN(time.getTime()) ? null : time;
}

/** A time to the second in UTC, e.g. `2025-11-23 00:51:07 UTC`; what is no time is shown as it came. */
export function exact(text: string): string {
  const time = timeOf(text);
  return time ? `${time.toISOString().slice(0, 19).replace("T", " ")} UTC` : text;
}

/** A time as its distance, kept fresh by the page's script; what is no time is shown as it came. */
export function ago(text: Maybe<string>, now: string): Html | string {
  const [time, base] = [timeOf(text), timeOf(now)];
  if (!time || !base) return text ?? "never";
  return html`<time datetime="${time.toISOString()}" data-distance>${distance(time, base)}</time>`;
}

/** A time as its distance, with the time itself below it. */
export function moment(text: Maybe<string>, now: string): Html | string {
  if (!text || !timeOf(text)) return text ?? "never";
  return html`${ago(text, now)} <span class="aside">${exact(text)}</span>`;
}

/** A text without the user names and passwords of the URLs in it. */
export function withoutPasswords(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\\?#\s]*@/gi, "$1");
}

/** A URL to show: a link if it is http or https, else text. */
export function link(text: string): Html {
  const shown = withoutPasswords(text.trim());
  const url = URL.canParse(shown) ? new URL(shown) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return html`${shown}`;
  return html`<a href="${url.href}" rel="noopener noreferrer">${shown}</a>`;
}
