#include "kernels/extract/frame_mask.hpp"

#include <vector>

#include "core/mask_bits.hpp"
#include "core/median.hpp"

namespace zspex::kernels {
namespace {

constexpr double bad_fit_ratio = 5;  // desispec's choice

}  // namespace

std::uint32_t bin_mask(double masked_fraction, bool untraced) {
  std::uint32_t mask = 0;
  if (masked_fraction > 0.5) mask |= specmask::somebadpix;
  if (masked_fraction == 1.0) mask |= specmask::allbadpix;
  if (untraced) mask |= specmask::badfiber;
  return mask;
}

std::size_t flag_bad_fits(const Array2<float>& chi2pix, const Array2<float>& ivar, Array2<std::uint32_t>& mask) {
  const std::size_t nspec = chi2pix.extent(0), nwave = chi2pix.extent(1);
  const auto has_data = [&](std::size_t ispec, std::size_t i) { return chi2pix(ispec, i) > 0 && ivar(ispec, i) > 0; };
  std::vector<double> of_fiber(nspec), of_wave(nwave), values;
  for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
    values.clear();
    for (std::size_t i = 0; i < nwave; ++i) {
      if (has_data(ispec, i)) values.push_back(chi2pix(ispec, i));
    }
    of_fiber[ispec] = median(values);
  }
  for (std::size_t i = 0; i < nwave; ++i) {
    values.clear();
    for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
      if (has_data(ispec, i)) values.push_back(chi2pix(ispec, i));
    }
    of_wave[i] = median(values);
  }
  std::size_t flagged = 0;
  for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
    for (std::size_t i = 0; i < nwave; ++i) {
      if (!has_data(ispec, i)) continue;
      const double chi2 = chi2pix(ispec, i);
      if (chi2 > bad_fit_ratio * of_wave[i] && chi2 > bad_fit_ratio * of_fiber[ispec]) {
        mask(ispec, i) |= specmask::bad2dfit;
        ++flagged;
      }
    }
  }
  return flagged;
}

}  // namespace zspex::kernels
