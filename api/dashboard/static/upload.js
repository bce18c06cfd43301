// Stores a data set: the file as the body, its options in the query; shows the progress.
import { at } from "./addresses.js";
import { announce } from "./live.js";
import { Refusal, partsOf, showRefusal } from "./problems.js";

const [form, file, name, store, stop, sending, sent, words, problem] = [
  "upload", "file", "name", "store", "stop", "sending", "sent", "sending-words", "problem",
].map((id) => document.getElementById(id));
const LOST = { title: "Not stored", detail: "The connection was lost before the server answered. Sent again, the file gives the set that is there." };
const STOPPED = new Refusal({ title: "Stopped", detail: "Nothing was stored." });
const READING = "Everything is sent. The server reads and checks it, which takes minutes for a large set.";

const STAGES = { waiting: "It waits for other imports", unpacking: "Unpacking", reading: "Reading", storing: "Storing" };
const LOOK_MS = 500;
// A server that starts again, or a connection that fails for a while, is no end of the import.
const PATIENCE_MS = 60_000;

/** Send the file; resolves with the import or the stored set. fetch() would not say how far it has come. */
function upload(request) {
  return new Promise((resolve, reject) => {
    request.open("POST", at(`v1/datasets?${query()}`));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Prefer", "wait=1");
    request.upload.addEventListener("progress", (event) => showProgress(event.loaded, event.total));
    request.upload.addEventListener("load", () => {
      sent.removeAttribute("value");
      stop.hidden = true; // until the import can be named: it goes on without this request
      words.textContent = READING;
      announce(READING);
    });
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status === 201) resolve({ dataset_id: answer.id });
      else if (request.status === 202) resolve(answer);
      else reject(new Refusal(answer, request.status));
    });
    request.addEventListener("error", () => reject(new Refusal(LOST)));
    request.addEventListener("abort", () => reject(STOPPED));
    request.send(file.files[0]);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Follow an import to its end; resolves with it once its set is stored. */
async function followed(found) {
  const address = at(`v1/datasets/imports/${found.id}`);
  let method = "GET";
  stop.onclick = () => { method = "DELETE"; };
  stop.hidden = false;
  let seenAt = performance.now();
  while (found.state === "RUNNING") {
    showImport(found);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const asked = method;
    const answer = await fetch(address, { method: asked }).catch(() => null);
    if (answer?.ok) {
      found = await answer.json();
      seenAt = performance.now();
      // It is answered as it was: one that had just ended is stored all the same.
      if (asked === "DELETE" && found.state === "RUNNING") throw STOPPED;
    } else if ((answer && answer.status < 500) || performance.now() - seenAt > PATIENCE_MS) {
      throw new Refusal(answer ? parsed(await answer.text()) : LOST, answer?.status);
    }
  }
  if (found.problem) throw new Refusal(found.problem, found.problem.status);
  return found;
}

function showImport({ stage, n_done, n_total, unit }) {
  if (n_total) sent.value = n_done / n_total;
  else sent.removeAttribute("value");
  const [scale, digits, name] = unit === "bytes" ? [1e6, 1, "MB"] : [1, 0, unit];
  const number = (n) => (n / scale).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const of = n_total ? ` of ${number(n_total)}` : "";
  words.textContent = unit && (n_done || n_total) ? `${STAGES[stage]}: ${number(n_done)}${of} ${name}` : `${STAGES[stage]}…`;
}

/** The options that say something. */
function query() {
  const options = [...new FormData(form)].filter(([, value]) => value !== "");
  return new URLSearchParams(options);
}

function showProgress(loaded, total) {
  sent.value = total ? loaded / total : 0;
  words.textContent = `${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB sent`;
}

function setBusy(isBusy) {
  store.disabled = isBusy;
  stop.hidden = sending.hidden = !isBusy;
}

async function send() {
  problem.hidden = true;
  if (file.files[0].size > form.dataset.mostBytes) {
    const detail = "This file is larger than the server accepts: its operator sets the limit (DENSEARCH_MAX_DATASET_BYTES).";
    return showRefusal(problem, new Refusal({ title: "Not sent", detail }), partsOf);
  }
  const request = new XMLHttpRequest();
  stop.onclick = () => request.abort();
  setBusy(true);
  showProgress(0, file.files[0].size);
  try {
    const found = await upload(request);
    location.assign(at(`datasets/${(found.state ? await followed(found) : found).dataset_id}`));
  } catch (refusal) {
    setBusy(false);
    showRefusal(problem, refusal, partsOf);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!store.disabled) send();
});

/** Propose the file's own name, unless another has been written. */
function propose() {
  const stem = file.files[0]?.name.replace(/\.(zip|npz|tar|tgz|tar\.gz)$/i, "") ?? "";
  if (!name.value || name.dataset.made === name.value) name.value = name.dataset.made = stem.slice(0, 200);
}

file.addEventListener("change", propose);
addEventListener("pageshow", (event) => { if (event.persisted) setBusy(false); });
// A file may have been chosen before this script was here; the page has the button disabled until then.
propose();
setBusy(false);
