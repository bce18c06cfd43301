// A search: a brush along an axis of the parallel coordinates selects trials, in the address.
import { announce } from "./live.js";

const figure = document.getElementById("figure-parallel");
const form = document.getElementById("brush");
let isHeard = false;

/** What the part of an axis from `low` to `high` selects, both as shares of it; "" is everything. */
function selected(axis, low, high) {
  if (axis.choices) return choiceIn(axis.choices, low, high);
  const at = (share) => {
    const place = share * (axis.units.length - 1);
    const step = Math.min(Math.floor(place), axis.units.length - 2);
    return axis.units[step] + (place - step) * (axis.units[step + 1] - axis.units[step]);
  };
  // A brush over the end of an axis leaves nothing out there, whatever the last digit of a setting.
  return { from: low <= 0 ? "" : at(low), to: high >= 1 ? "" : at(high) };
}

/** One choice is selected at a time: the one whose middle is brushed, else that in the brush's middle. */
function choiceIn(choices, low, high) {
  const inside = choices.filter((_, place) => low <= (place + 0.5) / choices.length && (place + 0.5) / choices.length <= high);
  if (inside.length === choices.length && choices.length > 1) return "";
  const middle = Math.min(Math.max((low + high) / 2, 0), 1);
  const nearest = choices[Math.min(Math.floor(middle * choices.length), choices.length - 1)];
  if (inside.length > 1) announce(`One choice at a time: ${nearest} is selected`);
  return inside.length === 1 ? inside[0] : nearest;
}

function fill(axis, low, high) {
  const found = selected(axis, low, high);
  if (axis.name === "value") {
    form.elements.min_value.value = found.from;
    form.elements.max_value.value = found.to;
  } else if (axis.choices) form.elements[axis.name].value = found;
  else form.elements[axis.name].value = found.from === found.to ? "" : `${found.from}..${found.to}`;
}

function submit() {
  form.querySelector("details").open = true;
  form.requestSubmit();
}

function take({ range } = {}) {
  if (!range?.x) return;
  const [left, right] = range.x;
  const [low, high] = [Math.min(...range.y), Math.max(...range.y)];
  for (const [place, axis] of figure.layout.meta.axes.entries()) {
    if (left <= place && place <= right) fill(axis, low, high);
  }
  submit();
}

/** A press on the text of a choice selects it. */
function press({ annotation }) {
  const axis = figure.layout.meta.axes[annotation.x];
  if (!axis?.choices) return;
  fill(axis, annotation.y, annotation.y);
  submit();
}

// Plotly.js gives the box its events with its first drawing; a job without a search has no box.
if (figure !== null) new MutationObserver(() => {
  if (isHeard || !("drawn" in figure.dataset)) return;
  isHeard = true;
  figure.on("plotly_selected", take);
  figure.on("plotly_clickannotation", press);
}).observe(figure, { attributes: true, attributeFilter: ["data-drawn"] });

// The importance is computed elsewhere: it is asked for again until it is here.
const importance = document.getElementById("figure-importance");
let nLooks = 0;
const looking = setInterval(() => {
  const isComing = importance?.dataset.empty?.startsWith("It is being computed") && "lacking" in importance.dataset;
  if (nLooks++ > 20 || importance === null) clearInterval(looking);
  else if (isComing) document.dispatchEvent(new Event("redraw"));
}, 3000);
