// Draws the figures that the server builds; Plotly.js is loaded once, with the first figure.
import { at } from "./addresses.js";
import { get } from "./live.js";

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false };
const dark = matchMedia("(prefers-color-scheme: dark)");
let plotly = null;

function loadPlotly(url) {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { plotly = null; reject(new Error("no Plotly.js")); };
    document.head.append(script);
  });
  return plotly;
}

/** Draw, or bring up to date, every figure of job `id`; `density` is the id of the one shown. */
export async function draw(id, density, plotlyUrl) {
  for (const box of document.querySelectorAll("[data-figure]")) {
    const query = new URLSearchParams({ theme: dark.matches ? "dark" : "light" });
    if (density) query.set("density", density);
    const path = box.dataset.source ?? `jobs/${id}/figures/${box.dataset.figure}?`;
    const figure = await (await get(at(`${path}&${query}`))).json();
    if (figure === null) continue;
    const library = await loadPlotly(plotlyUrl);
    box.dataset.ready = ""; // gives the box its full size before Plotly.js measures it
    await library.react(box, figure.data, figure.layout, CONFIG);
    box.dataset.drawn = figure.data.length;
  }
}

/** Call `redraw` when the colour scheme changes. */
export function onScheme(redraw) {
  dark.addEventListener("change", redraw);
}
