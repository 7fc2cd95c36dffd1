"""`python -m noroshi` is the same as the command `noroshi`."""

from noroshi.config.cli import main

main()
