// Shows a refusal of the server as a list of faults.

/** A request that the server refused; `faults` lists each error where the server names them. */
export class Refusal extends Error {
  constructor(answer, status) {
    super(answer.detail || answer.title || `The server answered ${status}.`);
    this.title = answer.title || "The server refused the request";
    const one = { detail: this.message };
    this.faults = (answer.errors ?? []).length > 0 ? [...answer.errors] : [one];
    const more = (answer.n_errors ?? 0) - this.faults.length;
    if (more > 0) this.faults.push({ detail: `and ${more.toLocaleString("en")} more` });
  }
}

/** Return the place that a fault names: a JSON pointer, a parameter, or a file of a data set. */
export function placeOf(fault) {
  return fault.pointer || fault.parameter || fault.entry || "";
}

/** Return the nodes that show a fault: its location, if it has one, and its detail. */
export function partsOf(fault) {
  const place = document.createElement("code");
  place.textContent = placeOf(fault);
  const words = document.createElement("span");
  words.textContent = fault.detail;
  return place.textContent ? [place, " ", words] : [words];
}

/** Show a refusal in `box`: its title, and a line for each fault that `lineOf` makes. */
export function showRefusal(box, refusal, lineOf) {
  box.querySelector("h2").textContent = refusal.title;
  const lines = refusal.faults.map((fault) => {
    const line = document.createElement("li");
    line.append(...lineOf(fault));
    return line;
  });
  box.querySelector(".faults").replaceChildren(...lines);
  box.hidden = false;
}
