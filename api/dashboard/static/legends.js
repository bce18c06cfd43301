// The legend of a figure: a button for each group of its lines, which shows and hides them.

const DASHES = { dash: "8 4", dot: "2.5 3.5", dashdot: "8 3 2.5 3" };
const SVG = "http://www.w3.org/2000/svg";

/** The groups that the reader has hidden in a figure's box; they stay hidden when it is updated. */
function hiddenIn(box) {
  box.hiddenGroups ??= new Set();
  return box.hiddenGroups;
}

/** Return the traces of a figure, those of hidden groups not to be shown. */
export function shown(box, traces) {
  const hidden = hiddenIn(box);
  return traces.map((trace) => (hidden.has(trace.legendgroup) ? { ...trace, visible: false } : trace));
}

/** Write the legend of a figure into its card; `redraw` draws it again with what is hidden now. */
export function write(box, traces, redraw) {
  const list = box.closest("figure")?.querySelector("[data-legend]");
  if (!list) return;
  const groups = new Map();
  for (const trace of traces) {
    if (!trace.legendgroup || !trace.meta?.label) continue;
    const known = groups.get(trace.legendgroup);
    if (!known || (!known.line?.color && trace.line?.color)) groups.set(trace.legendgroup, trace);
  }
  const wanted = [...groups].map(([group, trace]) => entry(box, group, trace, traces, redraw));
  const kept = list.contains(document.activeElement) ? document.activeElement.dataset.group : null;
  list.replaceChildren(...wanted);
  if (kept !== null) list.querySelector(`[data-group="${CSS.escape(kept)}"]`)?.focus();
}

function entry(box, group, trace, traces, redraw) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.group = group;
  button.setAttribute("aria-pressed", String(!hiddenIn(box).has(group)));
  const name = document.createElement("bdi");
  name.textContent = textOf(trace.meta.label);
  const hasBand = traces.some((other) => other.legendgroup === group && other.fill);
  button.append(swatch(trace, hasBand), name);
  button.addEventListener("click", () => {
    const hidden = hiddenIn(box);
    if (!hidden.delete(group)) hidden.add(group);
    button.setAttribute("aria-pressed", String(!hidden.has(group)));
    redraw();
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Labels come escaped, as all text of a figure does. */
function textOf(escaped) {
  return new DOMParser().parseFromString(escaped, "text/html").documentElement.textContent;
}

function drawn(tag, looks) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(looks)) element.setAttribute(name, value);
  return element;
}

/** The colour and dash of a trace, on a band where its group has one. */
function swatch(trace, hasBand) {
  const svg = drawn("svg", { width: 26, height: 8, viewBox: "0 0 26 8", "aria-hidden": "true" });
  const isLine = Boolean(trace.line?.color) && trace.type === "scatter";
  const colour = isLine ? trace.line.color : trace.marker?.color;
  const ends = { x1: 1, y1: 4, x2: 25, y2: 4, stroke: colour };
  if (hasBand) svg.append(drawn("line", { ...ends, "stroke-width": 8, opacity: 0.25 }));
  svg.append(isLine
    ? drawn("line", { ...ends, "stroke-width": 2.5, "stroke-dasharray": DASHES[trace.line.dash] ?? "none" })
    : drawn("rect", { x: 8, y: 0, width: 10, height: 8, fill: colour }));
  return svg;
}
