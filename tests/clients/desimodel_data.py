"""Small $DESIMODEL and $DESI_SPECTRO_CALIB of our own: the simulated telescope as desispec reads it."""

import os

import numpy as np
from astropy.io import fits

PLATE_SCALE = 70.0  # micrometers an arcsecond, everywhere
FIBER_RADIUS = 53.5  # micrometers


def fiber_acceptance(sigma, offset, radius=0.0):
    """Part of a round Gaussian's light that enters a fiber. sigma, offset: micrometers; radius: half-light, arcsec."""
    wide = np.hypot(sigma, radius * PLATE_SCALE / 1.18)
    r = (np.arange(60) + 0.5) / 60 * FIBER_RADIUS
    phi = (np.arange(48) + 0.5) / 48 * 2 * np.pi
    x, y = (r[:, None] * np.cos(phi)).ravel(), (r[:, None] * np.sin(phi)).ravel()
    area = np.repeat(r, 48) * FIBER_RADIUS / 60 * 2 * np.pi / 48
    return np.sum(area * np.exp(-((x - offset) ** 2 + y**2) / (2 * wide**2))) / (2 * np.pi * wide**2)


def write_acceptance(path):
    sigma, offset, radius = np.linspace(20, 120, 11), np.linspace(0, 200, 11), np.linspace(0, 2, 5)
    point = np.array([[fiber_acceptance(s, o) for o in offset] for s in sigma])
    wide = np.array([[[fiber_acceptance(s, o, h) for o in offset] for s in sigma] for h in radius])
    images = {"SIGMA": sigma, "OFFSET": offset, "HLRAD": radius, "POINT": point, "PRMS": 0 * point, "DISK": wide,
              "DRMS": 0 * wide, "BULGE": wide, "BRMS": 0 * wide}
    hdus = [fits.PrimaryHDU()] + [fits.ImageHDU(values, name=name) for name, values in images.items()]
    fits.HDUList(hdus).writeto(path, overwrite=True)


def write_ensemble(path, tracer, waves):
    """Residuals of a target: the parts of its spectrum that tell a redshift."""
    primary = fits.PrimaryHDU()
    primary.header["SNR2TIME"] = 10.0
    hdus = [primary]
    for band, wave in waves.items():
        period = {"elg": 400, "lrg": 150, "qso": 900, "lya": 60, "bgs": 200}[tracer]
        hdus += [fits.ImageHDU(wave, name=f"WAVE_{band}"),
                 fits.ImageHDU(0.2 * np.sin(wave / period * 2 * np.pi)[None, :], name=f"DFLUX_{band}")]
    fits.HDUList(hdus).writeto(path, overwrite=True)


def write_all(folder, waves):
    """Writes the folder that $DESIMODEL names. waves: {"B": wave, ...}, of frames."""
    data = os.path.join(folder, "data")
    for name in ("throughput", "focalplane", "tsnr", "specpsf/nea"):
        os.makedirs(os.path.join(data, name), exist_ok=True)
    write_acceptance(os.path.join(data, "throughput/galsim-fiber-acceptance.fits"))
    radius = np.linspace(0, 420, 43)
    columns = np.zeros((len(radius), 9))
    columns[:, 0], columns[:, 1] = radius, radius / 252
    columns[:, 6:8], columns[:, 8] = PLATE_SCALE, radius
    np.savetxt(os.path.join(data, "focalplane/platescale.txt"), columns)
    with open(os.path.join(data, "desi.yaml"), "w") as out:
        out.write(f"fibers:\n  diameter_um: {2 * FIBER_RADIUS}\n  diameter_arcsec: {2 * FIBER_RADIUS / PLATE_SCALE}\n"
                  "ccd: {b: {}, r: {}, z: {}}\n")
    for band, wave in waves.items():
        limits = fits.PrimaryHDU()
        for key in ("WAVEMIN", "WMIN_ALL"):
            limits.header[key] = wave[0]
        for key in ("WAVEMAX", "WMAX_ALL"):
            limits.header[key] = wave[-1]
        limits.writeto(os.path.join(data, f"specpsf/psf-{band.lower()}.fits"), overwrite=True)
    for tracer in ("elg", "lrg", "qso", "lya", "bgs"):
        write_ensemble(os.path.join(data, f"tsnr/tsnr-ensemble-{tracer}.fits"), tracer, waves)
    for band, wave in waves.items():
        coarse = np.linspace(wave[0] - 10, wave[-1] + 10, 30)
        same = np.ones((500, len(coarse)))
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(coarse, name="WAVELENGTH"), fits.ImageHDU(0.6 * same, name="ANGPERPIX"),
                fits.ImageHDU(3.8 * same, name="NEA")]
        for petal in range(10):
            fits.HDUList(hdus).writeto(os.path.join(data, f"specpsf/nea/masternea_{band.lower()}{petal}.fits"),
                                       overwrite=True)


def write_calibration(folder, psfs):
    """Writes the folder that $DESI_SPECTRO_CALIB names: where desispec finds the traces. psfs: {"b0": path, ...}."""
    for camera, psf in psfs.items():
        where = os.path.join(folder, "spec", f"sp{camera[1]}")
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, f"{camera}.yaml"), "w") as out:
            out.write(f"{camera}:\n  v1:\n    DATE-OBS-BEGIN: 20200101\n    DETECTOR: SIM\n    PSF: {psf}\n")
