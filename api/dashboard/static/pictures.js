// A figure as a picture that stands alone: title, legend, caption and ground, which the page has around it.

// Pixels: a picture of a narrow screen is as readable as one of a wide screen.
const LEAST_WIDTH = 720;
const LEAST_HEIGHT = 320;
const SIDE = 16;
const LINE = 19;

/** Text of the page as Plotly.js draws it literally. */
function literal(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Cut a text into lines of at most so many characters, between words where it has some. */
function lines(text, about) {
  const most = Math.floor(about);
  const found = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = found.length - 1;
    if (last >= 0 && found[last].length + word.length < most) found[last] += ` ${word}`;
    else for (let at = 0; at < word.length; at += most) found.push(word.slice(at, at + most));
  }
  return found;
}

/** How many lines the entries of a legend take in a picture. */
function rows(labels, width) {
  if (labels.length === 0) return 0;
  const widest = Math.max(...labels.map((label) => label.length));
  return Math.ceil(labels.length / Math.max(1, Math.floor(width / (widest * 7 + 44))));
}

/** The traces, with an entry in the legend for each group of theirs that is shown. */
function withLegend(traces) {
  const named = new Map();
  for (const trace of traces) {
    const { legendgroup: group, meta } = trace;
    if (!group || !meta?.label || trace.visible === false) continue;
    if (!named.has(group) || (!named.get(group).line?.color && trace.line?.color)) named.set(group, trace);
  }
  return traces.map((trace) => {
    const isNamed = named.get(trace.legendgroup) === trace;
    return isNamed ? { ...trace, name: trace.meta.label, showlegend: true } : { ...trace, showlegend: false };
  });
}

/** What stands in the page around a figure's box. */
function around(box) {
  const text = (selector, place = document) => place?.querySelector(selector)?.textContent.trim() ?? "";
  const card = box.closest("figure");
  return { page: text("h1"), title: text("figcaption", card), caption: text("[data-caption]", card) };
}

/** The title of a picture: page and figure in bold, the caption below them. */
function titleOf(box, inner) {
  const { page, title, caption } = around(box);
  const bold = [...lines(page, inner / 9), ...lines(title, inner / 8.5)].map((line) => `<b>${literal(line)}</b>`);
  return [...bold, ...lines(caption, inner / 6.8).map((line) => `<span style="font-size:12px">${literal(line)}</span>`)];
}

/**
 * Return the figure that is drawn in `box` as one that needs no page, and its size in pixels.
 *
 * It shows what the box shows, with the reader's zoom and without the lines that are hidden.
 */
export function picture(box) {
  const { layout } = box;
  const shown = box.getBoundingClientRect();
  const width = Math.max(Math.round(shown.width), LEAST_WIDTH);
  const isSquare = box.classList.contains("square");
  const room = isSquare ? width * (shown.height / shown.width) : Math.max(shown.height, LEAST_HEIGHT);
  const inner = width - 2 * SIDE;
  const data = withLegend(box.data);
  const labels = data.filter((trace) => trace.showlegend).map((trace) => trace.name);
  const title = titleOf(box, inner);
  const above = 1.6 * SIDE + title.length * LINE;
  const legend = rows(labels, inner) * LINE;
  const height = Math.round(room + above + legend + SIDE);
  const ground = layout.hoverlabel.bgcolor; // that of the theme in which it was drawn
  const left = { xref: "container", yref: "container", xanchor: "left", yanchor: "top", x: SIDE / width };
  const own = {
    title: { ...left, y: 1 - 1.6 * SIDE / height, text: title.join("<br>"), font: { size: 14 }, automargin: false },
    showlegend: labels.length > 0,
    legend: { ...left, y: 1 - above / height, orientation: "h", bgcolor: "rgba(0,0,0,0)" },
    paper_bgcolor: ground,
    plot_bgcolor: ground,
    margin: {
      l: Math.max(layout.margin.l, SIDE), r: Math.max(layout.margin.r, SIDE),
      t: layout.margin.t + above + legend, b: layout.margin.b + SIDE,
    },
    autosize: false, width, height,
  };
  return { figure: { data, layout: { ...layout, ...own } }, width, height };
}
