// Shared by the pages: replaces their live parts by the server's newest rendering.
import { localise } from "./times.js";

const announcer = document.getElementById("announcer");
const banner = document.getElementById("offline");

/** Say something to screen readers. */
export function announce(text) {
  announcer.textContent = text;
}

/** Show or hide the banner that says the server is gone. */
export function setOnline(isOnline) {
  banner.hidden = isOnline;
}

/**
 * Change `from` until it equals `to`, keeping every element that can stay: focus, scroll
 * positions and open details survive.
 */
export function morph(from, to) {
  syncAttributes(from, to);
  const keyed = new Map();
  for (const child of from.children) if (child.id) keyed.set(child.id, child);
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const own = (wanted.id && keyed.get(wanted.id)) || (isAlike(place, wanted) ? place : null);
    if (own === null) {
      from.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (own !== place) from.insertBefore(own, place);
    else place = place.nextSibling;
    if (own.nodeType === Node.ELEMENT_NODE) morph(own, wanted);
    else if (own.data !== wanted.data) own.data = wanted.data;
  }
  while (place !== null) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function isAlike(own, wanted) {
  return own !== null && own.nodeName === wanted.nodeName && (own.id ?? "") === (wanted.id ?? "");
}

function syncAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

/**
 * Fetch something from the server; shows the banner while it does not answer. With the tag of an
 * earlier answer it may be 304: that answer still holds.
 */
export async function get(url, tag = "") {
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const response = await fetch(url, { cache: "no-store", headers });
    if (!response.ok && response.status !== 304) throw Object.assign(new Error(`${url}: ${response.status}`), { status: response.status });
    setOnline(true);
    // Counts of a large job may be older than its last event: the server says for how long.
    const late = response.headers.get("Retry-After");
    if (late) document.dispatchEvent(new CustomEvent("outdated", { detail: Number(late) }));
    return response;
  } catch (error) {
    // The server has another token: the page asks for it.
    if (error.status === 401) location.reload();
    setOnline(false);
    throw error;
  }
}

// The tag of what this page shows, by its address: the server says whether it has changed.
const shownTag = { url: "", tag: "" };

/** Take over the live regions of a page as the server renders it now. */
export async function refresh(url) {
  const answer = await get(url, shownTag.url === url ? shownTag.tag : "");
  if (answer.status === 304) return;
  Object.assign(shownTag, { url, tag: answer.headers.get("ETag") ?? "" });
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  localise(fresh);
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (next !== null) morph(region, next);
  }
}

/** No page is older than this because of its pauses, ms. */
export const LONGEST_PAUSE = 5000;

/**
 * Return a function that runs `work` soon, never twice at once and at most every `gap` ms; a call
 * while it runs makes it run once more. Where it fails it is tried again by itself. `work` may
 * return how many ms of it the server took; without that all of its time counts as the server's.
 */
export function paced(work, gap, retry = 2000) {
  let isBusy = false;
  let isWanted = false;
  return async function run() {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted && !document.hidden) {
      isWanted = false;
      let pause = gap;
      const began = performance.now();
      try {
        const served = await work();
        // A large job is slower to show: leave the server three quarters of its time.
        const took = typeof served === "number" ? served : performance.now() - began;
        pause = Math.min(Math.max(gap, 3 * took), Math.max(gap, LONGEST_PAUSE));
      } catch {
        isWanted = true;
        pause = retry;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    isBusy = false;
  };
}

// On paper nothing can be opened: how a result is known is printed with it.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details.evidence:not([open])")) {
    details.open = true;
    addEventListener("afterprint", () => { details.open = false; }, { once: true });
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button === null) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    announce("Copied");
  } catch {
    // No clipboard without HTTPS: select the text, so that the keyboard can copy it.
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
    announce("Selected: copy it with your keyboard");
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
