// The page that a browser gets instead of a JSON error.

import { html } from "./html.ts";
import { layout } from "./layout.ts";

/** Renders an HTML page for an HTTP status, e.g. `errorPage(404, "Not found", "There is nothing at /x.")`. */
export function errorPage(status: number, title: string, detail: string): string {
  const main = html`<section class="error" aria-labelledby="headline">
  <p class="status">Error ${status}</p>
  <h1 id="headline">${title}</h1>
  <p class="lead">${detail}</p>
  <p><a class="button" href="/">Back to the runner</a></p>
</section>`;
  return layout({ title: `${status} ${title}`, main });
}
