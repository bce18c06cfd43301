// Which pages of this browser hold an event stream: HTTP/1.1 has six connections for all of them.

const MOST = 3;

/**
 * Take one of the places for a stream. Returns a function that gives it back, or null while all
 * are taken; a page that ends gives its place back by itself.
 *
 * Browsers have no locks for pages without HTTPS from another machine: those never get a place.
 */
export async function takePlace() {
  if (!navigator.locks) return null;
  for (let place = 0; place < MOST; place++) {
    const leave = await taken(`densearch-stream-${place}`);
    if (leave !== null) return leave;
  }
  return null;
}

function taken(name) {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) return resolve(null);
        return new Promise((leave) => resolve(leave)); // the lock is held until that is called
      })
      .catch(reject);
  });
}
