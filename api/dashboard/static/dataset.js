// One data set: copying its example, and deleting it by a dialog.
import { at } from "./addresses.js";
import "./live.js";
import { openOrder, takeOrders } from "./orders.js";

const id = document.getElementById("dataset").dataset.dataset;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button !== null) openOrder(button.dataset.action);
});

takeOrders(`datasets/${id}`, () => location.assign(at("datasets")));
