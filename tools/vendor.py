"""Copy what pages and papers load from node_modules to build, each with its licence."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "build" / "vendor"  # served to browsers
FONTS = ROOT / "build" / "fonts"  # set into PDF files, never served

# (from, to)
FILES = (
    ("htmx.org/dist/htmx.min.js", "htmx/htmx.min.js"),
    ("htmx.org/LICENSE", "htmx/LICENSE"),
    ("uplot/LICENSE", "uplot/LICENSE"),
    ("axe-core/axe.min.js", "axe/axe.min.js"),
    ("axe-core/LICENSE", "axe/LICENSE"),
    ("axe-core/LICENSE-3RD-PARTY.txt", "axe/LICENSE-3RD-PARTY.txt"),
)
FONT_HOME = "@expo-google-fonts/biz-udgothic"
FONT_FILES = (
    ("400Regular/BIZUDGothic_400Regular.ttf", "BIZUDGothic-Regular.ttf"),
    ("700Bold/BIZUDGothic_700Bold.ttf", "BIZUDGothic-Bold.ttf"),
    ("LICENSE_FONT", "BIZUDGothic-LICENSE.txt"),
)
# uPlot's own module is not minified (42 kB compressed against 22 kB): its minified script with an
# export line is the same code as a module.
UPLOT_SCRIPT = "uplot/dist/uPlot.iife.min.js"
UPLOT_MODULE = "uplot/uplot.js"


def main() -> int:
    """Copy all; 1 and one clear line when the libraries are not installed."""
    fonts = [f"{FONT_HOME}/{name}" for name, _ in FONT_FILES]
    wanted = (*dict(FILES), UPLOT_SCRIPT, *fonts)
    missing = [name for name in wanted if not (MODULES / name).is_file()]
    if missing:
        print(
            f"vendor: {missing[0]} is missing in node_modules; run `npm ci` first", file=sys.stderr
        )
        return 1
    for source, target in FILES:
        place(target)
        shutil.copyfile(MODULES / source, VENDOR / target)
    script = (MODULES / UPLOT_SCRIPT).read_text(encoding="utf-8")
    place(UPLOT_MODULE).write_text(f"{script.rstrip()}\nexport default uPlot;\n", encoding="utf-8")
    FONTS.mkdir(parents=True, exist_ok=True)
    for source, target in FONT_FILES:
        shutil.copyfile(MODULES / FONT_HOME / source, FONTS / target)
    return 0


def place(target: str) -> Path:
    """The path under build/vendor, its folder made."""
    path = VENDOR / target
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
