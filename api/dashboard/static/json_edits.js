// Changes one value in a JSON text and leaves the rest of the text as it is.
import { placesIn } from "./pointers.js";

/**
 * Return `text` with `token`, a JSON text, as the value at `pointer`; what holds it is made where
 * it is missing. Without a token the value is taken out, and what becomes empty by that, unless
 * `keeps(pointer)` says that it stays. Throws where the text is no JSON.
 */
export function withToken(text, pointer, token, keeps = () => false) {
  const places = placesIn(text);
  const held = places.get(pointer);
  if (token === undefined) return held === undefined ? text : without(text, places, pointer, keeps);
  if (held !== undefined) return text.slice(0, held[2]) + token + text.slice(held[1]);
  const [parent, name] = parted(pointer);
  const own = places.get(parent);
  if (own === undefined) return withToken(text, parent, holding(name, token), keeps);
  const [, end, start] = own;
  const value = JSON.parse(text.slice(start, end));
  if (value !== null && typeof value === "object") return grown(text, start, end, Array.isArray(value), name, token);
  return text.slice(0, start) + renamed(value, name, token) + text.slice(end);
}

function parted(pointer) {
  const at = pointer.lastIndexOf("/");
  return [pointer.slice(0, at), pointer.slice(at + 1).replaceAll("~1", "/").replaceAll("~0", "~")];
}

/** Return what holds a value under a name; a number is the index of a list. */
function holding(name, token) {
  return /^\d+$/.test(name) ? `[${token}]` : `{${JSON.stringify(name)}: ${token}}`;
}

/** Return what stands in place of a plain value: a text is the short form of an object by its name. */
function renamed(value, name, token) {
  if (typeof value !== "string") return holding(name, token);
  return name === "name" ? token : `{"name": ${JSON.stringify(value)}, ${JSON.stringify(name)}: ${token}}`;
}

function grown(text, start, end, isList, name, token) {
  const item = isList ? token : `${JSON.stringify(name)}: ${token}`;
  const body = text.slice(start + 1, end - 1);
  if (body.trim() === "") return text.slice(0, start + 1) + item + text.slice(end - 1);
  const lead = /^\s*/.exec(body)[0];
  const last = start + 1 + body.trimEnd().length;
  return `${text.slice(0, last)},${lead.includes("\n") ? lead : " "}${item}${text.slice(last)}`;
}

function without(text, places, pointer, keeps) {
  const [start, end] = places.get(pointer);
  const [before, after] = [text.slice(0, start).trimEnd(), text.slice(end)];
  if (before.endsWith(",")) return before.slice(0, -1) + after;
  const next = /^\s*,\s*/.exec(after);
  if (next !== null) return text.slice(0, start) + after.slice(next[0].length);
  const emptied = before + after.trimStart();
  const [parent] = parted(pointer);
  const isItem = /\/\d+$/.test(parent);
  return parent === "" || isItem || keeps(parent) ? emptied : withToken(emptied, parent, undefined, keeps);
}
