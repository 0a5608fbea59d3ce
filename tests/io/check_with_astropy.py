#!/usr/bin/env python3
"""Reads what io_write_samples wrote with astropy, h5py and, where it is installed, desispec: a second opinion on our files.

usage: check_with_astropy.py IO_WRITE_SAMPLES
Exits with 77 (skipped) without astropy, h5py and numpy.
"""

import os
import subprocess
import sys
import tempfile
import warnings

try:
    import h5py
    import numpy as np
    from astropy.io import fits
except ImportError as missing:
    print(f"skipped: {missing}; pip install astropy h5py")
    sys.exit(77)


def steps(shape, first, step):
    """What samples.cpp fills its arrays with."""
    return (first + step * np.arange(np.prod(shape))).reshape(shape)


def check_table(table, nrow):
    assert len(table) == nrow
    i = np.arange(nrow)
    np.testing.assert_array_equal(table["TARGETID"], 39627800000000000 + 1000003 * i)
    np.testing.assert_array_equal(table["FIBER"], -5 + 7 * i)
    np.testing.assert_array_equal(table["FLAGS"], (250 + i) % 256)
    np.testing.assert_allclose(table["TARGET_RA"], 150.07261986431206 + 0.1 * i, rtol=1e-15)
    np.testing.assert_array_equal(np.asarray(table["XYZ"]).ravel(), -1 + 0.25 * np.arange(3 * nrow))
    assert np.asarray(table["GRID"]).shape == (nrow, 3, 2)
    np.testing.assert_array_equal(np.asarray(table["GRID"]).ravel(), 100 + np.arange(6 * nrow))
    words = [w.decode() if isinstance(w, bytes) else w for w in table["OBJTYPE"]]
    assert words == [["", "SKY", "ABCDE"][k % 3] for k in range(nrow)], words
    np.testing.assert_array_equal(table["GOOD"], i % 2 == 1)
    np.testing.assert_array_equal(table["UMASK"].astype("u4"), 3 * i)
    np.testing.assert_array_equal(table["UID"].astype("u8"), 5 * i)
    np.testing.assert_array_equal(np.asarray(table["SBYTE"], dtype="i2"), ((120 + 3 * i) % 256) - 128)


def check_header(header):
    assert header["EXPID"] == 51060 and header["EXPTIME"] == 900.0 and header["DOMEOPEN"] is True
    assert header["PROGRAM"].startswith("it's a long name") and header["PROGRAM"].endswith("'quotes' in it")
    assert header["TCS GUIDE FWHM"] == 1.25
    assert [str(c).strip() for c in header["COMMENT"]] == ["the first of two equal comments"] * 2
    assert str(header["HISTORY"]) == "made by hand"


def open_checked(path):
    hdus = fits.open(path, checksum=True, memmap=False, lazy_load_hdus=False)
    hdus.verify("exception")
    for hdu in hdus:
        hdu.data  # read it while warnings are errors
    return hdus


def check_preproc(path):
    with open_checked(path) as hdus:
        shape = (17, 13)
        np.testing.assert_allclose(hdus["IMAGE"].data, steps(shape, -3.3, 0.7), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(hdus["IVAR"].data, steps(shape, 0, 0.01), rtol=1e-5)
        np.testing.assert_allclose(hdus["READNOISE"].data, steps(shape, 2.5, 0.001), rtol=1e-6)
        bits = np.array([1 << (k % 32) if k % 5 == 0 else 0 for k in range(17 * 13)], dtype="u4").view("i4")
        np.testing.assert_array_equal(hdus["MASK"].data, bits.reshape(shape))
        assert hdus["MASK"].data.dtype.itemsize == 4
        assert hdus["IMAGE"].header["BUNIT"] == "electron" and hdus["IMAGE"].header["CAMERA"] == "r0"
        check_header(hdus["IMAGE"].header)
        check_table(hdus["FIBERMAP"].data, 11)
        assert hdus["FIBERMAP"].header["TILEID"] == 80613


def frame_arrays():
    return {
        "FLUX": steps((7, 31), -7.1, 0.3),
        "IVAR": steps((7, 31), 1e-3, 1e-4),
        "RESOLUTION": steps((7, 5, 31), 0.5, -1e-3),
        "CHI2PIX": steps((7, 31), 0.9, 1e-3),
        "WAVELENGTH": 5760 + 0.8 * np.arange(31),
        "MASK": np.array([1 << (k % 32) if k % 7 == 0 else 0 for k in range(7 * 31)], dtype="u4").reshape(7, 31),
    }


def check_frame_fits(path):
    with open_checked(path) as hdus:
        names = [hdu.name for hdu in hdus]
        assert names == ["FLUX", "IVAR", "MASK", "WAVELENGTH", "RESOLUTION", "FIBERMAP", "CHI2PIX", "SCORES"], names
        for name, values in frame_arrays().items():
            np.testing.assert_allclose(hdus[name].data, values, rtol=1e-5, atol=1e-6, err_msg=name)
        kinds = {name: hdus[name].data.dtype.newbyteorder("=").str[1:] for name in frame_arrays()}
        assert kinds["MASK"] == "u4" and kinds["WAVELENGTH"] == "f8", kinds
        assert all(kinds[name] == "f4" for name in ("FLUX", "IVAR", "RESOLUTION", "CHI2PIX")), kinds
        header = hdus[0].header
        check_header(header)
        assert header["BUNIT"] == "electron/Angstrom" and hdus["WAVELENGTH"].header["BUNIT"] == "Angstrom"
        assert header["DEPNAM00"] == "zspex" and header["DEPVER00"] == "0.1.0"
        check_table(hdus["FIBERMAP"].data, 7)
        check_table(hdus["SCORES"].data, 7)
        assert hdus["FIBERMAP"].columns["TARGET_RA"].unit == "deg"
        assert hdus["FIBERMAP"].header.comments["TTYPE5"] == "barycentric right ascension"


def check_frame_hdf5(path):
    with h5py.File(path, "r") as file:
        assert file.attrs["zspex_format"] == b"results" and file.attrs["layout_version"] == 1
        assert file["provenance"].attrs["config"].startswith(b"extract:\n  psferr: 0.01\n")
        assert list(file["provenance"].attrs["inputs"]) == [b"preproc-r0-00051060.fits.gz", b"psf-r0-00051060.fits"]
        timing = file["timing"]
        assert timing["step"][1] == b"solve bundles" and timing["max_seconds"][1] == 12.25
        frame = file["frames/r0-00051060"]
        for name, values in frame_arrays().items():
            np.testing.assert_allclose(frame[name.lower()][:], values, rtol=1e-5, atol=1e-6, err_msg=name)
        check_table(frame["fibermap"][:], 7)
        check_table(frame["scores"][:], 7)
        assert frame["fibermap"].dtype["UMASK"] == np.dtype("u4") and frame["fibermap"].dtype["GOOD"] == np.dtype("?")
        units = dict(zip(frame["fibermap"].dtype.names, frame["fibermap"].attrs["column_units"]))
        assert units["TARGET_RA"] == b"deg"
        cards = {row["key"].decode(): row["value"].decode() for row in frame["header"][:]}
        assert cards["EXPID"] == "51060" and cards["CAMERA"].startswith("'R0")

        def described(name, thing):
            if isinstance(thing, h5py.Dataset):
                assert thing.attrs["units"] and thing.attrs["description"], name
                assert len(thing.attrs["dimensions"]) == thing.ndim, name

        file.visititems(described)


def check_psf(path):
    with open_checked(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["XTRACE", "YTRACE", "PSF"]
        assert hdus[0].header["PSFVER"] == 3 and hdus["PSF"].header["PSFVER"] == "3"
        assert hdus[0].data.shape == (7, 5) and hdus["YTRACE"].data.shape == (7, 4)
        table = hdus["PSF"].data
        assert table["COEFF"].shape == (13, 7, 3)
        names = [name.strip() for name in table["PARAM"]]
        assert names[:3] == ["GHSIGX", "GHSIGY", "GH-0-0"] and names[-1] == "TAILINDE", names
        # GH-i-j: i along x. GH-2-1 starts at 0.21, GH-1-1 at 0.11.
        np.testing.assert_allclose(table["COEFF"][names.index("GH-2-1"), 0, 0], 0.21)
        np.testing.assert_allclose(table["COEFF"][names.index("GH-2-1"), 3, 0], 0.24)


def check_others(folder):
    with open_checked(folder + "/truth.fits") as hdus:
        np.testing.assert_array_equal(hdus["FLUX"].data, [[1, 2, 3], [4, 5, 6]])
        check_table(hdus["TRUTH"].data, 2)
    with open_checked(folder + "/model.fits") as hdus:
        assert hdus[0].name == "MODEL" and hdus[0].data.dtype.itemsize == 4
        np.testing.assert_allclose(hdus[0].data, steps((17, 13), -3.3, 0.7), rtol=1e-5, atol=1e-5)


def spectra_arrays(band):
    """What sample_spectra() holds, but the targets."""
    nwave, ndiag, first = (29, 7, 3600) if band == "B" else (23, 3, 7520)
    return {
        "WAVELENGTH": first + 0.8 * np.arange(nwave),
        "FLUX": steps((5, nwave), -7.1 if band == "B" else 100, 0.3),
        "IVAR": steps((5, nwave), 1e-3, 1e-4),
        "RESOLUTION": steps((5, ndiag, nwave), 0.5, -1e-3),
    }


def check_spectra(path, coadd):
    with open_checked(path) as hdus:
        names = [hdu.name for hdu in hdus]
        exposures = ["EXP_FIBERMAP"] if coadd else []
        masks = ["MASK"] if coadd else []
        images = [f"{b}_{name}" for b in "BZ" for name in ["WAVELENGTH", "FLUX", "IVAR"] + masks + ["RESOLUTION"]]
        assert names == ["PRIMARY", "FIBERMAP"] + exposures + images + ["SCORES"], names
        check_header(hdus[0].header)
        units = {"WAVELENGTH": "Angstrom", "FLUX": "10**-17 erg/(s cm2 Angstrom)",
                 "IVAR": "10**+34 (s2 cm4 Angstrom2) / erg2"}
        for band in ("B", "Z"):
            for name, values in spectra_arrays(band).items():
                hdu = hdus[f"{band}_{name}"]
                np.testing.assert_allclose(hdu.data, values, rtol=1e-5, atol=1e-5, err_msg=hdu.name)
                assert hdu.header.get("BUNIT") == units.get(name), hdu.name
                assert hdu.data.dtype.newbyteorder("=").str[1:] == ("f8" if name == "WAVELENGTH" else "f4"), hdu.name
        for band, nwave in (("B", 29), ("Z", 23)) if coadd else ():
            bits = np.array([1 << (k % 32) if k % 7 == 0 else 0 for k in range(5 * nwave)], dtype="u4").view("i4")
            np.testing.assert_array_equal(hdus[f"{band}_MASK"].data, bits.reshape(5, nwave))
            assert hdus[f"{band}_MASK"].data.dtype.newbyteorder("=") == np.dtype("i4")
        for name in ("FIBERMAP", "SCORES"):
            assert list(hdus[name].data["TARGETID"]) == [39627800000000007, -8, 39627800000000009, -8, 11], name
        np.testing.assert_array_equal(hdus["FIBERMAP"].data["FIBER"], -5 + 7 * np.arange(5))


def check_best(table, case):
    """The best rows of sample_redshifts(); names in capitals (FITS) or as `case` makes them."""
    column = lambda name: np.asarray(table[case(name)])
    text = lambda name: [t.decode() if isinstance(t, bytes) else t for t in column(name)]
    assert list(column("TARGETID")) == [39627800000000007, -8, 12]
    assert list(column("Z")) == [0.123456789012345678, 2.5, 0.0]
    np.testing.assert_array_equal(column("ZERR"), np.array([1.1e-5, 1.1e-5, -1], dtype="f4"))
    assert list(column("ZWARN")) == [0, 4, 514] and list(column("NPIXELS")) == [7926, 7926, 0]
    np.testing.assert_array_equal(column("COEFF"), [[1, 2, 3, 0], [5, 6, 7, 8], [0, 0, 0, 0]])
    assert text("SPECTYPE") == ["GALAXY", "QSO", "GALAXY"] and text("SUBTYPE") == ["", "HIZ", ""]
    assert text("FITMETHOD") == ["PCA", "PCA", "NONE"] and list(column("NCOEFF")) == [3, 4, 3]
    np.testing.assert_array_equal(column("CHI2"), np.full(3, 7926.3, dtype="f4"))
    np.testing.assert_array_equal(column("DELTACHI2"), np.full(3, 1234.7, dtype="f4"))


def check_redshifts(folder):
    for name in ("redrock.fits", "rrmodel.fits"):
        with open_checked(os.path.join(folder, name)) as hdus:
            check_best(hdus["REDSHIFTS"].data, str.upper)
            for header in (hdus[0].header, hdus["REDSHIFTS"].header):
                assert header["LONGSTRN"] == "OGIP 1.0" and header["RRVER"] == "zspex 0.1.0"
                assert header["TEMNAM01"] == "QSO:::HIZ" and header["TEMVER01"] == "1.1" and header["SPGRPVAL"] == 27
            if name == "rrmodel.fits":
                np.testing.assert_array_equal(hdus["B_MODEL"].data, [[1, 2], [3, 4], [5, 6]])
            else:
                assert [hdu.name for hdu in hdus] == ["PRIMARY", "REDSHIFTS", "FIBERMAP", "EXP_FIBERMAP", "TSNR2"]
    with h5py.File(os.path.join(folder, "redrock.h5"), "r") as file:
        check_best(file["redshifts"], str.upper)
        assert list(file["redshifts"]["MODEL_CHI2"]) == [101.5, 201.5, 301.5]
        check_best(np.concatenate([file[f"zfit/{t}/zfit"][:1] for t in (39627800000000007, -8, 12)]), str.lower)
    with h5py.File(os.path.join(folder, "rrdetails.h5"), "r") as file:
        check_best(file["zbest"], str.lower)
        best = {"targetid": "<i8", "z": "<f8", "zerr": "<f4", "zwarn": "<i4", "chi2": "<f4", "zz": ("<f4", (3,)),
                "zzchi2": ("<f4", (3,)), "coeff": ("<f4", (4,)), "fitmethod": "S4", "npixels": "<i4",
                "spectype": "S6", "subtype": "S3", "ncoeff": "i1", "deltachi2": "<f4"}
        fields = list(best.items())
        assert file["zbest"].dtype == np.dtype([(n, *t) if isinstance(t, tuple) else (n, t) for n, t in fields])
        fields.insert(-1, ("znum", "i1"))
        zfit = file["zfit/-8/zfit"]
        assert zfit.dtype == np.dtype([(n, *t) if isinstance(t, tuple) else (n, t) for n, t in fields]), zfit.dtype
        assert list(zfit["znum"]) == [0, 1] and list(zfit["spectype"]) == [b"QSO", b"STAR"]
        scan = file["zscan/QSO:::HIZ"]
        kinds = {name: (scan[name].dtype.str, scan[name].shape) for name in scan}
        assert kinds == {"redshifts": ("<f8", (5,)), "zchi2": ("<f4", (3, 5)), "penalty": ("<f4", (3, 5)),
                         "zcoeff": ("<f4", (3, 5, 2))}, kinds
        np.testing.assert_array_equal(scan["zchi2"], steps((3, 5), 9000, -3.25))
        np.testing.assert_array_equal(scan["zcoeff"], steps((3, 5, 2), -1, 0.125))
        assert scan["zchi2"].compression == "gzip" and scan["zcoeff"].chunks is not None


def check_with_desispec(folder):
    try:
        import desispec.io
    except ImportError:
        print("desispec is not installed: its readers were not tried")
        return
    for suffix in ("", ".gz"):
        frame = desispec.io.read_frame(folder + "/frame.fits" + suffix)
        np.testing.assert_allclose(frame.flux, frame_arrays()["FLUX"], rtol=1e-5)
        assert frame.mask.dtype == np.uint32 and frame.R[6].shape == (31, 31) and frame.meta["FLAVOR"] == "science"
    for name in ("coadd.fits", "spectra.fits.gz"):
        spectra = desispec.io.read_spectra(os.path.join(folder, name))
        assert spectra.bands == ["b", "z"] and list(spectra.fibermap["TARGETID"][:2]) == [39627800000000007, -8]
        assert (spectra.exp_fibermap is not None) == (name == "coadd.fits")
        np.testing.assert_allclose(spectra.flux["z"], spectra_arrays("Z")["FLUX"], rtol=1e-5)
        assert spectra.R["b"][4].shape == (29, 29)
    image = desispec.io.read_image(folder + "/preproc.fits")
    assert image.pix.shape == (17, 13) and image.camera == "r0"
    print("desispec reads them too")


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for name in ("preproc.fits", "preproc.fits.gz", "preproc.fits.fz"):
                check_preproc(os.path.join(folder, name))
            for name in ("frame.fits", "frame.fits.gz"):
                check_frame_fits(os.path.join(folder, name))
            check_frame_hdf5(os.path.join(folder, "frame.h5"))
            check_psf(os.path.join(folder, "psf.fits"))
            check_others(folder)
            check_spectra(os.path.join(folder, "coadd.fits"), coadd=True)
            check_spectra(os.path.join(folder, "spectra.fits.gz"), coadd=False)
            check_redshifts(folder)
        check_with_desispec(folder)
    print("astropy and h5py read what was meant")


if __name__ == "__main__":
    main()
