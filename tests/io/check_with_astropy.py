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
        assert file.attrs["zspex_format"] == "results" and file.attrs["layout_version"] == 1
        assert file["provenance"].attrs["config"].startswith("extract:\n  psferr: 0.01\n")
        assert list(file["provenance"].attrs["inputs"]) == ["preproc-r0-00051060.fits.gz", "psf-r0-00051060.fits"]
        timing = file["timing"]
        assert timing["step"][1] == b"solve bundles" and timing["max_seconds"][1] == 12.25
        frame = file["frames/r0-00051060"]
        for name, values in frame_arrays().items():
            np.testing.assert_allclose(frame[name.lower()][:], values, rtol=1e-5, atol=1e-6, err_msg=name)
        check_table(frame["fibermap"][:], 7)
        check_table(frame["scores"][:], 7)
        assert frame["fibermap"].dtype["UMASK"] == np.dtype("u4") and frame["fibermap"].dtype["GOOD"] == np.dtype("?")
        units = dict(zip(frame["fibermap"].dtype.names, frame["fibermap"].attrs["column_units"]))
        assert units["TARGET_RA"] == "deg"
        cards = {row["key"].decode(): row["value"].decode() for row in frame["header"][:]}
        assert cards["EXPID"] == "51060" and cards["CAMERA"].startswith("'R0")

        def described(name, thing):
            if isinstance(thing, h5py.Dataset):
                assert thing.attrs["units"] and thing.attrs["description"], name

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
        check_with_desispec(folder)
    print("astropy and h5py read what was meant")


if __name__ == "__main__":
    main()
