"""Whether a person sees all there is on a page: texts that leave the screen or are cut by what holds them.

Text in a part that scrolls sideways by itself can be reached; text that ends in an ellipsis says that there is more.
"""

from __future__ import annotations

from playwright.sync_api import Page

_FIND = """() => {
  const cut = [], wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 1) cut.push(`the page is ${wide} pixels wider than the screen`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const holder = texts.currentNode.parentElement, said = texts.currentNode.data.trim();
    if (!said || !holder.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    let right = window.innerWidth, isReachable = box.width === 0;
    for (let up = holder; up && !isReachable; up = up.parentElement) {
      const style = getComputedStyle(up), own = up.getBoundingClientRect();
      isReachable = ['auto', 'scroll'].includes(style.overflowX) || style.textOverflow === 'ellipsis' || own.width < 2;
      if (style.overflowX === 'hidden' || style.overflowX === 'clip') right = Math.min(right, own.right);
    }
    if (!isReachable && box.right > right + 1) cut.push(said.slice(0, 60));
  }
  return [...new Set(cut)];
}"""


def cut_off(page: Page) -> list[str]:
    """The texts that are cut off at the right, and whether the page is wider than the screen."""
    found: list[str] = page.evaluate(_FIND)
    return found
