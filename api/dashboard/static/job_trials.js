// The trials of one job: more rows are added below as one scrolls; job.js keeps the first up to date.
import { announce, get } from "./live.js";
import { localise } from "./times.js";

const KEY = "densearch.trials.columns";
const live = document.getElementById("trials");
const more = document.getElementById("more-trials");
const foot = document.getElementById("trials-more");
const form = document.getElementById("trials-form");
let isBusy = false;

function button() { return document.getElementById("more"); }

/** Add the next window of rows. */
async function add() {
  if (isBusy || button() === null) return;
  isBusy = true;
  try {
    const following = more.dataset.following ?? live.dataset.following;
    const url = new URL(location.href);
    url.pathname += "/rows";
    url.searchParams.set("cursor", following);
    const text = await (await get(url.href)).text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    localise(fresh);
    const rows = fresh.getElementById("rows");
    const known = new Set([...live.children].map((row) => row.id));
    const added = [...rows.children].filter((row) => !known.has(row.id));
    if (following !== (more.dataset.following ?? live.dataset.following)) return; // another choice
    more.append(...added.map((row) => document.importNode(row, true)));
    more.dataset.following = rows.dataset.following;
    if (!("until" in more.dataset)) more.dataset.until = following;
    tidy();
    announce(`${added.length} more ${added.length === 1 ? "trial" : "trials"} shown`);
  } finally {
    isBusy = false;
  }
}

/** The button stands for what follows the rows that were added. */
function tidy() {
  if (!("following" in more.dataset)) return watch();
  if (more.dataset.following === "") foot.replaceChildren();
  const shown = new Set([...live.children].map((row) => row.id));
  for (const row of [...more.children]) if (shown.has(row.id)) row.remove();
  watch();
}

/** Another choice of trials begins with its first window. */
function clear() {
  more.replaceChildren();
  delete more.dataset.following;
  delete more.dataset.until;
}

const observer = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && scrollY > 0) add().catch(() => {});
}, { rootMargin: "300px" });

function watch() {
  observer.disconnect();
  if (button() !== null) observer.observe(button());
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#more") === null) return;
  event.preventDefault();
  add().catch(() => {});
});

// Before job.js reads the form: what is chosen replaces all rows.
for (const kind of ["change", "submit"]) {
  form.addEventListener(kind, () => {
    clear();
    keep();
  });
}

/** Keep the columns for other jobs and days. */
function keep() {
  const chosen = [...form.querySelectorAll("[name=columns]:checked")].map((field) => field.value);
  try { localStorage.setItem(KEY, chosen.join(",")); } catch { /* it refuses: the address has them */ }
}

/** Choose the columns of an earlier visit, unless the address names some. */
function recall() {
  if (new URLSearchParams(location.search).has("columns")) return;
  let kept = null;
  try { kept = localStorage.getItem(KEY); } catch { return; }
  if (!kept) return;
  const wanted = new Set(kept.split(","));
  const fields = [...form.querySelectorAll("[name=columns]")];
  if (fields.every((field) => field.checked === wanted.has(field.value))) return;
  for (const field of fields) field.checked = wanted.has(field.value);
  form.requestSubmit();
}

document.addEventListener("shown", tidy);
recall();
watch();
