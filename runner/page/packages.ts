// The card about packages: what is installed, and the form that clears it.

import { row } from "./details.ts";
import { html, type Content, type Html } from "./html.ts";
import type { PageView } from "./view.ts";
import { moment, size } from "./format.ts";

const modes = new Map<string, readonly [label: string, meaning: string]>([
  ["auto", ["automatic", "what a script needs is installed when it is first needed"]],
  ["offline", ["offline", "nothing is fetched; scripts use what is already here"]],
  ["off", ["switched off", "scripts get no packages"]],
]);

/** Renders the card, with the form if clearing is allowed; nothing before the first registration. */
export function packagesCard(view: PageView): Content {
  if (!view.runner.registeredAt) return null;
  const { packages, now } = view;
  return html`<section class="card wide" aria-labelledby="packages">
  <h2 id="packages">Packages</h2>
  <dl>${[
    row("Mode", mode(packages.mode)),
    row("Last used", moment(packages.lastUsedAt, now)),
    row("Sets", packages.sets.toLocaleString("en")),
    row("Packages", packages.packages.toLocaleString("en")),
    row("Size", size(packages.bytes)),
    row("Installing now", packages.installing === 0 ? "nothing" : packages.installing.toLocaleString("en")),
  ]}</dl>
  ${view.clearForm && clearing}
</section>`;
}

/** A mode's label and meaning; an unknown mode as it is. */
function mode(name: string): Content {
  const known = modes.get(name);
  return known ? html`${known[0]} <span class="aside">${known[1]}</span>` : name;
}

const clearing: Html = html`<form class="clearing" method="post" action="/ui/package-cache/clear" autocomplete="off">
    <label for="token">Reset token</label>
    <div class="field">
      <input id="token" name="token" type="password" required autocomplete="off" autocapitalize="none" spellcheck="false"
        aria-describedby="clearing">
      <button class="quiet">Clear the packages</button>
    </div>
    <p class="hint" id="clearing">Removes every set; a script that needs one has it installed anew. Clearing waits up to a minute
      for runs that use a set, and one that is still used then goes when its last run has ended.</p>
  </form>`;
