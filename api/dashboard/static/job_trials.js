// The trials of one job: older ones are added below; job.js keeps the newest up to date.
import { at } from "./addresses.js";
import { announce, get } from "./live.js";

const id = document.getElementById("job").dataset.job;
const older = document.getElementById("older");
const olderRows = document.getElementById("older-trials");

older.addEventListener("click", async () => {
  const live = document.getElementById("trials");
  const before = olderRows.dataset.older ?? live.dataset.older;
  const text = await (await get(at(`jobs/${id}/trials?before=${before}`))).text();
  const rows = new DOMParser().parseFromString(text, "text/html").getElementById("rows");
  olderRows.append(...[...rows.children].map((row) => document.importNode(row, true)));
  olderRows.dataset.older = rows.dataset.older;
  older.hidden = !rows.dataset.older;
  announce(`${rows.children.length} older trials shown`);
});

document.addEventListener("shown", () => {
  if (!olderRows.hasChildNodes()) older.hidden = !document.getElementById("trials").dataset.older;
});
