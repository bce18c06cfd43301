// A page of one job: follows its events, and updates the page and its figures.
import { at } from "./addresses.js";
import { draw, hint, onScheme } from "./figures.js";
import { announce, paced, refresh, setOnline } from "./live.js";
import { openOrder, order, takeOrders, UnreachableError } from "./orders.js";
import { takePlace } from "./streams.js";

const root = document.getElementById("job");
const id = root.dataset.job;
const problem = document.getElementById("problem");
const dialog = document.getElementById("cancel-dialog");
const DIALOGS = { extend: true, annotate: true, clone: true, delete: true };
const WORDS = { "retry-failed": "retry the failed trials" };
const KINDS = ["job", "study", "trial", "measurement"];
const STATES = { RUNNING: "running", PAUSED: "paused", CANCELLED: "cancelled", FAILED: "failed",
                 SUCCEEDED: "done: it succeeded", EVALUATING: "in its final evaluation", QUEUED: "queued" };

let source = null;
let leave = null; // gives back the place of the stream
let isTaking = false;
let retry = null;
let lastEvent = shownEvent();
let knownState = state();

function state() { return document.getElementById("state").dataset.state; }
/** The newest event when the server rendered the page. */
function shownEvent() { return document.getElementById("state").dataset.lastEvent; }
function isFinal() { return "final" in document.getElementById("state").dataset; }

// The page

// On a narrow screen the tabs scroll sideways: the present one is shown.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

/** The address of this page with its selections. */
function pageUrl() {
  const url = new URL(location.href);
  // Rows that were added stay; the live part of the table ends where they begin.
  const added = document.querySelector("#more-trials[data-until]");
  if (added) url.searchParams.set("until", added.dataset.until);
  return url.href;
}

const show = paced(async () => {
  await refresh(pageUrl()).catch((error) => {
    if (error.status === 404) location.reload(); // deleted: the server's page says so
    throw error;
  });
  if (state() !== knownState) {
    knownState = state();
    announce(`The job is now ${STATES[knownState] ?? knownState}`);
  }
  hint();
  if ("unreachable" in problem.dataset) problem.hidden = true; // it answers again
  if (source === null && shownEvent() !== lastEvent) {
    lastEvent = shownEvent();
    drawFigures();
  }
  document.dispatchEvent(new Event("shown")); // for the scripts of single pages
  if (isFinal()) stop();
  else follow(); // a job that had ended may go on: extended, or its failed trials tried again
}, 300);

const drawFigures = paced(() => draw(id, root.dataset.plotly), 1000);

let soon = null;
document.addEventListener("outdated", ({ detail: seconds }) => {
  soon ??= setTimeout(() => { soon = null; show(); drawFigures(); }, 1000 * seconds);
});

// Events

/** Open the stream, unless other pages have all places: then this one is refreshed by a timer. */
async function follow() {
  if (source !== null || isTaking || !isWanted()) return;
  isTaking = true;
  // Without a place, also where the browser refuses locks, the timer refreshes the page.
  leave = await takePlace().catch(() => null);
  isTaking = false;
  if (leave === null) return;
  if (!isWanted()) return stop();
  source = new EventSource(at(`v1/jobs/${id}/events?last_event_id=${lastEvent}`));
  for (const kind of KINDS) source.addEventListener(kind, hear);
  source.onopen = () => setOnline(true);
  source.onerror = () => {
    // The browser reconnects unless the server refused; then this script does.
    const isOver = source !== null && source.readyState === EventSource.CLOSED;
    if (isOver) {
      stop();
      retry = setTimeout(() => { retry = null; follow(); }, 2000);
    }
    show();
  };
}

function isWanted() { return retry === null && !document.hidden && !isFinal(); }

function hear(event) {
  if (event.lastEventId) lastEvent = event.lastEventId;
  show();
  if (event.type !== "measurement") drawFigures();
}

function stop() {
  source?.close();
  leave?.();
  source = leave = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return stop();
  show();
  drawFigures();
  follow();
});
addEventListener("pagehide", stop);

// Times on the page change without events, and a job that has ended may be extended.
setInterval(() => { if (!document.hidden) show(); }, 5000);
setInterval(() => { if (source === null && isWanted()) show(); }, 2000);

// Actions

async function act(action, button) {
  button.disabled = true;
  problem.hidden = true;
  try {
    await order(`jobs/${id}`, action);
  } catch (error) {
    problem.textContent = `Could not ${WORDS[action] ?? `${action} the job`}: ${error.message}`;
    problem.hidden = false;
    problem.toggleAttribute("data-unreachable", error instanceof UnreachableError);
  }
  await showOutcome(button);
}

async function showOutcome(button) {
  await refresh(pageUrl()).catch(() => { button.disabled = false; });
  show();
  // A button that was disabled must not keep the focus of the keyboard.
  if (button.disabled) document.querySelector("[data-action]:not(:disabled)")?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button === null) return;
  if (button.dataset.action === "cancel") dialog.showModal();
  else if (button.dataset.action in DIALOGS) openOrder(button.dataset.action, button.dataset);
  else act(button.dataset.action, button);
});

dialog.addEventListener("close", () => {
  if (dialog.returnValue === "cancel") act("cancel", document.querySelector("[data-action=cancel]"));
  dialog.returnValue = "";
});

takeOrders(`jobs/${id}`, (action, answer) => {
  if (action === "clone") location.assign(at(`jobs/${answer.id}`));
  else if (action === "delete") location.assign(at(""));
  else showOutcome(document.querySelector(`[data-action=${action}]`));
});

// Selections: forms that the server reads from the address, so that they survive a reload

function select(form) {
  const url = new URL(location.href);
  for (const name of new Set([...form.elements].map((field) => field.name))) url.searchParams.delete(name);
  for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.append(name, value);
  history.replaceState(null, "", url);
  show();
  drawFigures();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-selection]");
  if (form !== null) select(form);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-selection]")) return;
  event.preventDefault();
  select(event.target);
});

onScheme(drawFigures);
document.addEventListener("redraw", drawFigures);
drawFigures();
follow();
