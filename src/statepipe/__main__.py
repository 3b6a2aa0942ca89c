"""`python -m statepipe`: the command line."""

import sys

from statepipe.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
