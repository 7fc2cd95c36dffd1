"""What looks over a browser's shoulder: errors, policy reports, accessibility, width, pictures."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "build" / "vendor" / "axe" / "axe.min.js"
PICTURES = ROOT / "var" / "pictures"
PHONE, DESK = 390, 1280
HEIGHT = 900
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
RUN_AXE = """
async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((one) =>
  `${one.id}: ${one.help}: ` +
    one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | "))
"""
# What is drawn anew for another width, as a chart is, has half a second.
TOO_WIDE = """
async () => {
  const fits = () => (document.documentElement?.scrollWidth ?? 0) <= innerWidth;
  for (let picture = 0; picture < 30 && !fits(); picture += 1)
    await new Promise(requestAnimationFrame);
  return fits() ? [] : [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 5).map((one) => one.outerHTML.slice(0, 150));
}
"""


@dataclass
class Eyes:
    """Sees everything that goes wrong in one browser context."""

    problems: list[str] = field(default_factory=list)
    expected_statuses: set[int] = field(default_factory=set)

    def watch(self, context: BrowserContext) -> None:
        """Begin to watch every page of the context."""
        context.add_init_script(WATCH_POLICY)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        context.on("response", self._answered)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self._is_expected(message.text):
            self.problems.append(f"console: {message.text} ({message.page and message.page.url})")

    def _answered(self, response: Response) -> None:
        if response.url.endswith("/csp-report"):
            self.problems.append(f"policy report: {response.request.post_data}")
        elif response.status >= 400 and response.status not in self.expected_statuses:
            self.problems.append(f"{response.status} {response.url}")

    def _is_expected(self, words: str) -> bool:
        return any(f"status of {status}" in words for status in self.expected_statuses)


def look_at(page: Page, name: str, *, axe_at: int = PHONE) -> list[str]:
    """What is wrong with the page on the phone and on the desk.

    Axe is slow: it looks at one width only, or with 0 not at all. Pictures are slow too: they are
    taken when somebody made a folder for them.
    """
    found = []
    page.wait_for_load_state()
    as_it_is = page.viewport_size["width"] if page.viewport_size else DESK
    for width in (as_it_is, PHONE if as_it_is == DESK else DESK):
        if width != as_it_is:
            page.set_viewport_size({"width": width, "height": HEIGHT})
        if width == axe_at:
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found += [f"{width} px: axe: {words}" for words in page.evaluate(RUN_AXE)]
        found += [f"{width} px: too wide: {words}" for words in page.evaluate(TOO_WIDE)]
        if PICTURES.is_dir():
            page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
    return found
