// Refreshes the list of jobs every two seconds while its tab is visible.
import { paced, refresh } from "./live.js";

const look = paced(() => refresh(location.href), 1000);

setInterval(() => { if (!document.hidden) look(); }, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
