"""`python -m fairy` is `fairy`."""

import sys

from fairy.cli.main import main

sys.exit(main())
