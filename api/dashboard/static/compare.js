// Jobs side by side: their curves, and what they found, brought up to date while the tab is visible.
import { draw, onScheme } from "./figures.js";
import { paced, refresh } from "./live.js";

const { plotly } = document.getElementById("compared").dataset;
const drawCurves = () => draw(null, plotly);
const look = paced(async () => {
  await refresh(location.href);
  await drawCurves();
}, 5000);

onScheme(drawCurves);
drawCurves();
setInterval(() => { if (!document.hidden) look(); }, 10000);
