"""One import map for the whole site: bare names in modules, hashed addresses in the browser."""

import base64
import hashlib
import json

from django.templatetags.static import static

# Browsers load only what a page mounts; names keep the modules' imports free of hashed addresses.
MODULES = {
    "noroshi/chart": "ui/js/chart.js",
    "noroshi/confirm": "ui/js/confirm.js",
    "noroshi/copy": "ui/js/copy.js",
    "noroshi/live": "ui/js/live.js",
    "noroshi/meter": "ui/js/meter.js",
    "noroshi/passkey": "ui/js/passkey.js",
    "noroshi/plot": "ui/js/plot.js",
    "noroshi/range": "ui/js/range.js",
    "noroshi/search": "ui/js/search.js",
    "noroshi/shape": "ui/js/shape.js",
    "noroshi/words": "ui/js/words.js",
    "uplot": "vendor/uplot/uplot.js",
}


def imports_json() -> str:
    """The map itself, the same bytes for every page of one release."""
    return json.dumps({"imports": {name: static(path) for name, path in MODULES.items()}})


def imports_csp_hash() -> str:
    """The only inline script a browser may run here, as a Content-Security-Policy source."""
    digest = hashlib.sha256(imports_json().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
