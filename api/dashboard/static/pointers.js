// Finds the location of a JSON pointer in a text.

const TOKEN = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+)/y;

/**
 * Return where `pointer` leads in a JSON text, as [start, end]: a member with its key, an item, or
 * the nearest that holds it. Null where that is the whole text, or where the text is no JSON.
 */
export function locate(text, pointer) {
  let places;
  try {
    places = placesIn(text);
  } catch {
    return null; // no JSON, or nested too deep to be walked
  }
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    if (places.has(at)) return places.get(at).slice(0, 2);
  }
  return null;
}

/** Return the range of the line and column that a message names; null if it names none. */
export function locateLine(text, message) {
  const found = /line (\d+), column (\d+)/.exec(message);
  if (found === null) return null;
  const before = text.split("\n").slice(0, found[1] - 1);
  const start = before.reduce((sum, line) => sum + line.length + 1, 0) + (found[2] - 1);
  return [start, start + 1];
}

/**
 * Return by JSON pointer where each member and item of a JSON text is, as [start, end, value]: the
 * start is that of a member's key, the value's follows. Throws where the text is no JSON.
 */
export function placesIn(text) {
  const places = new Map();
  const scan = new RegExp(TOKEN);

  function next() {
    const found = scan.exec(text);
    if (found === null) throw new SyntaxError("no JSON");
    return found[1];
  }

  function walk(at, token) {
    if (token === "{") members(at);
    else if (token === "[") items(at);
  }

  function members(at) {
    for (let token = next(); token !== "}"; token = next()) {
      if (token === ",") continue;
      const start = scan.lastIndex - token.length;
      const name = JSON.parse(token).replaceAll("~", "~0").replaceAll("/", "~1");
      next(); // the colon
      const first = next();
      const value = scan.lastIndex - first.length;
      walk(`${at}/${name}`, first);
      places.set(`${at}/${name}`, [start, scan.lastIndex, value]);
    }
  }

  function items(at) {
    let index = 0;
    for (let token = next(); token !== "]"; token = next()) {
      if (token === ",") continue;
      const start = scan.lastIndex - token.length;
      walk(`${at}/${index}`, token);
      places.set(`${at}/${index}`, [start, scan.lastIndex, start]);
      index += 1;
    }
  }

  const first = next();
  const start = scan.lastIndex - first.length;
  walk("", first);
  places.set("", [start, scan.lastIndex, start]);
  return places;
}
