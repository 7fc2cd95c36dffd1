"""What the browser is given: readable colours, modules that exist, templates the policy allows."""

import gzip
import re
from itertools import product
from pathlib import Path

import pytest
from django.template.loader import get_template

import noroshi
from noroshi.ui.assets import MODULES

HOUSE = Path(noroshi.__file__).parent
STATIC = HOUSE / "ui" / "static"
CSS = (STATIC / "ui" / "house.css").read_text(encoding="utf-8")
VENDOR = HOUSE.parent.parent / "build" / "vendor"
TEMPLATES = sorted(str(path.relative_to(HOUSE)) for path in HOUSE.rglob("templates/**/*.html"))
SCRIPT_BYTES_MAX = 60_000

# (ground, words): every pair that the style sheet puts together.
PAIRS = [
    *product(
        ["paper", "sheet", "hover"],
        ["ink", "ink-2", "ink-3", "ember", "amber", "pine", "indigo", "stone"],
    ),
    ("ink", "paper"),
    ("ember", "on-ember"),
    ("ember-soft", "ember"),
    ("amber-soft", "amber"),
    ("stone-soft", "stone"),
    ("stone-soft", "ink-2"),
    ("stone-soft", "ink-3"),
    ("indigo-soft", "ink"),
    ("indigo-soft", "ink-2"),
]


def tokens(theme):
    light, dark = CSS.split("prefers-color-scheme: dark", 1)
    block = light if theme == "light" else dark.split("@layer base", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ground", "words"), PAIRS)
def test_words_can_be_read_on_their_ground(theme, ground, words):
    colours = tokens(theme)
    low, high = sorted(luminance(colours[name]) for name in (ground, words))
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_an_input_can_be_seen(theme):
    colours = tokens(theme)
    low, high = sorted(luminance(colours[name]) for name in ("edge", "sheet"))
    assert (high + 0.05) / (low + 0.05) >= 3


def test_every_colour_of_the_light_has_one_for_the_dark():
    assert tokens("light").keys() == tokens("dark").keys()


def test_every_module_that_is_asked_for_is_in_the_map_and_on_disk():
    asked = set()
    for path in (STATIC / "ui" / "js").glob("*.js"):
        asked |= set(re.findall(r'from "([\w/]+)"', path.read_text(encoding="utf-8")))
    assert asked <= MODULES.keys()
    for path in MODULES.values():
        assert path.startswith("vendor/") or (STATIC / path).is_file()


def test_a_page_loads_at_most_sixty_kilobytes_of_script():
    if not (VENDOR / "uplot" / "uplot.js").is_file():
        pytest.skip("browser libraries are not set up (tools/vendor.py)")
    scripts = [*(STATIC / "ui" / "js").glob("*.js"), *VENDOR.glob("[hu]*/*.js")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= SCRIPT_BYTES_MAX


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_holds_what_the_policy_forbids(name):
    source = (HOUSE / name).read_text(encoding="utf-8")
    assert not re.search(
        r"\s(style|on(click|change|submit|load|input|key\w+|mouse\w+|focus|blur|error))=", source
    )
    assert not re.search(r"<script(?![^>]* src=)|<style", source)
    assert not re.search(r"hx-(on|vals=.js|headers=.js)", source)


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_says_what_to_do_without_any_context(name):
    html = get_template(f"{name}.html").render()
    assert "<h1>" in html
    assert 'class="button primary"' in html
