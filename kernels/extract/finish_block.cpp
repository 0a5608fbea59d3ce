#include "kernels/extract/finish_block.hpp"

#include <algorithm>
#include <cmath>

#include "core/mask_bits.hpp"
#include "kernels/extract/frame_mask.hpp"
#include "kernels/extract/scores.hpp"

namespace zspex::kernels {

std::vector<double> bin_widths(const std::vector<double>& wave, double dwave) {
  const std::size_t n = wave.size();
  if (n < 2) return std::vector<double>(n, dwave);
  std::vector<double> width(n);
  width.front() = wave[1] - wave[0];
  width.back() = wave[n - 1] - wave[n - 2];
  for (std::size_t i = 1; i + 1 < n; ++i) width[i] = (wave[i + 1] - wave[i - 1]) / 2;
  return width;
}

BlockSpectra finish_block(ExtractedBlock&& extracted, const std::vector<double>& wave, const std::vector<double>& width,
                          double heliocor) {
  const std::size_t nspec = extracted.flux.extent(0), nwave = extracted.flux.extent(1);
  const ScoreRange range = score_range(wave);
  std::vector<double> file_width = width;
  for (double& value : file_width) value *= heliocor;
  BlockSpectra out;
  out.block = extracted.block;
  out.flux = Array2<float>({nspec, nwave});
  out.ivar = Array2<float>({nspec, nwave});
  out.mask = Array2<std::uint32_t>({nspec, nwave});
  out.chi2pix = Array2<float>({nspec, nwave});
  for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
    for (std::size_t i = 0; i < nwave; ++i) {
      double& flux = extracted.flux(ispec, i);
      double& ivar = extracted.ivar(ispec, i);
      flux /= width[i];
      ivar *= width[i] * width[i];

      std::uint32_t mask = bin_mask(extracted.pixmask_fraction(ispec, i), extracted.untraced(ispec, i) != 0);
      if ((mask & specmask::allbadpix) != 0) ivar = 0;
      // Finite in the file's float as well.
      if (extracted.failed(ispec, i) != 0 || !std::isfinite(static_cast<float>(flux)) ||
          !std::isfinite(static_cast<float>(ivar))) {
        mask |= specmask::bad2dfit;
        flux = ivar = 0;
      }
      const double chi2 = extracted.chi2pix(ispec, i);
      out.flux(ispec, i) = static_cast<float>(flux);
      out.ivar(ispec, i) = static_cast<float>(ivar);
      out.mask(ispec, i) = mask;
      out.chi2pix(ispec, i) = std::isfinite(chi2) ? static_cast<float>(chi2) : 0.0f;
    }
    out.scores.push_back(score_fiber(extracted.flux.row(ispec), extracted.ivar.row(ispec), file_width, range));
  }
  out.resolution = Array3<float>(extracted.resolution.shape());
  std::transform(extracted.resolution.begin(), extracted.resolution.end(), out.resolution.begin(),
                 [](double value) { return static_cast<float>(value); });
  out.model = std::move(extracted.model);
  out.facts = {extracted.npatch, extracted.nretried, extracted.nfailed, extracted.model_x};
  return out;
}

}  // namespace zspex::kernels
