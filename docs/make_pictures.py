#!/usr/bin/env python3
"""docs/make_pictures.py [PROGRAM]: simulates and reduces the demo's exposure and coadds with zspex (default build/zspex) and
draws what comes out: docs/images/results-light.png and results-dark.png, the README's. Needs numpy, astropy, h5py, matplotlib
and Pillow; half a minute."""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import matplotlib
import numpy as np
from astropy.io import fits

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import PowerNorm  # noqa: E402
from PIL import Image  # noqa: E402

REPOSITORY = Path(__file__).resolve().parent.parent
FIBER = 5  # a faint galaxy: sky, and its [O II] at z = 0.619
FIRST_FIBER, LAST_FIBER = 0, 24  # whose light is shown
BOTTOM, TOP = 5865, 5950  # Angstrom of the frame that is shown, with lines of the sky
TARGET_ROW = 9  # a galaxy with emission lines
GRID = "5760,6100,0.8"
# Laid on white and on the dark page of GitHub; blue and orange are told apart by everybody.
THEMES = {
    "light": dict(page="#ffffff", ink="#1f2328", faint="#6e7781", data="#8fa3b5", blue="#0969b0", orange="#d55e00"),
    "dark": dict(page="#0d1117", ink="#e6edf3", faint="#8b949e", data="#71879e", blue="#56b4e9", orange="#f0a03c"),
}
ZOOM, ZOOM_BAND = (8035, 8170), "Z"  # Angstrom of the coadd that are shown larger: [O III]
LINES = {"[O II]": (3728.5, "center"), "Hβ": (4862.7, "center")}  # vacuum Angstrom


def make_results(program, folder):
    def zspex(*words):
        subprocess.run([program, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    config = REPOSITORY / "config"
    zspex("simulate", config / "simulate_demo.yaml", "-o", "exposure")
    zspex("extract", "-i", "exposure/preproc-r0-00000001.fits", "-p", "exposure/psf-r0.fits", "-o", "frame.fits", "-w", GRID,
          "-n", "50")
    zspex("simulate", config / "simulate_coadds.yaml", "-o", "coadds")
    zspex("redshift", "-i", "coadds/coadd-0.fits", "-t", "coadds/templates", "-o", "redrock.fits", "-d", "details.h5", "--model",
          "models.fits")


def legendre_traces(psf, name, wave, fibers):
    """X or Y of fibers at wavelengths, [fiber][wave]."""
    header = psf[name].header
    scaled = 2 * (wave - header["WAVEMIN"]) / (header["WAVEMAX"] - header["WAVEMIN"]) - 1
    return np.polynomial.legendre.legval(scaled, psf[name].data[fibers].T)


def convolved(diagonals, flux):
    """R f, of DESI's diagonals; NaN where it needs flux beyond the ends."""
    result, half = np.zeros_like(flux), len(diagonals) // 2
    for i, diagonal in enumerate(diagonals):
        offset = half - i  # row i of the file holds R[j - offset, j] at j
        column = np.arange(len(flux))
        row = column - offset
        inside = (row >= 0) & (row < len(flux))
        result[row[inside]] += diagonal[inside] * flux[inside]
    result[:half] = result[len(flux) - half:] = np.nan
    return result


def draw_frame(axes, folder):
    with fits.open(folder / "exposure/preproc-r0-00000001.fits") as preproc, fits.open(folder / "exposure/psf-r0.fits") as psf:
        fibers = np.arange(FIRST_FIBER, LAST_FIBER + 1)
        wave = np.linspace(BOTTOM, TOP, 200)
        x, y = (legendre_traces(psf, name, wave, fibers) for name in ("XTRACE", "YTRACE"))
        left, right = int(x.min()) - 4, int(x.max()) + 5
        low, high = int(y[:, 0].max()), int(y[:, -1].min())
        image = preproc["IMAGE"].data[low:high, left:right]
    axes.imshow(np.clip(image, 0, None), origin="lower", cmap="magma", norm=PowerNorm(0.4, 0, np.percentile(image, 98.5)),
                extent=(left - 0.5, right - 0.5, low - 0.5, high - 0.5), aspect="auto", interpolation="nearest")
    i = FIBER - FIRST_FIBER
    for side in (-3.2, 3.2):
        axes.plot(x[i] + side, y[i], color="#56b4e9", lw=1.2)
    axes.set_xlim(left - 0.5, right - 0.5)
    axes.set_ylim(low - 0.5, high - 0.5)
    axes.set_xlabel("CCD column")
    axes.set_ylabel("CCD row")


def draw_spectrum(axes, folder, theme):
    with fits.open(folder / "frame.fits") as frame, fits.open(folder / "exposure/truth-r0-00000001.fits") as truth:
        wave, flux, ivar = frame["WAVELENGTH"].data, frame["FLUX"].data[FIBER], frame["IVAR"].data[FIBER]
        expected = convolved(frame["RESOLUTION"].data[FIBER].astype(float), truth["FLUX"].data[FIBER])
    sigma = 1 / np.sqrt(ivar)
    axes.fill_between(wave, flux - sigma, flux + sigma, color=theme["data"], alpha=0.6, lw=0, step="mid")
    axes.step(wave, flux, where="mid", color=theme["blue"], lw=1.1, label="extracted, ±1σ")
    axes.plot(wave, expected, color=theme["orange"], lw=1.1, ls=(0, (4, 2)), label="truth, at its resolution")
    print(f"spectrum: pulls have rms {np.nanstd((flux - expected) * np.sqrt(ivar)):.2f}")
    axes.annotate("sky", (5901, 560), color=theme["ink"])
    axes.annotate("[O II]", (6038, 490), ha="center", color=theme["ink"])
    axes.set_xlim(wave[0], wave[-1])
    axes.set_ylim(0, None)
    axes.set_xlabel("wavelength [Å]")
    axes.set_ylabel("electrons / Å")
    axes.legend(loc="upper right", ncols=1)


def draw_scan(axes, folder, best, truth, theme):
    with h5py.File(folder / "details.h5") as details:
        row = list(details["targetids"][:]).index(best["TARGETID"])
        z, chi2 = (details[f"zscan/GALAXY/{name}"][:] for name in ("redshifts", "zchi2"))
        fits_found = details[f"zfit/{best['TARGETID']}/zfit"][:]
    # Between the scan's redshifts stand those of the fine scans around its minima.
    fine = fits_found[fits_found["spectype"] == b"GALAXY"]
    z = np.concatenate([z, *fine["zz"]])
    chi2 = np.concatenate([chi2[row], *fine["zzchi2"]])
    order = np.argsort(z)
    z, chi2 = z[order], chi2[order]
    axes.plot(z, chi2 - best["CHI2"], color=theme["blue"], lw=0.8)
    axes.plot(best["Z"], 0, "o", color=theme["orange"], ms=6, zorder=3)
    axes.annotate(f"z = {best['Z']:.5f}\ntruth {truth['Z']:.5f}", (best["Z"], 0), (10, 2), textcoords="offset points",
                  color=theme["orange"], va="bottom")
    axes.set_xlim(0, 1.7)
    axes.set_xlabel("redshift z")
    axes.set_ylabel("χ² − best χ²")


def smoothed(flux, ivar, half):
    kernel = np.ones(2 * half + 1)
    weight = np.convolve(ivar, kernel, "same")
    return np.convolve(flux * ivar, kernel, "same") / np.maximum(weight, 1e-30)


def draw_model(axes, folder, best, theme):
    with fits.open(folder / "coadds/coadd-0.fits") as coadd, fits.open(folder / "models.fits") as models:
        row = list(coadd["FIBERMAP"].data["TARGETID"]).index(best["TARGETID"])
        model_row = list(models["REDSHIFTS"].data["TARGETID"]).index(best["TARGETID"])
        top = 0
        inset = axes.inset_axes((0.78, 0.46, 0.21, 0.44))  # not smoothed
        for i, band in enumerate("BRZ"):
            wave = coadd[band + "_WAVELENGTH"].data
            flux, ivar = coadd[band + "_FLUX"].data[row], coadd[band + "_IVAR"].data[row]
            model = models[band + "_MODEL"].data[model_row]
            axes.plot(wave, smoothed(flux, ivar, 2), color=theme["data"], lw=0.5, label="coadd, smoothed" if i == 0 else None)
            axes.plot(wave, model, color=theme["orange"], lw=1.0, label="best template" if i == 0 else None)
            top = max(top, model.max())
            shown = (wave > ZOOM[0]) & (wave < ZOOM[1])
            if band != ZOOM_BAND:
                continue
            inset.step(wave[shown], flux[shown], where="mid", color=theme["data"], lw=0.9)
            inset.plot(wave[shown], model[shown], color=theme["orange"], lw=1.0)
    axes.set_ylim(-0.25 * top, 1.3 * top)
    for name, (rest, side) in LINES.items():
        axes.annotate(name, (rest * (1 + best["Z"]), 1.08 * top), ha=side, color=theme["ink"])
    inset.set_xlim(*ZOOM)
    inset.tick_params(labelsize=7.5)
    inset.set_yticks([])
    inset.spines[:].set_visible(True)
    inset.set_title("[O III]", fontsize=9, fontweight="normal", loc="center", pad=3)
    axes.set_xlim(3600, 9824)
    axes.set_xlabel("wavelength [Å]")
    axes.set_ylabel("flux [10⁻¹⁷ erg/s/cm²/Å]")
    legend = axes.legend(loc="upper left", ncols=1)
    for line in legend.get_lines():
        line.set_linewidth(1.4)


def draw(folder, name, theme):
    plt.rcParams.update({
        "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold", "axes.titlelocation": "left", "legend.frameon": False,
        "legend.fontsize": 8.5, "figure.facecolor": theme["page"], "axes.facecolor": theme["page"], "axes.edgecolor": theme["faint"],
        "axes.linewidth": 0.8, "text.color": theme["ink"], "axes.labelcolor": theme["ink"], "axes.titlecolor": theme["ink"],
        "xtick.color": theme["faint"], "ytick.color": theme["faint"], "xtick.labelcolor": theme["ink"],
        "ytick.labelcolor": theme["ink"], "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(2, 2, figsize=(9, 5.2), width_ratios=(1, 1.9), layout="constrained")
    best = fits.getdata(folder / "redrock.fits", "REDSHIFTS")[TARGET_ROW]
    truths = fits.getdata(folder / "coadds/truth-0.fits", "TRUTH")
    truth = truths[truths["TARGETID"] == best["TARGETID"]][0]
    draw_frame(axes[0, 0], folder)
    axes[0, 0].set_title("A CCD frame: 25 fibers")
    draw_spectrum(axes[0, 1], folder, theme)
    axes[0, 1].set_title("zspex extract: the marked fiber's spectrum")
    draw_scan(axes[1, 0], folder, best, truth, theme)
    axes[1, 0].set_title("zspex redshift: χ² of a coadd")
    draw_model(axes[1, 1], folder, best, theme)
    axes[1, 1].set_title("The coadd and its best fit")
    path = REPOSITORY / "docs/images" / f"results-{name}.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main():
    program = Path(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY / "build/zspex").resolve()
    with tempfile.TemporaryDirectory() as folder:
        make_results(program, folder)
        for name, theme in THEMES.items():
            draw(Path(folder), name, theme)


if __name__ == "__main__":
    main()
