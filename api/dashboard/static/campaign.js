// One campaign: cancelled, extended and deleted by dialogs, and refreshed like the list of jobs.
import { at } from "./addresses.js";
import { paced, refresh } from "./live.js";
import { openOrder, takeOrders } from "./orders.js";

const id = document.getElementById("campaign").dataset.campaign;
const look = paced(() => refresh(location.href).catch((error) => {
  if (error.status === 404) location.reload(); // deleted: the server's page says so
  throw error;
}), 1000);

setInterval(() => { if (!document.hidden) look(); }, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });

const BODIES = {
  cancel: () => undefined,
  delete: (form) => (form.elements.jobs.value ? { jobs: true } : undefined),
  extend: (form) => {
    const values = JSON.parse(form.elements.values.value);
    if (!Array.isArray(values)) throw new Error("The values must be a list, such as [3, 4].");
    return { path: form.elements.path.value, values };
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button !== null) openOrder(button.dataset.action);
});

takeOrders(`campaigns/${id}`, (action) => {
  if (action === "delete") location.assign(at("campaigns"));
  else look();
}, BODIES);
