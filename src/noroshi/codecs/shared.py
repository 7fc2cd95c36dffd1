"""The sandbox of a program that shows pages: one for all its requests, started at the first."""

import atexit

from noroshi.codecs.sandbox import Sandbox

# One for all, so that a source that fails dearly rests for whoever asks next, too.
SANDBOX = Sandbox(has_spare=False)
atexit.register(SANDBOX.close)
