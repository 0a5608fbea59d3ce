#!/usr/bin/env python3
"""Reads the details file that io_write_samples wrote as Redrock's own programs do.

usage: check_with_redrock.py IO_WRITE_SAMPLES
Exits with 77 (skipped) without Redrock.
"""

import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from redrock.results import read_zfit, read_zscan, read_zscan_redrock
except ImportError as missing:
    print(f"skipped: {missing}; pip install redrock")
    sys.exit(77)


def check(path):
    targets = [39627800000000007, -8, 12]
    types = ["GALAXY", "QSO:::HIZ", "STAR:::A"]
    scan, zfit = read_zscan(path)
    assert list(scan) == targets and sorted(scan[-8]) == types
    chi2 = (9000 - 3.25 * np.arange(15)).reshape(3, 5)
    for results in (scan, read_zscan_redrock(path)):
        for i, target in enumerate(targets):
            for kind in types:
                one = results[target][kind]
                np.testing.assert_array_equal(one["redshifts"], [1.5, 1.6, 1.75, 1.9, 2.1])
                np.testing.assert_array_equal(one["zchi2"], chi2[i])
                np.testing.assert_array_equal(one["penalty"], 0.5 * np.arange(5 * i, 5 * i + 5))
                assert one["zcoeff"].shape == (5, 2)
    assert sorted(zfit["targetid"]) == [-8, -8, 12, 39627800000000007]
    minima = scan[-8]["QSO:::HIZ"]["zfit"]
    assert len(minima) == 1 and minima["z"][0] == 2.5 and minima["znum"][0] == 0 and minima["zwarn"][0] == 4
    assert scan[-8]["STAR:::A"]["zfit"]["znum"][0] == 1
    np.testing.assert_array_equal(minima["coeff"][0], [5, 6, 7, 8])
    one = read_zscan(path, select_targetids=-8)[0]
    assert list(one) == [-8]
    np.testing.assert_array_equal(one[-8]["QSO:::HIZ"]["zchi2"], chi2[1])


def check_results(path):
    """The file that -o x.h5 gives, which has no scans."""
    zfit = read_zfit(path)
    assert list(zfit["targetid"]) == [39627800000000007, -8, -8, 12]
    assert zfit["spectype"][1] == "QSO" and zfit["z"][1] == 2.5
    assert list(read_zfit(path, select_targetids=-8, upper=True)["ZNUM"]) == [0, 1]


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        check(os.path.join(folder, "rrdetails.h5"))
        check_results(os.path.join(folder, "redrock.h5"))
    print("Redrock reads our details and HDF5 results")


if __name__ == "__main__":
    main()
