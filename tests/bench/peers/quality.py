"""ioos_qc's tests of signal quality over samples, one a second: what each took, and what it found.

Usage: quality.py FILE (64-bit floats, little endian). Prints a JSON list, an object a test.
"""

import json
import sys
import time

import numpy
from ioos_qc import qartod

values = numpy.fromfile(sys.argv[1], dtype="<f8")
times = numpy.arange(values.size, dtype="int64").astype("datetime64[s]")
tests = [
    lambda: qartod.gross_range_test(values, (0, 2), (0.05, 1.5)),
    lambda: qartod.spike_test(values, suspect_threshold=0.2, fail_threshold=0.6),
    lambda: qartod.rate_of_change_test(values, times, threshold=0.25),
    lambda: qartod.flat_line_test(values, times, suspect_threshold=60, fail_threshold=120, tolerance=0.0005),
    lambda: qartod.attenuated_signal_test(
        values, times, suspect_threshold=0.002, fail_threshold=0.0005, test_period=600, min_obs=60, check_type="range"
    ),
]
found = []
for test in tests:
    begun = time.perf_counter()
    flags = test()
    seconds = time.perf_counter() - begun
    found.append({"seconds": seconds, "doubtful": int(((flags == 3) | (flags == 4)).sum())})
print(json.dumps(found))
