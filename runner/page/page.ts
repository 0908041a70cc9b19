// The operator page: where the runner stands, what is wrong, what to do, what there is to know.

import { facts } from "./facts.ts";
import { html, type Content, type Html } from "./html.ts";
import { icons } from "./icons.ts";
import { layout } from "./layout.ts";
import { packagesCard } from "./packages.ts";
import { missingSettings, secretSetup } from "./setup.ts";
import { standingOf, type Standing, type Tone } from "./standing.ts";
import type { PageView } from "./view.ts";
import { duration, exact, withoutPasswords } from "./words.ts";

/** The whole operator page for a view. Its script replaces the parts marked `data-part` by those of a fresh copy. */
export function operatorPage(view: PageView): string {
  const standing = standingOf(view);
  const main = html`<div id="page" data-now="${view.now}" data-standing="${standing.kind}">
<p class="unseen" role="status" id="announcement"></p>
<div id="stale" hidden>${notice("bad", "This page has lost touch with the runner; what it shows may be old.", "status")}</div>
<div id="part-standing" data-part>${hero(view, standing)}</div>
<div id="part-outcome" data-part>${outcome(view)}</div>
<div id="part-notices" data-part>${notices(view, standing)}</div>
<div id="part-setup" data-part>${missingSettings(view.missing)}${secretSetup(view)}</div>
<div id="part-facts" data-part>${facts(view)}</div>
<div id="part-packages" data-part>${packagesCard(view)}</div>
</div>`;
  const named = view.runner.runnerId ? `${standing.word} · ${view.runner.runnerId}` : standing.word;
  return layout({ title: named, main, version: view.version, footer: footer(view), live: true });
}

function hero(view: PageView, standing: Standing): Html {
  return html`<section class="hero ${standing.tone}" aria-labelledby="headline">
  <span class="badge">${icons[standing.tone]}</span>
  <div>
    <p class="eyebrow">${standing.word}</p>
    <h1 id="headline">${standing.headline}</h1>
    <p class="lead">${standing.sentence}</p>
  </div>
  ${again(view)}
</section>`;
}

/** The button that registers now. A form, not a link: links are followed ahead by some browsers. */
function again(view: PageView): Content {
  if (view.draining || !view.runner.secretConfigured || view.missing.length > 0) return null;
  const words = view.runner.registeredAt ? "Register again" : "Try again";
  return html`<form method="get" action="/ui/reregister"><button class="quiet" id="again">${words}</button></form>`;
}

function outcome({ outcome: result }: PageView): Content {
  if (!result) return null;
  const tone = result.ok ? "good" : "bad";
  return html`<div id="outcome">${notice(tone, result.message, result.ok ? "status" : "alert")}</div>`;
}

/** What is wrong; the reason of a failed registration is left out where the outcome has just said it. */
function notices(view: PageView, standing: Standing): Content {
  const reason = view.runner.lastRegistrationError;
  const said = !reason || standing.kind === "ready" || view.outcome?.message.includes(reason);
  return [...(said ? [] : [reason]), ...view.problems].map((text) => notice("bad", text, "alert"));
}

function notice(tone: Tone, text: string, role: "alert" | "status"): Html {
  return html`<div class="notice ${tone}" role="${role}">${icons[tone]}<p>${withoutPasswords(text)}</p></div>`;
}

function footer(view: PageView): Html {
  return html`<p id="part-footer" data-part>Up for ${duration(view.uptimeSeconds)} · as of ${exact(view.now)}</p>
<p><a href="/status">Status as JSON</a></p>`;
}
