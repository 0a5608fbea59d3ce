#!/usr/bin/env python3
"""A small survey through zspex and the programs around it, step by step, as its users run them.

usage: survey.py ZSPEX FOLDER
Simulates three cameras, extracts them with zspex, flat-fields, subtracts the sky and calibrates with desispec, fits
redshifts with zspex, and reads every file that zspex wrote with the programs' own readers. FOLDER keeps the files.
Exits with 77 (skipped) without desispec and Redrock.
"""

import glob
import os
import subprocess
import sys
import types
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DESI_LOGLEVEL", "error")

try:
    import fitsio
    import h5py
    import numpy as np
    import desispec.io
    import redrock.results
    from astropy.table import Table
    import desimodel_data
except ImportError as missing:
    print(f"skipped: {missing}; scripts/clients_python.sh makes a Python that has desispec and Redrock")
    sys.exit(77)

CAMERAS = ["b0", "r0", "z0"]
SCIENCE, FLAT = 1, 100  # exposure numbers


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def desi(module, *options):
    """Runs a program of desispec by its module, as its command line does."""
    program = (f"import sys; from desispec.scripts.{module} import main, parse; code = main(parse(sys.argv[1:])); "
               "sys.exit(code if isinstance(code, int) else 0)")
    run(sys.executable, "-c", program, *options)


def has_specter():
    try:
        import specter.util.traceset  # noqa: F401
    except ImportError:
        return False
    return True


class Survey:
    def __init__(self, zspex, folder):
        self.zspex, self.folder = zspex, folder
        os.makedirs(folder, exist_ok=True)

    def path(self, kind, camera, expid=SCIENCE):
        return os.path.join(self.folder, f"{kind}-{camera}-{expid:08d}.fits")

    def simulate_and_extract(self):
        common = ["-o", self.folder, "--cameras", *CAMERAS, "--nspec", 50, "--seed", 7]
        run(self.zspex, "simulate", *common, "--expid", FLAT, "--flavor", "flat", "--exptime", 120)
        run(self.zspex, "extract", "--config", self.path_of("extract.yaml"), "-o",
            *[self.path("frame", camera, FLAT) for camera in CAMERAS])
        run(self.zspex, "simulate", *common, "--expid", SCIENCE, "--fraction-sky", 0.2, "--fraction-star", 0.3,
            "--fraction-qso", 0.2, "--fraction-galaxy", 0.3, "--snr-scale", 3)
        run(self.zspex, "extract", "--config", self.path_of("extract.yaml"), "-o",
            *[self.path("frame", camera) for camera in CAMERAS])
        run(self.zspex, "extract", "--config", self.path_of("extract.yaml"), "-o",
            *[self.path("frame", camera).replace(".fits", ".h5") for camera in CAMERAS])

    def path_of(self, name):
        return os.path.join(self.folder, name)

    def calibrate(self):
        """Fiber flat, sky, standard stars and flux calibration by desispec's programs; then cframes."""
        for camera in CAMERAS:
            desi("fiberflat", "-i", self.path("frame", camera, FLAT), "-o", self.path("fiberflat", camera))
            desi("sky", "-i", self.path("frame", camera), "--fiberflat", self.path("fiberflat", camera), "-o",
                 self.path("sky", camera))
        waves = {camera[0].upper(): fitsio.read(self.path("frame", camera), "WAVELENGTH") for camera in CAMERAS}
        desimodel_data.write_all(self.path_of("desimodel"), waves)
        psfs = {camera: self.path_of(f"psf-{camera}.fits") for camera in CAMERAS}
        desimodel_data.write_calibration(self.path_of("spectro-calib"), psfs)
        os.environ.update(DESIMODEL=self.path_of("desimodel"), DESI_SPECTRO_CALIB=self.path_of("spectro-calib"),
                          DESI_SPECTRO_DATA=self.folder, DESI_SPECTRO_REDUX=self.folder, SPECPROD="survey")
        write_star_models(self.path_of("star-models.fits"))
        each = lambda kind: [self.path(kind, camera) for camera in CAMERAS]
        desi("stdstars", "--frames", *each("frame"), "--skymodels", *each("sky"), "--fiberflats", *each("fiberflat"),
             "--starmodels", self.path_of("star-models.fits"), "--ncpu", 1, "-o", self.path("stdstars", "0"))
        # Crosstalk and TSNR2 need specter's traces; specter is on GitHub, not on PyPI.
        without = [] if has_specter() else ["--no-tsnr", "--no-xtalk"]
        print("TSNR2 and crosstalk:", "left out, for lack of specter" if without else "with specter")
        for camera in CAMERAS:
            pieces = ["--fiberflat", self.path("fiberflat", camera), "--sky", self.path("sky", camera)]
            desi("fluxcalibration", "-i", self.path("frame", camera), *pieces, "--models", self.path("stdstars", "0"),
                 "--nostdcheck", "-o", self.path("fluxcalib", camera))
            desi("procexp", "-i", self.path("frame", camera), *pieces, "--calib", self.path("fluxcalib", camera),
                 *without, "-o", self.path("cframe", camera))
        desi("group_spectra", "--inframes", *each("cframe"), "-o", self.path_of("spectra-0.fits"), "-c",
             self.path_of("coadd-0.fits"), "--onetile")

    def fit(self):
        run(self.zspex, "simulate", "-k", "templates", "-o", self.path_of("templates"))
        templates = ["--templates", self.path_of("templates")]
        run(self.zspex, "redshift", "-i", self.path_of("coadd-0.fits"), *templates, "-o",
            self.path_of("redrock-0.fits"), "-d", self.path_of("rrdetails-0.h5"), "-m", self.path_of("rrmodel-0.fits"))
        run(self.zspex, "redshift", "-i", self.path_of("coadd-0.fits"), *templates, "-o", self.path_of("redrock-0.h5"))
        run(self.zspex, "redshift", "-i", *[self.path("cframe", camera) for camera in CAMERAS], *templates, "-o",
            self.path_of("rr-cframes.fits"))


def write_star_models(path):
    """F stars as desi_fit_stdstars takes them: black bodies with the Balmer series."""
    wave = np.arange(2500.0, 12000.0, 0.5)  # all of the broad filters
    rows, flux = [], []
    for teff in np.arange(5800, 7101, 100):
        for strength in (0.7, 1.0, 1.3):
            model = wave**-5 / np.expm1(1.4388e8 / (wave * teff))
            for line, depth in ((6564.6, 0.45), (4862.7, 0.5), (4341.7, 0.5), (4102.9, 0.5), (3971.2, 0.5)):
                model *= 1 - strength * depth * np.exp(-0.5 * ((wave - line) / 8) ** 2)
            flux.append(model / np.interp(6500, wave, model))
            rows.append((len(rows), teff, 4.0 + strength / 10, -1.0))
    with fitsio.FITS(path, "rw", clobber=True) as out:
        out.write(np.array(flux, dtype="f4"))
        out.write(np.array(rows, dtype=[("TEMPLATEID", "i4"), ("TEFF", "f8"), ("LOGG", "f8"), ("FEH", "f8")]),
                  extname="TEMPLATES")
        out.write(wave, extname="WAVELENGTH")


def check_frames(survey):
    from desispec.io.fibermap import fibermap_columns

    expected = [column[0] for column in fibermap_columns if column[-1] == "empty"]
    for camera in CAMERAS:
        image = desispec.io.read_image(survey.path("preproc", camera))
        fibermap = desispec.io.read_fibermap(survey.path("preproc", camera))
        assert image.camera == camera and fibermap.colnames[: len(expected)] == expected, fibermap.colnames
        header = fitsio.read_header(survey.path("preproc", camera), "FIBERMAP")
        for i, (name, kind, unit) in enumerate(column[:3] for column in fibermap_columns if column[-1] == "empty"):
            assert header.get(f"TUNIT{i + 1}", "") == unit, (name, header.get(f"TUNIT{i + 1}"))
            if not isinstance(kind, tuple):
                assert fibermap[name].dtype.newbyteorder("=") == np.dtype(kind), (name, fibermap[name].dtype)
        frame = desispec.io.read_frame(survey.path("frame", camera))
        truth = fitsio.FITS(survey.path("truth", camera))
        expected_flux = np.array([r.dot(row) for r, row in zip(frame.R, truth["FLUX"].read())])
        good = (frame.mask == 0) & (frame.ivar > 0)
        pull = (frame.flux - expected_flux)[good] * np.sqrt(frame.ivar[good])
        assert abs(np.median(pull)) < 0.05 and 0.9 < np.std(np.clip(pull, -5, 5)) < 1.1, (camera, np.std(pull))
        with h5py.File(survey.path("frame", camera).replace(".fits", ".h5")) as file:
            assert any(np.array_equal(group["flux"][:], frame.flux) for group in file["frames"].values()), camera
        flat = desispec.io.read_fiberflat(survey.path("fiberflat", camera))
        lamp = fitsio.read(survey.path("truth", camera, FLAT), "FLUX")
        lit = lamp.mean(axis=1) > 0
        known = (lamp / lamp[lit].mean(axis=0))[lit]
        ratio = (flat.fiberflat[lit] / known)[:, 50:-50]
        assert abs(np.median(ratio / np.median(ratio)) - 1) < 1e-3 and np.std(np.median(ratio, axis=1)) < 0.01, camera
    print("read_image, read_frame, desi_compute_fiberflat, desi_compute_sky: as simulated")


def check_spectra(survey):
    truth = Table.read(survey.path("truth", "r0"), "TRUTH")
    types = dict(zip(truth["TARGETID"], truth["SPECTYPE"]))
    stars = Table.read(survey.path("stdstars", "0"), "FIBERMAP")
    assert len(stars) > 0 and all(types[target] == "STAR" for target in stars["TARGETID"])
    coadd = desispec.io.read_spectra(survey.path_of("coadd-0.fits"))
    assert coadd.bands == ["b", "r", "z"] and sorted(coadd.fibermap["TARGETID"]) == sorted(types)
    for camera in CAMERAS:
        assert np.isfinite(desispec.io.read_frame(survey.path("cframe", camera)).flux).all(), camera
    print("desi_fit_stdstars, desi_compute_fluxcalibration, desi_process_exposure, desi_group_spectra: passed through")


def check_simulated_spectra(survey):
    """Coadds and spectra that zspex simulates, and desispec's coadd of the spectra."""
    common = ["--ntargets", 20, "--nexp", 2, "--seed", 3]
    for kind in ("coadds", "spectra"):
        run(survey.zspex, "simulate", "-k", kind, "-o", survey.path_of(kind), *common)
    desi("coadd_spectra", "-i", survey.path_of("spectra/spectra-0.fits"), "-o", survey.path_of("coadd-of-spectra.fits"),
         "--onetile")
    ours = desispec.io.read_spectra(survey.path_of("coadds/coadd-0.fits"))
    theirs = desispec.io.read_spectra(survey.path_of("coadd-of-spectra.fits"))
    same = [list(theirs.fibermap["TARGETID"]).index(target) for target in ours.fibermap["TARGETID"]]
    for band in ours.bands:
        spread = (ours.flux[band] - theirs.flux[band][same]) * np.sqrt(ours.ivar[band])
        good = (ours.ivar[band] > 0) & (theirs.ivar[band][same] > 0)
        assert abs(np.mean(spread[good])) < 0.1 and np.std(spread[good]) < 2, (band, np.std(spread[good]))
    missing = {"COADD_FIBERSTATUS", "COADD_NUMEXP", "COADD_EXPTIME"} - set(ours.fibermap.colnames)
    assert not missing, missing
    print("read_spectra, desi_coadd_spectra: as simulated")


def check_redshifts(survey):
    truth = Table.read(survey.path("truth", "r0"), "TRUTH")
    coadd = Table.read(survey.path_of("coadd-0.fits"), "FIBERMAP")
    best = Table.read(survey.path_of("redrock-0.fits"), "REDSHIFTS")
    assert list(best["TARGETID"]) == list(coadd["TARGETID"])
    scan, fits = redrock.results.read_zscan(survey.path_of("rrdetails-0.h5"))
    assert sorted(scan) == sorted(best["TARGETID"]) and len(fits) >= len(best)
    assert len(redrock.results.read_zfit(survey.path_of("redrock-0.h5"))) >= len(best)
    spectra = desispec.io.read_spectra(survey.path_of("coadd-0.fits"))
    fitted = np.array(best["ZWARN"] == 0)
    for band in spectra.bands:
        model = fitsio.read(survey.path_of("rrmodel-0.fits"), f"{band.upper()}_MODEL")
        good = fitted[:, None] & (spectra.ivar[band] > 0) & (spectra.mask[band] == 0)
        chi2 = ((spectra.flux[band] - model) ** 2 * spectra.ivar[band])[good]
        assert 0.7 < np.median(chi2) / 0.455 < 1.5, (band, np.median(chi2))  # the median of chi2 of one degree
    true = dict(zip(truth["TARGETID"], truth["Z"]))
    for name in ("redrock-0.fits", "rr-cframes.fits"):
        best = Table.read(survey.path_of(name), "REDSHIFTS")
        bright = np.array([row["ZWARN"] == 0 and row["TARGETID"] in true for row in best])
        z = np.array([true[target] for target in best["TARGETID"]])
        right = np.abs(best["Z"] - z) < 0.005 * (1 + z)
        print(f"{name}: {right[bright].sum()} of {bright.sum()} without a warning at their true redshift")
        assert bright.sum() > 10 and right[bright].mean() > 0.9, name
    print("read_zscan, read_zfit: as fitted")


def check_afterburners(survey):
    """The quasar afterburners and the catalog; QuasarNet itself is replaced, its second fit of redshifts is zspex's."""
    coadd, redrock_file = survey.path_of("coadd-0.fits"), survey.path_of("redrock-0.fits")
    files = ["--coadd", coadd, "--redrock", redrock_file]
    desi("qsomgii", *files, "--target_selection", "all", "--save_target", "all", "--template_dir",
         survey.path_of("templates"), "--output", survey.path_of("qso_mgii-0.fits"))
    if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        print("desi_qso_mgii_afterburner: passed through; desi_qso_qn_afterburner, whose file desi_zcatalog needs, and "
              f"desi_zcatalog: left out, as desispec 0.70 expects NumPy below 2.4, found {np.__version__}")
        return
    best = Table.read(redrock_file, "REDSHIFTS")
    chosen = np.flatnonzero(best["SPECTYPE"] == "QSO")[:3]
    z_net = np.array(best["Z"]) + 0.12 * (1 + np.array(best["Z"]))  # beyond half of the prior's width
    shift_quasars(survey, chosen, z_net, files)
    found = Table.read(survey.path_of("qso_qn-0.fits"), "QN_RR")
    width = 2 * ((10000 / 3600) ** (1 / 13) - 1) * (1 + z_net)
    assert list(np.flatnonzero(found["IS_QSO_QN_NEW_RR"])) == list(chosen)
    assert np.all(np.abs(found["Z_NEW"] - z_net)[chosen] <= 0.51 * width[chosen]), "redshifts outside of their prior"
    lines = Table({"TARGETID": best["TARGETID"], "OII_FLUX": np.zeros(len(best)), "OII_FLUX_IVAR": np.zeros(len(best))})
    lines.meta["EXTNAME"] = "EMLINEFIT"  # desi_emlinefit_afterburner needs maps of dust
    lines.write(survey.path_of("emline-0.fits"), overwrite=True)
    desi("zcatalog", "-i", survey.folder, "--survey", "main", "--program", "dark", "-g", "cumulative", "-o",
         survey.path_of("zcatalog"), "--do-not-add-units")
    catalog = Table.read(survey.path_of("zcatalog.fits"), "ZCATALOG")
    assert sorted(catalog["TARGETID"]) == sorted(best["TARGETID"])
    assert np.all(np.isin(catalog["COADD_NUMEXP"], [1]))
    print("desi_qso_mgii_afterburner, desi_qso_qn_afterburner with zspex as its rrdesi, desi_zcatalog: passed through")


def shift_quasars(survey, chosen, z_net, files):
    """Runs desi_qso_qn_afterburner with a QuasarNet that finds quasars in rows `chosen`, at redshifts z_net."""
    confidence = np.zeros((6, len(z_net)))
    confidence[:, chosen] = 0.9
    net_io, net_utils = types.ModuleType("quasarnp.io"), types.ModuleType("quasarnp.utils")
    rows = np.arange(len(z_net))
    net_io.load_model = lambda path: (types.SimpleNamespace(predict=lambda data: data), np.array([3600.0, 10000.0]))
    net_io.load_desi_coadd = lambda path, select, out_grid: (np.zeros((len(rows), 2)), rows)
    net_utils.process_preds = lambda *_, **__: (confidence, np.tile(z_net, (6, 1)), z_net, None, None)
    sys.modules.update({"quasarnp": types.ModuleType("quasarnp"), "quasarnp.io": net_io, "quasarnp.utils": net_utils})
    from desispec.scripts import qsoqn

    os.environ["QN_MODEL_FILE"] = "none"
    qsoqn.rrdesi = lambda options, comm=None: run(survey.zspex, "redshift", *options)
    templates = sorted(glob.glob(survey.path_of("templates/rrtemplate-QSO-*.fits")))
    assert qsoqn.main([*files, "--target_selection", "all", "--save_target", "all", "--templates", *templates,
                       "--output", survey.path_of("qso_qn-0.fits")]) == 0


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    survey = Survey(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
    warnings.simplefilter("ignore")
    survey.simulate_and_extract()
    survey.calibrate()
    check_frames(survey)
    check_spectra(survey)
    check_simulated_spectra(survey)
    survey.fit()
    check_redshifts(survey)
    check_afterburners(survey)


if __name__ == "__main__":
    main()
