// The form of a new job: its cost, its faults, and its submission.
import { at } from "./addresses.js";
import { announce, setOnline } from "./live.js";
import { locate, locateLine } from "./pointers.js";
import { Refusal, partsOf, placeOf, showRefusal } from "./problems.js";
import { withToken } from "./json_edits.js";
import { controlOf, follow, forget, taken, unparsedIn, wrongIn } from "./spec_form.js";

const RETRY_MS = 2000;
const PAUSE_MS = 400; // after a key, before the form is made again
const ESTIMATE_MS = 1200; // after the last change
const [form, json, fields, unread, spec, start, ask, submit, problem, stale, costs, hint] = [
  "new-job", "as-json", "fields", "unread", "spec", "start", "ask", "submit", "problem", "stale", "costs", "hint",
].map((id) => document.getElementById(id));

// The text loaded last, and the user's own version of it: loading another start loses nothing.
let loaded = spec.defaultValue; // a browser that returns to the page restores the user's text
let written = null;
let asked = null; // stops waiting for the estimate
let key = null; // the Idempotency-Key, and the text it belongs to
let keyOf = null;
const KEPT = `new job ${location.pathname}${location.search}`; // what was typed survives a reload

// Requests

async function post(url, text, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  const response = await fetch(url, { method: "POST", body: text, ...options, headers });
  setOnline(true);
  if (!response.ok) throw new Refusal(await response.json().catch(() => ({})), response.status);
  return response;
}

/** Wait, then until the tab is visible; rejects when `signal` aborts. */
async function pause(ms, signal) {
  do {
    await new Promise((resolve) => setTimeout(resolve, ms));
    signal.throwIfAborted();
  } while (document.hidden);
}

// Faults

/** Return the nodes that show a fault: a button if it names a location in the text. */
function nodesOf(fault) {
  if (!placeOf(fault) && locateLine("", fault.detail) === null) return partsOf(fault);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "fault";
  button.append(...partsOf(fault));
  button.addEventListener("click", () => goTo(fault));
  return [button];
}

/** Lead to the field of a fault, or to its place in the text. */
function goTo(fault) {
  const field = json.dataset.shown === undefined ? controlOf(fields, placeOf(fault)) : null;
  if (field === null) return select(fault);
  for (let at = field.closest("details"); at !== null; at = at.parentElement.closest("details")) at.open = true;
  field.focus();
}

/** Select the place of a fault in the text, and bring it into view. */
function select(fault) {
  view("json");
  const text = spec.value;
  const [start, end] = locateLine(text, fault.detail) ?? locate(text, placeOf(fault)) ?? [0, 0];
  spec.focus();
  spec.setSelectionRange(start, end);
  spec.scrollTop = heightOf(text.slice(0, start)) - spec.clientHeight / 2;
}

/** Return how high a text is in the form, wrapped as there, px: browsers measure no part of a text area. */
function heightOf(text) {
  const twin = spec.cloneNode();
  twin.removeAttribute("id");
  twin.rows = 1;
  twin.value = text;
  Object.assign(twin.style, { position: "absolute", width: `${spec.offsetWidth}px` });
  spec.after(twin);
  const height = twin.scrollHeight;
  twin.remove();
  return height;
}

function refuse(refusal) {
  clear();
  showRefusal(problem, refusal, nodesOf);
  problem.scrollIntoView({ block: "nearest" });
}

function clear() {
  asked?.abort();
  problem.hidden = stale.hidden = hint.hidden = true;
  costs.replaceChildren();
}

// Estimate

async function estimate() {
  clearTimeout(soon);
  clear();
  asked = new AbortController();
  const [{ signal }, text] = [asked, spec.value];
  estimated = meaningOf(text);
  announce("Estimating");
  try {
    while (!(await isAnswered(text, signal)));
  } catch (error) {
    if (!signal.aborted) refuse(error);
  }
}

/** Request the estimate once and wait as long as the server says; true when it is final. */
async function isAnswered(text, signal) {
  let wait = RETRY_MS;
  try {
    const response = await post(at("jobs/estimate"), text, { signal });
    show(await response.text());
    if (response.status !== 202) return true;
    wait = 1000 * (Number(response.headers.get("Retry-After")) || 2);
  } catch (error) {
    if (error instanceof Refusal || signal.aborted) throw error;
    setOnline(false); // the banner says that it is tried again
  }
  await pause(wait, signal);
  return false;
}

function show(text) {
  const known = document.getElementById("estimate")?.dataset.summary;
  const part = new DOMParser().parseFromString(text, "text/html").getElementById("estimate");
  if (part.dataset.summary !== known) announce(part.dataset.summary);
  if (known === undefined || part.dataset.summary !== known) {
    costs.replaceChildren(document.importNode(part, true));
  }
}

// Submit

function newKey() {
  // randomUUID exists only with HTTPS and on loopback.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** Say which fields hold what the JSON cannot take over. */
function refuseUnparsed(controls) {
  const errors = controls.map((one) => ({ pointer: one.name, detail: one.type === "number" ? "is not a number yet" : "is not JSON yet" }));
  refuse(new Refusal({ title: "Not submitted", errors }));
  goTo(errors[0]);
}

async function send() {
  const unparsed = unparsedIn(fields);
  if (unparsed.length > 0) return refuseUnparsed(unparsed);
  const text = spec.value;
  // The same text is the same job, however often it is sent: a response may have been lost.
  if (text !== keyOf) [key, keyOf] = [newKey(), text];
  submit.disabled = true;
  try {
    const response = await post(at("v1/jobs"), text, { headers: { "Idempotency-Key": key } });
    asked?.abort();
    store(text, true);
    location.assign(at(`jobs/${(await response.json()).id}`));
  } catch (error) {
    submit.disabled = false;
    const detail = "The server does not answer. Submit it again: it becomes one job, not two.";
    refuse(error instanceof Refusal ? error : new Refusal({ title: "Not submitted", detail }));
  }
}

ask.addEventListener("click", estimate);
for (const one of [form, json]) {
  one.addEventListener("submit", (event) => {
    event.preventDefault();
    // Enter in a field presses the first button of the form, which asks for its fields.
    if (event.submitter?.value === "show") refresh();
    else if (!submit.disabled) send();
  });
}
addEventListener("pageshow", (event) => {
  // A user who returns to this page to submit again wants another job.
  if (event.persisted) [submit.disabled, keyOf] = [false, null];
});

// The views of the text

const views = [...document.querySelectorAll("[data-view]")];

/** Show the form or the text. */
function view(name) {
  for (const button of views) button.setAttribute("aria-pressed", String(button.dataset.view === name));
  json.toggleAttribute("data-shown", name === "json");
  fields.hidden = name === "json";
  submit.setAttribute("form", name === "json" ? "as-json" : "new-job");
  history.replaceState(history.state, "", name === "json" ? "#json" : location.pathname + location.search);
}

for (const button of views) button.addEventListener("click", () => view(button.dataset.view));
if (location.hash === "#json") view("json");

// The form and the text, in step

let later; // makes the form again
let soon; // asks for an estimate
let made = null; // the text of which the form was made
let estimated = null; // the spec of the estimate
let isMaking = false;

function meaningOf(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The text has changed: by a key in it, by a field, or as a whole. */
function changed(ms = PAUSE_MS) {
  const isWaiting = document.getElementById("estimate")?.dataset.state === "measuring";
  if (meaningOf(spec.value) !== estimated) {
    asked?.abort();
    if (isWaiting) clear();
    else stale.hidden = !costs.hasChildNodes();
  }
  store(spec.value, false);
  clearTimeout(later);
  clearTimeout(soon);
  later = setTimeout(refresh, ms);
}

/** Say at the text what is wrong in it: the form that shows it is not seen there. */
function sayWrong() {
  const [wrong, line] = [wrongIn(fields), document.getElementById("wrong-here")];
  line.hidden = wrong.length === 0;
  line.textContent = wrong.slice(0, 3).join(" ") + (wrong.length > 3 ? ` And ${wrong.length - 3} more.` : "");
}

/** Make the form of the text, once at a time. */
async function refresh() {
  clearTimeout(later);
  const text = spec.value;
  if (isMaking || !isRead(text)) return;
  isMaking = true;
  try {
    const answer = await post(at("jobs/form"), text);
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (spec.value === text) {
      follow(part);
      sayWrong();
      made = text;
      if (fields.dataset.valid === "yes" && meaningOf(text) !== estimated) soon = setTimeout(estimate, ESTIMATE_MS);
    }
  } catch (error) {
    if (error instanceof Refusal) outOfStep(error.message);
    else setOnline(false);
  } finally {
    isMaking = false;
  }
  if (spec.value !== text) later = setTimeout(refresh, PAUSE_MS);
  else if (made !== text && unread.hidden) later = setTimeout(refresh, RETRY_MS);
}

function isRead(text) {
  try {
    JSON.parse(text);
  } catch (error) {
    outOfStep(error.message);
    return false;
  }
  inStep();
  return true;
}

function outOfStep(detail) {
  unread.textContent = `The form cannot follow the JSON: ${detail}.`;
  unread.hidden = false;
  fields.inert = true;
  fields.setAttribute("aria-disabled", "true");
}

function inStep() {
  unread.hidden = true;
  fields.inert = false;
  fields.removeAttribute("aria-disabled");
}

spec.addEventListener("input", () => changed());
fields.addEventListener("input", (event) => {
  const control = event.target;
  if (control.dataset.control === undefined) return;
  const text = taken(spec.value, control);
  if (text === null || text === spec.value) return;
  spec.value = text;
  changed(control.dataset.members === undefined ? PAUSE_MS : 0);
});
fields.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add], [data-remove]");
  if (button === null) return;
  const { add, item, remove } = button.dataset;
  if (remove !== undefined) forget(remove.slice(0, remove.lastIndexOf("/")));
  spec.value = withToken(spec.value, add ?? remove, item);
  changed(0);
});

// The starts

start.addEventListener("change", () => {
  if (spec.value !== loaded && spec.value !== written) keep(spec.value);
  const chosen = document.querySelector(`template[data-start="${start.value}"]`);
  spec.value = loaded = chosen === null ? written : chosen.content.textContent;
  forget("");
  clear();
  hint.hidden = false;
  changed(0);
});

function keep(text) {
  written = text;
  if (start.querySelector("[value=written]")) return;
  start.add(new Option("What you wrote", "written"));
}

// What was typed before a reload, or before another page

function store(text, isSent) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ text, isSent }));
  } catch {
    // a full or forbidden store: nothing survives a reload
  }
}

/** Return what was typed here before; of a job that was submitted on the way back alone. */
function stored() {
  try {
    const { text, isSent } = JSON.parse(sessionStorage.getItem(KEPT));
    return isSent && performance.getEntriesByType("navigation")[0].type === "navigate" ? null : text;
  } catch {
    return null;
  }
}

const kept = stored();
if (kept !== null && kept !== spec.value) {
  spec.value = kept;
  keep(kept);
  start.value = "written";
}
// An example that nobody has touched is no reason for workers to measure it.
if (spec.value !== spec.defaultValue) changed(0);
addEventListener("pageshow", () => {
  if (spec.value !== loaded && spec.value !== made) changed(0);
});
