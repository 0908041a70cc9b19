// Keeps the operator page fresh. Without it the page works all the same, as of when it was loaded.
"use strict";

(() => {
  const refreshMs = 5000;
  const page = document.getElementById("page");
  if (!page) return;

  // The parts as the server sent them: what has not changed there is not touched here, so that nothing is
  // announced twice, and focus and selection stay where they are.
  const sent = new Map(partsOf(document).map((part) => [part.id, contentOf(part)]));
  let serverAheadMs = Date.parse(page.dataset.now) - Date.now();

  // Loading the page again must not send the form or register again.
  if (location.pathname !== "/") history.replaceState(null, "", "/");

  function partsOf(root) {
    return [...root.querySelectorAll("[data-part]")];
  }

  /** What a part says, without how long ago anything was: that is told here, not fetched. */
  function contentOf(part) {
    const copy = part.cloneNode(true);
    for (const time of copy.querySelectorAll("time[data-distance]")) time.textContent = "";
    return copy.innerHTML;
  }

  /** Whether someone is at the form, or has left something in it. */
  function inUse(part) {
    const fields = [...part.querySelectorAll("input")];
    return fields.some((field) => field.value !== "" || field === document.activeElement);
  }

  function controlsOf(part) {
    return [...part.querySelectorAll("a, button, input")];
  }

  function replace(part, fresh) {
    const focused = controlsOf(part).indexOf(document.activeElement);
    sent.set(part.id, contentOf(fresh));
    part.replaceChildren(...document.importNode(fresh, true).childNodes);
    if (focused >= 0) controlsOf(part)[focused]?.focus();
  }

  /** Takes over what a fresh copy of the page shows. The outcome of what was done here stays until the runner stands elsewhere. */
  function adopt(copy) {
    const fresh = copy.getElementById("page");
    if (!fresh) throw new Error("This is not the runner's page");
    const moved = fresh.dataset.status !== page.dataset.status;
    serverAheadMs = Date.parse(fresh.dataset.now) - Date.now();
    page.dataset.status = fresh.dataset.status;
    for (const part of partsOf(document)) {
      const next = copy.getElementById(part.id);
      if (!next || contentOf(next) === sent.get(part.id) || inUse(part)) continue;
      if (part.id === "part-outcome" && !moved) continue;
      replace(part, next);
    }
    document.title = copy.title;
    if (moved) document.getElementById("announcement").textContent = document.getElementById("headline").textContent;
  }

  let busy = false;
  async function refresh() {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch("/", { cache: "no-store", headers: { accept: "text/html" }, signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(`The runner answered ${answer.status}`);
      adopt(new DOMParser().parseFromString(await answer.text(), "text/html"));
      document.getElementById("stale").hidden = true;
    } catch {
      document.getElementById("stale").hidden = false;
    } finally {
      busy = false;
      tellTimes();
    }
  }

  // The same words as in runner/page/words.ts.
  function span(seconds) {
    const units = [["day", 86_400, 172_800], ["hour", 3_600, 3_600], ["minute", 60, 60], ["second", 1, 0]];
    const [name, size] = units.find(([, , from]) => seconds >= from);
    const amount = Math.floor(seconds / size);
    return `${amount.toLocaleString("en")} ${name}${amount === 1 ? "" : "s"}`;
  }

  function distance(time, now) {
    const seconds = Math.round((time - now) / 1000);
    if (Math.abs(seconds) < 3) return seconds > 0 ? "in a moment" : "just now";
    return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
  }

  function tellTimes() {
    for (const time of document.querySelectorAll("time[data-distance]")) {
      const words = distance(Date.parse(time.dateTime), Date.now() + serverAheadMs);
      if (time.textContent !== words) time.textContent = words;
      time.title = new Date(time.dateTime).toLocaleString();
    }
  }

  tellTimes();
  setInterval(tellTimes, 1000);
  setInterval(refresh, refreshMs);
  document.addEventListener("visibilitychange", refresh);
})();
