"""`python -m fairy` is `fairy`."""

import sys

from fairy.cli import main

sys.exit(main())
