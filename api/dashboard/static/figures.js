// Draws the figures that the server builds; Plotly.js is loaded once, with the first figure.
import { at } from "./addresses.js";
import { equip, link } from "./figure_tools.js";
import { shown, write } from "./legends.js";
import { get } from "./live.js";

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false };
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
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

/**
 * Draw, or bring up to date, every figure of job `id` by the selections in the page's address.
 *
 * All are fetched before the first is drawn, so that they show the same moment. Returns how long
 * the server took, ms: loading Plotly.js and drawing are this machine's work.
 */
export async function draw(id, plotlyUrl) {
  const began = performance.now();
  const found = [];
  for (const box of document.querySelectorAll("[data-figure]")) {
    const isOwn = "source" in box.dataset; // its address says all
    const query = new URLSearchParams(isOwn ? "" : location.search);
    query.set("theme", theme());
    const path = isOwn ? box.dataset.source : `jobs/${id}/figures/${box.dataset.figure}?`;
    const address = at(`${path}&${query}`);
    const figure = await (await get(address)).json();
    box.toggleAttribute("data-lacking", figure === null);
    if (figure !== null) found.push([box, figure, address]);
  }
  const served = performance.now() - began;
  hint();
  for (const [box, figure, address] of found) {
    await put(box, figure, plotlyUrl);
    equip(box, figure, address);
  }
  return served;
}

async function put(box, figure, plotlyUrl) {
  try {
    const library = await loadPlotly(plotlyUrl);
    const height = figure.layout.meta?.height;
    if (height) box.style.setProperty("--height", `${height}px`);
    box.dataset.ready = ""; // gives the box its full size before Plotly.js measures it
    const redraw = () => library.react(box, shown(box, figure.data), figure.layout, CONFIG);
    write(box, figure.data, redraw);
    await redraw();
    link(box);
  } catch (error) {
    box.dataset.hint = "The figure could not be loaded; it is tried again.";
    throw error;
  }
  box.dataset.drawn = figure.data.length;
}

/** Let the boxes without a figure say why: what the server says now, or that it is on its way. */
export function hint() {
  const lacking = document.getElementById("state")?.dataset.lacking;
  for (const box of document.querySelectorAll("[data-figure]")) {
    if (!("lacking" in box.dataset)) box.dataset.hint = "Loading the figure…";
    else if (lacking !== undefined) box.dataset.hint = box.dataset.empty ?? lacking;
  }
}

/** Return the colour scheme in use: the reader's choice (theme.js), or the system's. */
function theme() {
  return document.documentElement.dataset.theme ?? (systemIsDark.matches ? "dark" : "light");
}

/** Call `redraw` when the colour scheme changes. */
export function onScheme(redraw) {
  systemIsDark.addEventListener("change", redraw);
  document.addEventListener("themechange", redraw);
}
