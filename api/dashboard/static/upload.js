// Stores a data set: the file as the body, its options in the query; shows the progress.
import { at } from "./addresses.js";
import { announce } from "./live.js";
import { Refusal, partsOf, showRefusal } from "./problems.js";

const [form, file, name, store, stop, sending, sent, words, problem] = [
  "upload", "file", "name", "store", "stop", "sending", "sent", "sending-words", "problem",
].map((id) => document.getElementById(id));
const READING = "Everything is sent. The server reads and checks it, which takes minutes for a large set.";

/** Send the file; resolves with the stored set. fetch() would not say how far it has come. */
function upload(request) {
  return new Promise((resolve, reject) => {
    request.open("POST", at(`v1/datasets?${query()}`));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => showProgress(event.loaded, event.total));
    request.upload.addEventListener("load", () => {
      sent.removeAttribute("value");
      words.textContent = READING;
      announce(READING);
    });
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status === 201) resolve(answer);
      else reject(new Refusal(answer, request.status));
    });
    const lost = { title: "Not stored", detail: "The connection was lost before the server answered." };
    request.addEventListener("error", () => reject(new Refusal(lost)));
    request.addEventListener("abort", () => reject(new Refusal({ title: "Stopped", detail: "Nothing was stored." })));
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
    location.assign(at(`datasets/${(await upload(request)).id}`));
  } catch (refusal) {
    setBusy(false);
    showRefusal(problem, refusal, partsOf);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!store.disabled) send();
});

file.addEventListener("change", () => {
  const stem = file.files[0]?.name.replace(/\.(zip|npz|tar|tgz|tar\.gz)$/i, "") ?? "";
  if (!name.value || name.dataset.made === name.value) name.value = name.dataset.made = stem.slice(0, 200);
});

addEventListener("pageshow", (event) => { if (event.persisted) setBusy(false); });
