// The operator page: where the runner stands, what is wrong, what to do, what there is to know.

import { details } from "./details.ts";
import { html, type Content, type Html } from "./html.ts";
import { icons } from "./icons.ts";
import { layout } from "./layout.ts";
import { packagesCard } from "./packages.ts";
import { missingSettingsCard, secretSetup } from "./setup.ts";
import { statusOf, type PageStatus, type Tone } from "./status.ts";
import type { PageView } from "./view.ts";
import { duration, exact, withoutPasswords } from "./format.ts";

/** The whole operator page for a view. Its script replaces the parts marked `data-part` by those of a fresh copy. */
export function operatorPage(view: PageView): string {
  const status = statusOf(view);
  const main = html`<div id="page" data-now="${view.now}" data-standing="${status.kind}">
<p class="unseen" role="status" id="announcement"></p>
<div id="stale" hidden>${notice("bad", "This page has lost touch with the runner; what it shows may be old.", "status")}</div>
<div id="part-standing" data-part>${hero(view, status)}</div>
<div id="part-outcome" data-part>${outcome(view)}</div>
<div id="part-notices" data-part>${notices(view, status)}</div>
<div id="part-setup" data-part>${missingSettingsCard(view.missing)}${secretSetup(view)}</div>
<div id="part-facts" data-part>${details(view)}</div>
<div id="part-packages" data-part>${packagesCard(view)}</div>
</div>`;
  const named = view.runner.runnerId ? `${status.word} · ${view.runner.runnerId}` : status.word;
  return layout({ title: named, main, version: view.version, footer: footer(view), live: true });
}

function hero(view: PageView, status: PageStatus): Html {
  return html`<section class="hero ${status.tone}" aria-labelledby="headline">
  <span class="badge">${icons[status.tone]}</span>
  <div>
    <p class="eyebrow">${status.word}</p>
    <h1 id="headline">${status.headline}</h1>
    <p class="lead">${status.sentence}</p>
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
function notices(view: PageView, status: PageStatus): Content {
  const reason = view.runner.lastRegistrationError;
  const said = !reason || status.kind === "ready" || view.outcome?.message.includes(reason);
  return [...(said ? [] : [reason]), ...view.problems].map((text) => notice("bad", text, "alert"));
}

function notice(tone: Tone, text: string, role: "alert" | "status"): Html {
  return html`<div class="notice ${tone}" role="${role}">${icons[tone]}<p>${withoutPasswords(text)}</p></div>`;
}

function footer(view: PageView): Html {
  return html`<p id="part-footer" data-part>Up for ${duration(view.uptimeSeconds)} · as of ${exact(view.now)}</p>
<p><a href="/status">Status as JSON</a></p>`;
}
