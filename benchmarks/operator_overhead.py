"""What a density costs in training, in each of its forms: steps over plain steps, paired.

Run: python -m benchmarks.operator_overhead [--rounds N] [--network NAME]...
"""

from __future__ import annotations

import sys

from workers.training.overhead.__main__ import main

if __name__ == "__main__":
    main(sys.argv[1:])
