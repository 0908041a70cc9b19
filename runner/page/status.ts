// The runner's status towards its host, decided in one place: headline, title and colour follow from it.

import { html, type Html } from "./html.ts";
import type { PageView } from "./view.ts";
import { ago, count, link, span } from "./format.ts";

/** The colour of a status; each also has its own icon and text. */
export type Tone = "good" | "wait" | "todo" | "bad";

/** The runner's status: one of a closed set, with its texts. */
export interface PageStatus {
  readonly kind: "draining" | "settings" | "secret" | "waiting" | "refused" | "failing" | "silent" | "ready";
  readonly tone: Tone;
  /** Short, for the window's title. */
  readonly title: string;
  readonly headline: string;
  readonly lead: Html;
}

/** The host sends no jobs to a runner that has been silent for this long. */
const MAX_SILENCE_MS = 120_000;

/** Decides the status; what has to be done first comes first. */
export function statusOf(view: PageView): PageStatus {
  const { runner, heartbeat } = view;
  if (view.draining) return draining(view);
  if (view.missing.length > 0) return settings(view);
  if (!runner.secretConfigured) return secret;
  if (!runner.registeredAt) return runner.lastRegistrationError ? refused(view) : waiting(view);
  const silentForMs = Date.parse(view.now) - Date.parse(runner.registeredAt);
  if (silentForMs > MAX_SILENCE_MS) return silent(view, silentForMs);
  return heartbeat.failuresInARow > 0 || runner.lastRegistrationError ? failing(view) : ready(view);
}

const draining = ({ runs }: PageView): PageStatus => ({
  kind: "draining",
  tone: "wait",
  title: "Shutting down",
  headline: "Shutting down: no new jobs",
  lead:
    runs.active === 0
      ? html`No run is active, so the runner is about to end.`
      : html`The runner ends when ${count(runs.active, "active run")} ${runs.active === 1 ? "has" : "have"} ended; one that
    takes too long is ended.`,
});

const settings = (view: PageView): PageStatus => ({
  kind: "settings",
  tone: "todo",
  title: "Settings missing",
  headline: "This runner cannot register yet",
  lead: html`It has to know more first. ${
    view.missing.length === 1 ? "The setting that is missing is" : "The settings that are missing are"
  } below.`,
});

const secret: PageStatus = {
  kind: "secret",
  tone: "todo",
  title: "Needs its secret",
  headline: "Connect this runner to Automn",
  lead: html`It is up and running, and needs its secret before it can take on work.`,
};

const waiting = (view: PageView): PageStatus => ({
  kind: "waiting",
  tone: "wait",
  title: "Registering",
  headline: "Waiting for the host",
  lead: html`This runner has its secret and is asking ${host(view, "the host")} to accept it.`,
});

const refused = (view: PageView): PageStatus => ({
  kind: "refused",
  tone: "bad",
  title: "Not registered",
  headline: "The host has not accepted this runner",
  lead: html`The runner keeps asking ${host(view, "the host")}. Why it was not accepted so far is below.`,
});

const failing = (view: PageView): PageStatus => ({
  kind: "failing",
  tone: "bad",
  title: "Heartbeat failing",
  headline: "The host did not take the last heartbeat",
  lead: html`${host(view)} last answered ${ago(view.runner.registeredAt, view.now)}. The runner keeps trying; after two
    minutes of silence the host sends it no more jobs.`,
});

const silent = (view: PageView, silentForMs: number): PageStatus => ({
  kind: "silent",
  tone: "bad",
  title: "Gets no jobs",
  headline: "Out of touch with the host",
  lead: html`${host(view)} has not accepted a heartbeat for ${span(silentForMs / 1000)}, and sends no jobs to a runner that is
    silent for more than two minutes. ${
      view.heartbeat.intervalMs > 0
        ? "The runner keeps trying."
        : html`Heartbeats are switched off: <code>AUTOMN_RUNNER_HEARTBEAT_MS</code> is 0.`
    }`,
});

const ready = (view: PageView): PageStatus => ({
  kind: "ready",
  tone: "good",
  title: "Registered",
  headline: "Ready for work",
  lead: html`${host(view)} sends its jobs to this runner. It last answered ${ago(view.runner.registeredAt, view.now)}.`,
});

function host(view: PageView, unnamed = "The host"): Html {
  return view.runner.hostUrl ? link(view.runner.hostUrl) : html`${unnamed}`;
}
