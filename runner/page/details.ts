// The details of a running runner, one card per subject.

import { html, type Content, type Html } from "./html.ts";
import type { Maybe, PageView, WarmView } from "./view.ts";
import { count, duration, link, moment, withoutPasswords } from "./format.ts";

/** Renders the cards in order. Before the first registration there are no heartbeats or runs to show. */
export function details(view: PageView): Html {
  const registered = Boolean(view.runner.registeredAt);
  const columns = registered ? [[connection, runtimes], [heartbeat, runs]] : [[connection], [runtimes]];
  return html`<div class="details">${columns.map((cards) => html`<div>${cards.map((card) => card(view))}</div>`)}</div>`;
}

function connection({ runner, now }: PageView): Html {
  return card("connection", "Connection", [
    row("Runner id", runner.runnerId ? html`<code>${runner.runnerId}</code>` : unset),
    row("Host", runner.hostUrl ? html`<code>${link(runner.hostUrl)}</code>` : unset),
    row("Endpoint", runner.endpointUrl ? html`<code>${withoutPasswords(runner.endpointUrl)}</code>` : unset),
    row("Secret", secretSource(runner)),
    row("Registered since", runner.registeredAt ? moment(runner.lockedAt ?? runner.registeredAt, now) : "not yet"),
    runner.registeredAt && runner.lastRegistrationError ? row("Last accepted", moment(runner.registeredAt, now)) : null,
    runner.lastRegistrationAttempt ? row("Last attempt", [moment(runner.lastRegistrationAttempt, now), status(runner)]) : null,
  ]);
}

const unset = html`<em>not set</em>`;

function secretSource(runner: PageView["runner"]): string {
  if (!runner.secretConfigured) return "not set";
  return runner.secretSource === "environment" ? "from the environment" : "stored on this runner";
}

function status({ lastRegistrationStatus }: PageView["runner"]): Content {
  return lastRegistrationStatus ? html` <span class="aside">answer: ${lastRegistrationStatus}</span>` : null;
}

function heartbeat({ heartbeat: beat, now }: PageView): Html {
  return card("heartbeat", "Heartbeat", [
    row("Interval", beat.intervalMs > 0 ? every(beat.intervalMs) : "switched off"),
    row("Last", moment(beat.lastAt, now)),
    row("Next", beat.nextAt ? moment(beat.nextAt, now) : "none planned"),
    row("Failures in a row", beat.failuresInARow === 0 ? "none" : html`<strong class="bad">${beat.failuresInARow}</strong>`),
  ]);
}

function every(intervalMs: number): string {
  return `every ${duration(Math.max(1, Math.round(intervalMs / 1000)))}`.replace(/^every 1 (\w+)$/, "every $1");
}

function runtimes(view: PageView): Html {
  return card("runtimes", "Languages", [
    ...Object.entries(view.runtimes).map(([name, version]) => row(titleOf(name, view), html`<code>${version}</code>`)),
    ...view.missingRuntimes.map(({ name, pathVariable }) => row(titleOf(name, view), [html`<em>not found</em>`, remedy(pathVariable)])),
  ]);
}

/** A language as people write it; an unknown one as it came. */
function titleOf(name: string, { languageTitles }: PageView): string {
  return (Object.hasOwn(languageTitles, name) ? languageTitles[name] : undefined) ?? name;
}

function remedy(pathVariable: Maybe<string>): Content {
  return pathVariable && html` <span class="aside">install it, or name it in <code>${pathVariable}</code></span>`;
}

function runs(view: PageView): Html {
  const { runs: { active, total, byOutcome } } = view;
  const figure = (amount: number, noun: string): Html => html`<p><b>${amount.toLocaleString("en")}</b> <span>${noun}</span></p>`;
  return html`<section class="card" aria-labelledby="runs">
  <h2 id="runs">Runs</h2>
  <div class="figures">${figure(active, "active now")}${figure(total, "since the start")}</div>
  ${
    total === 0
      ? html`<p class="aside">The first job will show here.</p>`
      : html`<dl>${[...Object.entries(byOutcome).map(([outcome, amount]) => row(outcome, amount.toLocaleString("en"))), warm(view)]}</dl>`
  }
</section>`;
}

/** How many processes were started ahead, and whether runs find them there; nothing where no language has any. */
function warm(view: PageView): Content {
  const languages = Object.entries(view.warmPool);
  return languages.length > 0 && row("Warm", languages.map(([name, figures]) => warmLanguage(titleOf(name, view), figures)));
}

function warmLanguage(title: string, { ready, hits, misses }: WarmView): Html {
  const missed = misses === 1 ? "1 miss" : `${misses.toLocaleString("en")} misses`;
  return html`<p>${title}: ${ready.toLocaleString("en")} waiting <span class="aside">${count(hits, "hit")}, ${missed}</span></p>`;
}

function card(id: string, title: string, rows: readonly Content[]): Html {
  return html`<section class="card" aria-labelledby="${id}">
  <h2 id="${id}">${title}</h2>
  <dl>${rows}</dl>
</section>`;
}

/** Renders a row of a card's list. */
export function row(term: string, description: Content): Html {
  return html`<div><dt>${term}</dt><dd>${description}</dd></div>`;
}
