// The form of a new job: its cost, its faults, and its submission.
import { at } from "./addresses.js";
import { announce, setOnline } from "./live.js";
import { locate, locateLine } from "./pointers.js";
import { Refusal, partsOf, placeOf, showRefusal } from "./problems.js";

const RETRY_MS = 2000;
const [form, spec, start, ask, submit, problem, stale, costs, hint] = [
  "new-job", "spec", "start", "ask", "submit", "problem", "stale", "costs", "hint",
].map((id) => document.getElementById(id));

// The text loaded last, and the user's own version of it: loading another start loses nothing.
let loaded = spec.defaultValue; // a browser that returns to the page restores the user's text
let written = null;
let asked = null; // stops waiting for the estimate
let key = null; // the Idempotency-Key, and the text it belongs to
let keyOf = null;

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

/** Select the place of a fault in the text, and bring it into view. */
function goTo(fault) {
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
  clear();
  asked = new AbortController();
  const [{ signal }, text] = [asked, spec.value];
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
    if (known === undefined) costs.scrollIntoView({ block: "nearest" });
  }
}

// Submit

function newKey() {
  // randomUUID exists only with HTTPS and on loopback.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

async function send() {
  const text = spec.value;
  // The same text is the same job, however often it is sent: a response may have been lost.
  if (text !== keyOf) [key, keyOf] = [newKey(), text];
  submit.disabled = true;
  try {
    const response = await post(at("v1/jobs"), text, { headers: { "Idempotency-Key": key } });
    asked?.abort();
    location.assign(at(`jobs/${(await response.json()).id}`));
  } catch (error) {
    submit.disabled = false;
    const detail = "The server does not answer. Submit it again: it becomes one job, not two.";
    refuse(error instanceof Refusal ? error : new Refusal({ title: "Not submitted", detail }));
  }
}

ask.addEventListener("click", estimate);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!submit.disabled) send();
});
addEventListener("pageshow", (event) => {
  // A user who returns to this page to submit again wants another job.
  if (event.persisted) [submit.disabled, keyOf] = [false, null];
});

// The text

spec.addEventListener("input", () => {
  const isWaiting = document.getElementById("estimate")?.dataset.state === "measuring";
  asked?.abort();
  if (isWaiting) clear();
  else stale.hidden = !costs.hasChildNodes();
});

start.addEventListener("change", () => {
  if (spec.value !== loaded && spec.value !== written) keep(spec.value);
  const chosen = document.querySelector(`template[data-start="${start.value}"]`);
  spec.value = loaded = chosen === null ? written : chosen.content.textContent;
  clear();
  hint.hidden = false;
});

function keep(text) {
  written = text;
  if (start.querySelector("[value=written]")) return;
  start.add(new Option("What you wrote", "written"));
}
