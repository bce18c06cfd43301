// The generated form of a spec: its controls change the text, and follow it.
import { morph } from "./live.js";
import { withToken } from "./json_edits.js";
import { placesIn } from "./pointers.js";

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const raw = new WeakSet(); // controls with text that is no JSON yet
const left = new Map(); // members that were taken out, as JSON, by "pointer kind" of what had them

/** Return the controls of the form that are in use. */
export function controlsIn(fields) {
  return [...fields.querySelectorAll("[data-control]")].filter((one) => one.closest(".unscripted") === null);
}

/** Return the control of a pointer, or of what is nearest above it; null where there is none. */
export function controlOf(fields, pointer) {
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = controlsIn(fields).find((one) => one.name === at)
      ?? [...fields.querySelectorAll("[data-pointer]")].find((one) => one.dataset.pointer === at);
    if (found !== undefined) return found;
  }
  return null;
}

/** Return the controls with text that is no value, hence not in the JSON. */
export function unparsedIn(fields) {
  return controlsIn(fields).filter((one) => raw.has(one));
}

/** Return the text with what a control says now; null while that is no value. */
export function taken(text, control) {
  const token = tokenOf(control);
  if (token === null) raw.add(control);
  else raw.delete(control);
  mark(control);
  if (token === null) return null;
  const known = control.dataset.members ? switched(text, control) : text;
  return withToken(known, control.name, token, keeps);
}

/** Say at a control whether its text is a value; what the server found wrong stays until its answer. */
function mark(control) {
  const [isRaw, box, id] = [raw.has(control), control.closest(".field"), `unread-${control.id}`];
  control.classList.toggle("unparsed", isRaw);
  control.toggleAttribute("aria-invalid", false);
  if (isRaw || box.classList.contains("wrong")) control.setAttribute("aria-invalid", "true");
  document.getElementById(id)?.remove();
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one !== id && one !== "");
  if (isRaw) others.unshift(sayUnread(box, id, control));
  if (others.length > 0) control.setAttribute("aria-describedby", others.join(" "));
  else control.removeAttribute("aria-describedby");
}

function sayUnread(box, id, control) {
  const line = document.createElement("p");
  Object.assign(line, { id, className: "wrong-text", textContent: `This is not ${control.type === "number" ? "a number" : "JSON"} yet.` });
  box.append(line);
  return id;
}

/** An object that a box stands for means something while it is empty. */
function keeps(pointer) {
  return document.querySelector(`input[data-control="box"][name="${CSS.escape(pointer)}"]`) !== null;
}

/** Return what a control says as JSON; undefined for nothing, null for what is no value. */
function tokenOf(control) {
  const { value } = control;
  if (control.validity.badInput) return null;
  if (control.type === "checkbox") return control.checked ? value : undefined;
  if (value.trim() === "") return undefined;
  switch (control.dataset.control) {
    case "choice": return control.selectedOptions[0].dataset.token ?? JSON.stringify(value);
    case "number":
    case "mixed": return NUMBER.test(value.trim()) ? value.trim() : JSON.stringify(value);
    case "json": return isJson(value) ? value.trim() : null;
    default: return JSON.stringify(value);
  }
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Take out the members that another kind does not know, or knows with another meaning; bring back
 * those that this kind had when it was chosen before.
 */
function switched(text, control) {
  const [parent, tag, kind] = [...parted(control.name), control.value];
  const held = valueAt(JSON.parse(text), parent);
  if (Array.isArray(held)) return text;
  const own = held !== null && typeof held === "object" ? held : {};
  const earlier = typeof held === "string" ? held : own[tag]; // a text is the short form of an object
  const meanings = JSON.parse(control.dataset.members);
  const [before, now] = [meanings[earlier], meanings[kind]];
  if (kind !== "" && held !== null && (before === undefined || now === undefined)) return text;
  const gone = Object.keys(own).filter((name) => name !== tag && (kind === "" || (name in before && before[name] !== now[name])));
  const places = placesIn(text);
  const tokens = gone.map((name) => [name, text.slice(...valueRange(places.get(below(parent, name))))]);
  left.set(`${parent} ${earlier}`, tokens);
  if (kind === "") return withToken(text, parent, undefined);
  const taken = gone.reduce((rest, name) => withToken(rest, below(parent, name), undefined, () => true), text);
  const back = (left.get(`${parent} ${kind}`) ?? []).filter(([name]) => !(name in own) || gone.includes(name));
  return back.reduce((rest, [name, token]) => withToken(rest, below(parent, name), token), taken);
}

/** Forget what was taken out below a pointer: something else stands there from now on. */
export function forget(pointer) {
  for (const key of left.keys()) if (key.startsWith(pointer)) left.delete(key);
}

function valueRange([, end, start]) {
  return [start, end];
}

function parted(pointer) {
  const at = pointer.lastIndexOf("/");
  return [pointer.slice(0, at), pointer.slice(at + 1)];
}

function below(pointer, name) {
  return `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function valueAt(value, pointer) {
  for (const part of pointer.split("/").slice(1)) value = value?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return value ?? null;
}

/** Return what the form shows as wrong, each with its pointer. */
export function wrongIn(fields) {
  return [...fields.querySelectorAll(".wrong-text")].map((line) => {
    const pointer = line.closest(".field")?.querySelector("[data-control]")?.name ?? line.closest("[data-pointer]")?.dataset.pointer;
    return pointer === undefined ? line.textContent : `${pointer}: ${line.textContent}`;
  });
}

/** Show the form as the server has made it of the text; what is being typed stays. */
export function follow(part) {
  const fields = document.getElementById("fields");
  part.getElementById("fields").hidden = fields.hidden; // behind the text it stays hidden
  for (const id of ["fields", "copies"]) morph(document.getElementById(id), part.getElementById(id));
  for (const control of controlsIn(document.getElementById("fields"))) {
    const isTyped = control === document.activeElement && control.type !== "checkbox" && control.tagName !== "SELECT";
    if (raw.has(control)) mark(control);
    else if (!isTyped) settle(control);
  }
}

function settle(control) {
  if (control.type === "checkbox") control.checked = control.defaultChecked;
  else if (control.tagName === "SELECT") control.value = (control.querySelector("option[selected]") ?? control.options[0]).value;
  else if (control.value !== control.defaultValue) control.value = control.defaultValue;
}
