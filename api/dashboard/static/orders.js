// Orders that need more than a click, each with a dialog: to a job, or to a campaign.
import { at } from "./addresses.js";

/** Open a dialog; `present` has the budget of a job's searches and its evaluation's seeds. */
export function openOrder(action, present) {
  const dialog = document.getElementById(`${action}-dialog`);
  for (const form of dialog.querySelectorAll("form")) complain(form, "");
  if (present !== undefined && action === "extend") {
    offer("extend-trials", +present.budget);
    offer("extend-seeds", +present.seeds);
  }
  dialog.showModal();
  const contents = dialog.querySelector("[data-source]");
  if (contents !== null) fill(contents);
}

/** Say what an order concerns, as the server counts it now; what stands there is the rest. */
async function fill(place) {
  const answer = await fetch(at(place.dataset.source), { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...[...fresh.body.children].map((node) => document.importNode(node, true)));
}

/** Offer twice the present number; hide the form of a field where none can be raised. */
function offer(id, present) {
  const field = document.getElementById(id);
  field.form.hidden = present === 0;
  field.min = present + 1;
  field.value = Math.min(2 * present, field.max);
}

/**
 * Send an order to `target`, such as "jobs/3"; returns the answer, or throws what the server says
 * is wrong. What a deletion has for a body is its query.
 */
export async function order(target, action, body) {
  if (action === "delete" && body) return order(`${target}?${new URLSearchParams(body)}`, action);
  const method = { delete: "DELETE", annotate: "PATCH" }[action];
  const response = await fetch(at(method ? `v1/${target}` : `v1/${target}/${action}`), {
    method: method ?? "POST",
    ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  }).catch(() => { throw new UnreachableError(); });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const faults = (answer.errors ?? []).map((fault) => `${fault.pointer} ${fault.detail}`.trim());
  throw new Error(faults.join("; ") || answer.detail || `the server answered ${response.status}`);
}

/** Why no answer came: browsers say "Failed to fetch". */
export class UnreachableError extends Error {
  constructor() {
    super("the server does not answer. Try it again when it does");
  }
}

/** What a job takes, by action. */
const BODIES = {
  delete: () => undefined,
  annotate: (form) => ({
    tags: form.elements.tags.value.split(",").map((tag) => tag.trim()).filter(Boolean),
    note: form.elements.note.value,
  }),
  extend: ({ dataset, elements }) => {
    const name = dataset.by === "seeds" ? "n_seeds" : "n_trials";
    return { [name]: elements[name].valueAsNumber };
  },
  clone: (form) => {
    const changes = JSON.parse(form.elements.changes.value || "{}");
    if (changes === null || typeof changes !== "object" || Array.isArray(changes)) {
      throw new Error('The changes must be an object, such as {"budget": {"n_trials": 40}}.');
    }
    return { name: form.elements.name.value, seed: form.elements.seed.valueAsNumber, ...changes };
  },
};

function complain(form, text) {
  const notice = form.querySelector("[role=alert]");
  notice.textContent = text;
  notice.hidden = !text;
}

/**
 * Let the dialogs give orders to `target`; `carriedOut(action, answer)` hears of each. `bodies`
 * makes a body of each form, by action.
 */
export function takeOrders(target, carriedOut, bodies = BODIES) {
  for (const form of document.querySelectorAll("form[data-order]")) {
    const dialog = form.closest("dialog");
    form.querySelector("[data-leave]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const action = form.dataset.order;
      const buttons = form.querySelectorAll("button");
      for (const button of buttons) button.disabled = true;
      try {
        const answer = await order(target, action, bodies[action](form));
        dialog.close();
        carriedOut(action, answer);
      } catch (error) {
        complain(form, error instanceof SyntaxError ? `Not JSON: ${error.message}` : error.message);
      } finally {
        for (const button of buttons) button.disabled = false;
      }
    });
  }
}
