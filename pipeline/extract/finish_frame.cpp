#include "pipeline/extract/finish_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/error.hpp"
#include "core/format.hpp"
#include "kernels/extract/frame_mask.hpp"
#include "pipeline/extract/scores_table.hpp"

namespace zspex::pipeline {
namespace {

std::string replace_prefix(const std::string& path, const std::string& prefix, const std::string& name) {
  return prefix.empty() || path.rfind(prefix, 0) != 0 ? std::string() : name + path.substr(prefix.size());
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

FrameSpectra::FrameSpectra(std::size_t nspec, std::size_t ndiag, std::size_t nwave)
    : flux({nspec, nwave}),
      ivar({nspec, nwave}),
      mask({nspec, nwave}),
      resolution({nspec, ndiag, nwave}),
      chi2pix({nspec, nwave}),
      scores(nspec) {}

io::Table trim_fibermap(const io::Table& fibermap, int specmin, int nspec, int petal_size, const std::string& path) {
  const auto first = static_cast<std::size_t>(specmin), n = static_cast<std::size_t>(nspec);
  if (specmin > 0 && fibermap.nrow == n && fibermap.find("FIBER")) {
    const auto fiber = fibermap.integers("FIBER", path);
    bool same = true;
    for (std::size_t row = 0; row < n; ++row) same &= fiber[row] % petal_size == specmin + static_cast<int>(row);
    if (same) return fibermap;
  }
  if (fibermap.nrow < first + n) {
    throw FileError(path, "FIBERMAP",
                    fmt::format("expected at least {} rows, one per fiber from fiber 0 of the petal on, found {}. Give "
                                "a whole fibermap with --fibermap, or extract fewer fibers (--specmin, --nspec).",
                                first + n, fibermap.nrow));
  }
  return fibermap.rows(first, n);
}

std::string shorten_path(const std::string& path) {
  std::string shorter = replace_prefix(path, environment("DESI_SPECTRO_CALIB"), "SPCALIB");
  const std::string redux = environment("DESI_SPECTRO_REDUX"), production = environment("SPECPROD");
  if (shorter.empty() && !redux.empty() && !production.empty()) {
    shorter = replace_prefix(path, redux + "/" + production, "SPECPROD");
  }
  return shorter.empty() ? path : shorter;
}

io::Frame finish_frame(FrameSpectra&& spectra, const FrameFacts& facts) {
  kernels::flag_bad_fits(spectra.chi2pix, spectra.ivar, spectra.mask);
  const auto nspec = static_cast<long long>(spectra.flux.extent(0));

  io::Frame frame;
  frame.wave = facts.wave;
  frame.flux = std::move(spectra.flux);
  frame.ivar = std::move(spectra.ivar);
  frame.mask = std::move(spectra.mask);
  frame.resolution = std::move(spectra.resolution);
  frame.chi2pix = std::move(spectra.chi2pix);
  frame.fibermap = facts.fibermap;
  if (facts.scores) frame.scores = scores_table(spectra.scores, kernels::score_range(facts.wave));

  long long fibermin = facts.specmin;
  if (facts.fibermap && facts.fibermap->find("FIBER") && facts.fibermap->nrow > 0) {
    const auto fiber = facts.fibermap->integers("FIBER", facts.input);
    fibermin = *std::min_element(fiber.begin(), fiber.end());
  }
  frame.header = facts.header;
  io::Header& header = frame.header;
  header.set("NSPEC", nspec, "Number of spectra");
  header.set("WAVEMIN", facts.wavemin, "First wavelength [Angstroms]");
  header.set("WAVEMAX", facts.wavemax, "Last wavelength [Angstroms]");
  header.set("WAVESTEP", facts.dwave, "Wavelength step size [Angstroms]");
  header.set("ZSPEX", facts.version, "Program that extracted the spectra: version");
  header.set("SPECTER", "zspex " + facts.version, "The same, by the name that DESI's frames have");
  header.set("IN_PSF", shorten_path(facts.psf), "Input spectral PSF");
  header.set("IN_IMG", shorten_path(facts.input), "Input image");
  if (facts.orig_psf) header.set("ORIG_PSF", *facts.orig_psf, "PSF that IN_PSF was shifted from");
  header.set("FIBERMIN", fibermin, "First fiber");
  header.set("NPATCH", facts.npatch, "Patches or windows that were solved");
  header.set("NRETRIED", facts.nretried, "of them solved again with a prior");
  header.set("NFAILED", facts.nfailed, "of them without a solution: BAD2DFIT");
  header.set("NBADFIB", facts.nbad_fiber, "Fibers without a usable trace, in part or all: BADFIBER");
  header.set("NBADPIX", static_cast<long long>(facts.nbad_pixel), "Pixels left out: too little noise, too much signal");
  header.erase("HELIOCOR");  // it speaks of these wavelengths
  if (facts.heliocor) header.set("HELIOCOR", *facts.heliocor, "Barycentric correction: factor on wavelengths");
  return frame;
}

}  // namespace zspex::pipeline
