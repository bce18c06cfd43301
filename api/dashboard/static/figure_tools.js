// What one can do with a figure: save it as SVG, PNG or CSV, and see it on the whole screen.
import { at } from "./addresses.js";
import { announce } from "./live.js";
import { picture } from "./pictures.js";

// Pixels of a saved picture for each pixel on the screen: enough for print.
const PNG_SCALE = 3;

/** Bring the tools of a figure's card up to date; `address` is where its figure came from. */
export function equip(box, figure, address) {
  const card = box.closest("figure");
  if (card === null) return;
  const caption = card.querySelector("[data-caption]");
  if (caption !== null) caption.textContent = figure.layout.meta?.caption ?? "";
  const tools = card.querySelector("[data-tools]");
  if (tools === null) return;
  tools.hidden = false;
  const table = tools.querySelector("[data-save=csv]");
  if (table !== null) table.href = `${address}&format=csv`;
  for (const button of tools.querySelectorAll("[data-enlarge]")) button.hidden = !document.fullscreenEnabled;
}

/** Let a press on what stands for a trial open its page. */
export function link(box) {
  if (box.isLinked) return;
  box.isLinked = true;
  box.on("plotly_click", ({ points }) => {
    const { data, customdata } = points[0];
    const id = Array.isArray(customdata) ? customdata[0] : customdata;
    if (data.meta?.link && id !== undefined) location.assign(at(`${data.meta.link}${id}`));
  });
}

/** The name of a saved file: the job, the figure. */
function nameOf(box) {
  return ["job", document.getElementById("job")?.dataset.job, box.dataset.figure].filter(Boolean).join("-");
}

async function save(box, format, button) {
  button.disabled = true;
  const { figure, width, height } = picture(box);
  const scale = format === "png" ? PNG_SCALE : 1;
  try {
    await window.Plotly.downloadImage(figure, { format, width, height, scale, filename: nameOf(box) });
    announce(`Saved as ${format.toUpperCase()}`);
  } catch {
    announce(`The figure could not be saved as ${format.toUpperCase()}`);
  }
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save], [data-enlarge]");
  const card = button?.closest("figure");
  const box = card?.querySelector("[data-figure]");
  if (!box) return;
  if ("enlarge" in button.dataset) toggle(card);
  else if (button.dataset.save !== "csv") save(box, button.dataset.save, button);
});

async function toggle(card) {
  if (document.fullscreenElement === card) await document.exitFullscreen();
  else await card.requestFullscreen().catch(() => announce("The browser refuses the full screen"));
}

// Also when Escape has left it.
document.addEventListener("fullscreenchange", () => {
  for (const button of document.querySelectorAll("[data-enlarge]")) {
    const isLarge = document.fullscreenElement?.contains(button) ?? false;
    button.textContent = isLarge ? "Leave full screen" : "Full screen";
  }
  for (const box of document.querySelectorAll("[data-figure][data-drawn]")) window.Plotly?.Plots.resize(box);
});
