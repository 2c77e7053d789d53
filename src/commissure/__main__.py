"""`python -m commissure`: the command line."""

from commissure.cli import main

main()
