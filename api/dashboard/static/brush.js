// A search: a brush along an axis of the parallel coordinates selects trials, in the address.

const figure = document.getElementById("figure-parallel");
const form = document.getElementById("brush");
let isHeard = false;

/** The ends of a brush in the units of an axis. */
function ends(units, low, high) {
  const at = (share) => {
    const place = Math.min(Math.max(share, 0), 1) * (units.length - 1);
    const step = Math.min(Math.floor(place), units.length - 2);
    return units[step] + (place - step) * (units[step + 1] - units[step]);
  };
  return [at(low), at(high)].map((value) => Number(value.toPrecision(5)));
}

function take({ range } = {}) {
  if (!range?.x) return;
  const { axes } = figure.layout.meta;
  const [left, right] = range.x;
  const [low, high] = [Math.min(...range.y), Math.max(...range.y)];
  for (const [place, { name, units }] of axes.entries()) {
    if (place < left || place > right || units === null) continue;
    const [from, to] = ends(units, low, high);
    if (name === "value") {
      form.elements.min_value.value = low <= 0 ? "" : from;
      form.elements.max_value.value = high >= 1 ? "" : to;
    } else form.elements[name].value = `${from}..${to}`;
  }
  form.querySelector("details").open = true;
  form.requestSubmit();
}

// Plotly.js gives the box its events with its first drawing; a job without a search has no box.
if (figure !== null) new MutationObserver(() => {
  if (isHeard || !("drawn" in figure.dataset)) return;
  isHeard = true;
  figure.on("plotly_selected", take);
}).observe(figure, { attributes: true, attributeFilter: ["data-drawn"] });

// The importance is computed elsewhere: it is asked for again until it is here.
const importance = document.getElementById("figure-importance");
let nLooks = 0;
const looking = setInterval(() => {
  const isComing = importance?.dataset.empty?.startsWith("It is being computed") && "lacking" in importance.dataset;
  if (nLooks++ > 20 || importance === null) clearInterval(looking);
  else if (isComing) document.dispatchEvent(new Event("redraw"));
}, 3000);
