// The operator page: status, problems, setup and details.

import { details } from "./details.ts";
import { html, type Content, type Html } from "./html.ts";
import { icons } from "./icons.ts";
import { layout } from "./layout.ts";
import { packagesCard } from "./packages.ts";
import { missingSettingsCard, secretSetup } from "./setup.ts";
import { statusOf, type PageStatus, type Tone } from "./status.ts";
import type { PageView } from "./view.ts";
import { duration, exact, withoutPasswords } from "./format.ts";

/** Renders the operator page for a view. Its script replaces the parts marked `data-part` with those of a fresh copy. */
export function operatorPage(view: PageView): string {
  const status = statusOf(view);
  const main = html`<div id="page" data-now="${view.now}" data-status="${status.kind}">
<p class="unseen" role="status" id="announcement"></p>
<div id="stale" hidden>${notice("bad", "This page has lost touch with the runner; what it shows may be old.", "status")}</div>
<div id="part-status" data-part>${hero(view, status)}</div>
<div id="part-outcome" data-part>${outcome(view)}</div>
<div id="part-notices" data-part>${notices(view, status)}</div>
<div id="part-setup" data-part>${missingSettingsCard(view.missing)}${secretSetup(view)}</div>
<div id="part-details" data-part>${details(view)}</div>
<div id="part-packages" data-part>${packagesCard(view)}</div>
</div>`;
  const named = view.runner.runnerId ? `${status.title} · ${view.runner.runnerId}` : status.title;
  return layout({ title: named, main, version: view.version, footer: footer(view), live: true });
}

function hero(view: PageView, status: PageStatus): Html {
  return html`<section class="hero ${status.tone}" aria-labelledby="headline">
  <span class="badge">${icons[status.tone]}</span>
  <div>
    <p class="eyebrow">${status.title}</p>
    <h1 id="headline">${status.headline}</h1>
    <p class="lead">${status.lead}</p>
  </div>
  ${again(view)}
</section>`;
}

/** The button that registers now. A form, not a link, because some browsers prefetch links. */
function again(view: PageView): Content {
  if (view.draining || !view.runner.secretConfigured || view.missing.length > 0) return null;
  const label = view.runner.registeredAt ? "Register again" : "Try again";
  return html`<form method="get" action="/ui/reregister"><button class="quiet" id="again">${label}</button></form>`;
}

function outcome({ outcome: result }: PageView): Content {
  if (!result) return null;
  const tone = result.ok ? "good" : "bad";
  return html`<div id="outcome">${notice(tone, result.message, result.ok ? "status" : "alert")}</div>`;
}

/** All problems. The reason for a failed registration is left out if the outcome already says it. */
function notices(view: PageView, status: PageStatus): Content {
  const reason = view.runner.lastRegistrationError;
  const isKnown = !reason || status.kind === "ready" || view.outcome?.message.includes(reason);
  return [...(isKnown ? [] : [reason]), ...view.problems].map((text) => notice("bad", text, "alert"));
}

function notice(tone: Tone, text: string, role: "alert" | "status"): Html {
  return html`<div class="notice ${tone}" role="${role}">${icons[tone]}<p>${withoutPasswords(text)}</p></div>`;
}

function footer(view: PageView): Html {
  return html`<p id="part-footer" data-part>Up for ${duration(view.uptimeSeconds)} · as of ${exact(view.now)}</p>
<p><a href="/status">Status as JSON</a></p>`;
}
