// The document around every page: head, header and footer.

import { html, type Content, type Html } from "./html.ts";
import { leaf } from "./icons.ts";

/** The parts that differ between documents. */
export interface Document {
  /** The window's title, without the product's name. */
  readonly title: string;
  readonly main: Html;
  /** The runner's version, beside its name. */
  readonly version?: string | undefined;
  readonly footer?: Content;
  /** Whether the page refreshes itself if JavaScript is on. */
  readonly live?: boolean | undefined;
}

/** Renders a whole HTML document. It loads only `/assets/runner.css`, `/assets/runner.js` and `/favicon.ico`. */
export function layout(document: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${document.title} · Automn runner</title>
<link rel="icon" href="/favicon.ico" sizes="any">
<link rel="stylesheet" href="/assets/runner.css">
${document.live && html`<script src="/assets/runner.js" defer></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
  <a class="brand" href="/">${leaf}<span>Automn <b>runner</b></span></a>
  ${document.version && html`<span class="version">Version ${document.version}</span>`}
</header>
<main id="main" tabindex="-1">
${document.main}
</main>
${document.footer && html`<footer class="bottom">${document.footer}</footer>`}
</body>
</html>
`.toString();
}
