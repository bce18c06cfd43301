// Refreshes the list of jobs every two seconds while its tab is visible; counts the ticked ones.
import { paced, refresh } from "./live.js";

const look = paced(async () => {
  await refresh(location.href);
  count();
}, 1000);

/** A comparison takes some jobs: with fewer or more the button says why it cannot be pressed. */
function count() {
  const button = document.getElementById("compare-button");
  if (button === null) return;
  const least = Number(button.dataset.least), most = Number(button.dataset.most);
  const n = document.querySelectorAll("input[name=jobs]:checked").length;
  button.disabled = n < least || n > most;
  const words = n === 0 ? "" : n < least ? `${n} is ticked. ` : n > most ? `${n} are ticked. ` : "";
  document.getElementById("compare-words").textContent =
    button.disabled ? `${words}Tick ${least} to ${most} jobs to compare them.` : "";
}

document.addEventListener("change", (event) => { if (event.target.name === "jobs") count(); });
count();

setInterval(() => { if (!document.hidden) look(); }, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
