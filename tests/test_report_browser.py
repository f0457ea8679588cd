"""The page of a report in a headless browser: it fetches nothing, fits, sorts and prints."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_material import HOSTILE, evaluated, figure, full, material

from textsynth.evaluate.report import page

pytest.importorskip("playwright")
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)  # else the one that playwright may have installed itself

QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
# The contrast (WCAG 2.2) of each text with what lies behind it, where that is too little.
CONTRAST = """() => {
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || element.closest("script, style, title")) continue;
    const style = getComputedStyle(element);
    const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
    const paper = behind(element);
    const through = Number(style.opacity);
    const seen = ink.slice(0, 3).map((c, i) => c * through + paper[i] * (1 - through));
    const [one, other] = [light(seen), light(paper)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    data = full()
    data["metrics"]["privacy"]["notes"] = [HOSTILE]
    data["metrics"]["privacy"]["figures"].append(figure("a_name_of_a_figure" * 6, 0.1, real=0.2))
    data["metrics"]["fidelity"]["figures"] += [
        figure(f"a_long_name_of_figure_{n}", 0.1, real=0.2, intent=f"set_an_alarm_{at}")
        for n in range(8)
        for at in range(3)
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    words = {"text": "w" * 400, "intent": "i" * 90, "origin": "model", "slots": []}
    samples = [*material().samples, words]
    path.write_text(page(material(measured=evaluated(data), samples=samples)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as play:
        try:
            opened = play.chromium.launch(executable_path=BROWSER, args=QUIET)
        except Error as error:
            if BROWSER or "Executable doesn't exist" not in str(error):
                raise
            pytest.skip("no browser is installed")
        yield opened
        opened.close()


class Seen:
    """A page that is open, and what it said and asked for."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def column(self, heading: str) -> list[str]:
        """The first column of the figures under this heading."""
        found: list[str] = self.page.locator(
            f"section:has(h2:text-is('{heading}')) table.figures tbody th"
        ).evaluate_all("all => all.map((head) => head.firstChild.textContent)")
        return found


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    made: list[Seen] = []

    def open_(**context: Any) -> Seen:
        made.append(Seen(browser, address, **context))
        return made[-1]

    yield open_
    for seen in made:
        seen.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_says_nothing_asks_nothing_and_fits(
    opened: Any, address: str, width: int, scheme: str
) -> None:
    seen = opened(viewport={"width": width, "height": 800}, color_scheme=scheme)
    seen.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    seen.page.mouse.wheel(0, 20_000)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert seen.said == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [address]
    assert seen.page.evaluate(CONTRAST) == []


def test_the_schemes_differ(opened: Any) -> None:
    papers = {
        opened(color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(papers) == 2


def test_tables_sort_by_click(opened: Any) -> None:
    seen = opened()
    button = seen.page.get_by_role("region", name="Variety: figures").get_by_role(
        "button", name="Synthetic"
    )
    assert seen.column("Variety") == ["Different word pairs", "Different meanings"]
    button.click()
    button.click()
    assert seen.column("Variety") == ["Different meanings", "Different word pairs"]
    assert seen.page.locator("th[aria-sort=descending]").count() == 1


def test_tables_sort_by_keyboard(opened: Any) -> None:
    seen = opened()
    head = seen.page.get_by_role("region", name="Variety: figures").get_by_role(
        "button", name="Figure"
    )
    head.focus()
    seen.page.keyboard.press("Enter")
    assert seen.column("Variety") == ["Different meanings", "Different word pairs"]
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Space")
    assert seen.column("Variety") == ["Different word pairs", "Different meanings"]
    assert seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_what_has_no_value_stays_last(opened: Any) -> None:
    seen = opened()
    button = seen.page.get_by_role("region", name="Likeness: figures").get_by_role(
        "button", name="Synthetic"
    )
    for _ in range(2):
        button.click()
        assert seen.column("Likeness")[-1] == "mauve"


def test_links_lead_to_their_section(opened: Any) -> None:
    seen = opened(reduced_motion="reduce")
    seen.page.get_by_role("link", name="Privacy").click()
    top = seen.page.get_by_role("heading", name="Privacy", exact=True, level=2).bounding_box()["y"]
    assert 0 <= top < 100
    assert seen.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_paper_is_light_open_and_whole(opened: Any) -> None:
    seen = opened(color_scheme="dark", viewport={"width": 718, "height": 1000})  # of A4
    seen.page.emulate_media(media="print", color_scheme="dark")
    body = "getComputedStyle(document.body)"
    assert seen.page.evaluate(f"[{body}.backgroundColor, {body}.color]") == [
        "rgb(255, 255, 255)", "rgb(0, 0, 0)"]  # fmt: skip
    assert not seen.page.get_by_role("navigation").is_visible()
    closed = "document.querySelectorAll('details:not([open])').length"
    assert seen.page.evaluate(closed) > 0
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.page.evaluate(closed) == 0
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 718
    seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert seen.page.evaluate(closed) > 0
    assert seen.page.pdf(format="A4").startswith(b"%PDF")


def test_it_reads_without_scripts(opened: Any) -> None:
    seen = opened(java_script_enabled=False)
    assert seen.column("Variety") == ["Different word pairs", "Different meanings"]
    assert seen.page.locator("th button").count() == 0


def test_a_point_of_the_map_shows_what_it_says(opened: Any) -> None:
    seen = opened()
    tips = seen.page.locator("svg use title").all_text_contents()
    assert "intent_3: row 3" in tips
    assert "intent_3" in tips  # of a real row: no text
    assert not any("row" in tip for tip in tips if ":" not in tip)


def test_a_page_without_an_evaluation_fits_too(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(material(measured=None)), encoding="utf-8")
    seen = Seen(browser, path.as_uri(), viewport={"width": 360, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 360
    assert seen.said == []
    seen.context.close()
