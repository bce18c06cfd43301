// Times in the reader's zone; the pages hold UTC, which stays as the hint of each.
const LONG = { dateStyle: "medium", timeStyle: "medium" };

/** Rewrite the times below `root` that are not local yet. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const local = new Date(time.dateTime).toLocaleString(undefined, LONG);
    const utc = time.title || time.textContent;
    // A time that says how long ago it was stays so.
    if (time.title) time.title = `${local} · ${utc}`;
    else [time.textContent, time.title] = [local, utc];
    time.dataset.local = "";
  }
}

localise(document);
