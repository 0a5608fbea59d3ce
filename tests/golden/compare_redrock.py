#!/usr/bin/env python3
"""Compares what zspex redshift writes beside the redshifts with what Redrock wrote for the same spectra.

usage: compare_redrock.py details OURS.h5 REDROCKS.h5 BOUND
       compare_redrock.py models OURS.fits REDROCKS.fits BOUND

details  every chi2 and penalty of the scans, relative to chi2; coefficients, relative to the largest of a fit, within 100
         BOUND (they are worse determined than chi2); all minima of each target: type, ZWARN, z to 1e-7, chi2 to 1e-5
models   the light of each pixel, relative to the brightest one of a target and band; where Redrock's models lack the
         intergalactic medium (any pixel below Lyman alpha at rest) the target is left out
Targets without data are left out: their numbers are arbitrary in Redrock's files. Redrock's reader, where it is installed,
reads our details, too. Exits 1 when a bound is passed.
"""

import sys

import numpy as np

NODATA = 512
LYMAN_ALPHA = 1215.67


def expect(good, *what):
    if not good:
        print("OUT OF BOUNDS:", *what)
        sys.exit(1)


def text(value):
    return value.decode().strip() if isinstance(value, bytes) else str(value).strip()


def compare_scans(ours, theirs, kept, bound):
    worst = 0.0
    types = sorted(theirs["zscan"])
    expect(sorted(ours["zscan"]) == types, "templates", sorted(ours["zscan"]), "instead of", types)
    for name in types:
        a, b = ours["zscan"][name], theirs["zscan"][name]
        expect(a["redshifts"].shape == b["redshifts"].shape, name, "redshifts")
        expect(np.abs(a["redshifts"][()] - b["redshifts"][()]).max() < 1e-12, name, "redshifts")
        chi2 = b["zchi2"][()][kept].astype(float)
        for what, scale, limit in (
            ("zchi2", np.abs(chi2), bound),
            ("penalty", np.abs(chi2), bound),
            ("zcoeff", np.abs(b["zcoeff"][()][kept]).max(axis=2, keepdims=True), 100 * bound),
        ):
            x, y = (scan[what][()][kept].astype(float) for scan in (a, b))
            expect(x.shape == y.shape, name, what, x.shape, "instead of", y.shape)
            off = np.abs(x - y) / scale
            at = np.unravel_index(off.argmax(), off.shape)
            expect(off.max() <= limit, name, what, "off by", off.max(), "at target, redshift", at[:2], x[at], y[at])
            if what != "zcoeff":
                worst = max(worst, off.max())
    print("scans of %d templates and %d targets: within %.1e" % (len(types), kept.sum(), worst))


def compare_minima(ours, theirs, targets):
    count, worst_z, worst_chi2 = 0, 0.0, 0.0
    for target in targets:
        a, b = (file["zfit"][str(target)]["zfit"][()] for file in (ours, theirs))
        expect(len(a) == len(b), "target", target, "has", len(a), "minima instead of", len(b))
        for x, y in zip(a, b):
            where = "target %d, minimum %d" % (target, y["znum"])
            for field in ("znum", "zwarn", "npixels", "ncoeff"):
                expect(x[field] == y[field], where, field, x[field], "instead of", y[field])
            for field in ("spectype", "subtype", "fitmethod"):
                expect(text(x[field]) == text(y[field]), where, field, x[field], "instead of", y[field])
            dz, dchi2 = abs(x["z"] - y["z"]) / (1 + y["z"]), abs(x["chi2"] - y["chi2"]) / abs(y["chi2"])
            expect(dz <= 1e-7 and dchi2 <= 1e-5, where, "z", x["z"], y["z"], "chi2", x["chi2"], y["chi2"])
            count, worst_z, worst_chi2 = count + 1, max(worst_z, dz), max(worst_chi2, dchi2)
    print("%d minima: z within %.1e, chi2 within %.1e" % (count, worst_z, worst_chi2))


def read_as_redrock(name, file):
    """Redrock's own reader, where there is one, finds in our file what is in it."""
    try:
        from redrock.results import read_zscan
    except ImportError:
        print("Redrock is not installed: its reader was not tried")
        return
    scans, minima = read_zscan(name)
    targets = file["targetids"][()]
    expect(sorted(scans) == sorted(targets), "read_zscan(): targets", sorted(scans))
    expect(len(minima) == sum(len(file["zfit"][str(t)]["zfit"]) for t in targets), "read_zscan():", len(minima), "minima")
    for i, target in enumerate(targets):
        for kind in file["zscan"]:
            for what in ("zchi2", "penalty", "zcoeff"):
                good = np.array_equal(scans[target][kind][what], file["zscan"][kind][what][i])
                expect(good, "read_zscan():", target, kind, what)


def compare_details(ours_name, theirs_name, bound):
    import h5py

    with h5py.File(ours_name) as ours, h5py.File(theirs_name) as theirs:
        targets = theirs["targetids"][()]
        expect(np.array_equal(ours["targetids"][()], targets), "targets", ours["targetids"][()])
        kept = (theirs["zbest"]["zwarn"] & NODATA) == 0
        expect(kept.any(), "no target has data")
        compare_scans(ours, theirs, kept, bound)
        compare_minima(ours, theirs, targets[kept])
        read_as_redrock(ours_name, ours)


def compare_models(ours_name, theirs_name, bound):
    from astropy.io import fits

    with fits.open(ours_name) as ours, fits.open(theirs_name) as theirs:
        best = theirs["REDSHIFTS"].data
        expect(np.array_equal(ours["REDSHIFTS"].data["TARGETID"], best["TARGETID"]), "targets")
        bands = [hdu.name[: -len("_MODEL")] for hdu in theirs if hdu.name.endswith("_MODEL")]
        names = [hdu.name for hdu in ours if hdu.name.endswith("_MODEL")]
        expect(names == [band + "_MODEL" for band in bands], "bands", names)
        count, worst = 0, 0.0
        first = min(theirs[band + "_WAVELENGTH"].data.min() for band in bands)
        for row, fit in enumerate(best):
            absorbed = text(fit["SPECTYPE"]) != "STAR" and first / (1 + fit["Z"]) < LYMAN_ALPHA
            if absorbed or fit["ZWARN"] & NODATA:
                continue
            count += 1
            for band in bands:
                expect(np.array_equal(ours[band + "_WAVELENGTH"].data, theirs[band + "_WAVELENGTH"].data), band)
                x, y = (file[band + "_MODEL"].data[row].astype(float) for file in (ours, theirs))
                off = np.abs(x - y).max() / (np.abs(y).max() or 1)  # a dead camera has no model
                expect(off <= bound, "target", fit["TARGETID"], band, "off by", off)
                worst = max(worst, off)
    expect(count > len(best) / 2, "only", count, "of", len(best), "targets were compared")
    print("models of %d of %d targets: within %.1e" % (count, len(best), worst))


if __name__ == "__main__":
    {"details": compare_details, "models": compare_models}[sys.argv[1]](sys.argv[2], sys.argv[3], float(sys.argv[4]))
