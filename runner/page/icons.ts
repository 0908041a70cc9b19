// The page's few drawings, in the colour of the text around them; they say nothing that words do not say too.

import { html, type Html } from "./html.ts";

const drawing = (content: Html): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${content}</svg>`;

/** One icon for each tone, told apart by shape. */
export const icons = {
  good: drawing(html`<path d="M5 12.5l4.5 4.5L19 7.5"/>`),
  wait: drawing(html`<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>`),
  todo: drawing(html`<circle cx="8" cy="15.5" r="4.5"/><path d="M11.3 12.2L20 3.5M16.5 7l3 3"/>`),
  bad: drawing(html`<path d="M12 4.2L21 19.5H3z"/><path d="M12 10.2v4.2M12 17v.01"/>`),
} as const;

/** The mark of Automn: a leaf. */
export const leaf = html`<svg class="leaf" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false"><path
    class="blade" d="M5 27C3.2 13.5 11.5 4 28 4c.6 15.5-8.2 24.5-21 22.2z"/><path class="vein" d="M4 29L19.5 12.5"/></svg>`;
