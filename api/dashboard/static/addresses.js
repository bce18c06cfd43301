// Addresses on this server, wherever a reverse proxy puts it: the pages never name its prefix.

/** Return the address of `path`, which is relative to the server's root and begins with no slash. */
export function at(path) {
  return new URL(`../${path}`, import.meta.url).href;
}
