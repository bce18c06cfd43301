"""What any page must look like, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from api.dashboard.figures.themes import ThemeName

# Contrasts follow the scheme, and what scrolls follows the width: each is looked at once.
SCREENS: tuple[tuple[int, ThemeName], ...] = ((1280, "light"), (400, "dark"))
# Every visible text and its WCAG contrast with what lies behind it, the lowest first.
CONTRASTS = """() => {
  const probe = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => {
    probe.clearRect(0, 0, 1, 1); probe.fillStyle = text; probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
  };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const ground = (el) => {
    const chain = [];
    for (let e = el; e; e = e.parentElement) chain.push(rgba(getComputedStyle(e).backgroundColor));
    return chain.reverse().reduce((under, top) => over(top, under), [1, 1, 1]);
  };
  const light = (c) => c.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !el.checkVisibility() || el.closest('svg, :disabled'))
      continue;
    if (el.closest('.visually-hidden, .skip, option')) continue;
    const behind = ground(el);
    const [a, b] = [light(over(rgba(getComputedStyle(el).color), behind)), light(behind)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


def check_looks(page: Page, n_texts: int = 0, settle: Callable[[], None] = lambda: None) -> None:
    """Nothing scrolls sideways and everything can be read, at both widths and in both schemes.

    Args:
        page: As it is to be seen.
        n_texts: More texts than these are on it.
        settle: Waits for what follows the width or the scheme late.
    """
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        settle()
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{page.url} scrolls sideways by {overflow} px at {width}"
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > n_texts
        assert contrasts[0][0] >= 4.5, (page.url, width, scheme, contrasts[:5])
