// Times in the reader's zone; the pages hold UTC, which stays as the hint of each.
const LONG = { dateStyle: "medium", timeStyle: "medium" };

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];

/** Say how long ago a moment was, as the server does (api/dashboard/formats.py), by this machine's clock. */
function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  const [size, name] = UNITS.find(([unit]) => seconds >= unit) ?? [0, ""];
  return size ? `${Math.floor(seconds / size)} ${name} ago` : "just now";
}

function sayAgo(root) {
  for (const time of root.querySelectorAll("time[data-since]")) {
    const text = ago(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

/** Rewrite the times below `root` that are not local yet. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const local = new Date(time.dateTime).toLocaleString(undefined, LONG);
    const utc = time.title || time.textContent;
    // A time that says how long ago it was stays so.
    if (time.title || "since" in time.dataset) time.title = `${local} · ${utc}`;
    else [time.textContent, time.title] = [local, utc];
    time.dataset.local = "";
  }
  sayAgo(root);
}

localise(document);
setInterval(() => { if (!document.hidden) sayAgo(document); }, 10_000);
