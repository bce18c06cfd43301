// A link on another site brings no cookie (SameSite=Strict). This page asks again by itself, once:
// a browser that has the cookie shows the page that the link names.
const key = `densearch-asked ${location.href}`;
if (document.getElementById("token-wrong") === null && sessionStorage.getItem(key) === null) {
  sessionStorage.setItem(key, "yes");
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
  if (answer.ok && !location.pathname.endsWith("/token")) location.reload();
} else {
  sessionStorage.removeItem(key);
}
