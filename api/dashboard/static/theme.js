// The colours that the reader chose in the footer; those of the system without a choice.
(() => {
  const KEY = "densearch-theme";
  const root = document.documentElement;

  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  /** Return the choice that this browser keeps; browsers may forbid to keep any. */
  function kept() {
    try { return localStorage.getItem(KEY) ?? ""; } catch { return ""; }
  }

  function keep(theme) {
    try { localStorage.setItem(KEY, theme); } catch { /* It holds until the page is left. */ }
  }

  function choose(theme) {
    apply(theme);
    document.dispatchEvent(new Event("themechange"));
  }

  apply(kept());
  addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = root.dataset.theme ?? "";
    select.parentElement.hidden = false;
    select.addEventListener("change", () => { keep(select.value); choose(select.value); });
    // Another tab chose.
    addEventListener("storage", (event) => {
      if (event.key !== KEY) return;
      choose(event.newValue ?? "");
      select.value = root.dataset.theme ?? "";
    });
  });
})();
