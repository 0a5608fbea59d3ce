/// \file
/// The kernels of a scan, in their order: templates onto pixels (rebin.hpp), sums of products of all fits
/// (sum_products.hpp), their solutions, and chi^2 from residuals where sums cancel.
#pragma once

#include "kernels/redshift/detail/rebin.hpp"
#include "kernels/redshift/detail/solve_normal.hpp"
#include "kernels/redshift/detail/spectra.hpp"
#include "kernels/redshift/detail/sum_products.hpp"

namespace zspex::kernels::detail {

/// The record of a fit: its chi^2, its penalty, whether chi^2 is to be had from the residuals (1) as sums cancel, and its
/// coefficients.
namespace fit_record {
inline constexpr int chi2 = 0, penalty = 1, cancelled = 2, coeff = 3;
inline constexpr int size(int nbasis) { return coeff + nbasis; }
}  // namespace fit_record

/// Solves each fit, from its sums. Each worker solves fit after fit.
template <class Exec>
struct SolveFits {
  Spectra<Exec> spectra;
  DeviceView<const int*, Exec> targets;  ///< [pair]
  DeviceView<const double*, Exec> oii;   ///< [nbasis] sums around [OII]; empty without penalty
  DeviceView<double**, Exec> products;   ///< [pair][products_of(nbasis)]
  DeviceView<double**, Exec> fits;       ///< [pair] records
  DeviceView<double**, Exec> workspace;  ///< [worker][solve_workspace(nbasis)]
  int nbasis;
  bool nonnegative;

  void run(const Exec& exec) const { launch(exec, "zspex::redshift::solve_fits", workspace.extent_int(0), *this); }
  KOKKOS_FUNCTION void operator()(std::int64_t worker) const {
    for (int pair = static_cast<int>(worker); pair < fits.extent_int(0); pair += workspace.extent_int(0)) {
      double* c = &fits(pair, fit_record::coeff);
      LinearFit fit;
      for (int b = 0; b < nbasis; ++b) c[b] = 0;
      if (spectra.targets(targets(pair)).ngood > 0)
        fit = solve_normal(nonnegative, nbasis, &products(pair, 0), c, &workspace(worker, 0));
      fits(pair, fit_record::chi2) = fit.chi2;
      fits(pair, fit_record::penalty) = oii.extent(0) == 0 ? 0 : negative_light(nbasis, c, oii.data());
      fits(pair, fit_record::cancelled) = fit.cancelled ? 1 : 0;
    }
  }
};

/// chi^2 = sum of ivar (flux - R T c)^2, from the residuals themselves, where SolveFits asks for it.
template <class Exec, class Real>
struct SumResiduals {
  Spectra<Exec> spectra;
  DeviceView<const int*, Exec> targets, slices;  ///< [pair]
  ConstSlice<Exec, Real> slice;
  DeviceView<double**, Exec> fits;  ///< [pair] records

  void run(const Exec& exec) const {
    const int npair = fits.extent_int(0);
    if constexpr (on_host<Exec>)
      launch(exec, "zspex::redshift::sum_residuals", npair, *this);
    else
      launch_teams(exec, "zspex::redshift::sum_residuals", npair, {4, 0}, *this);
  }
  void operator()(std::int64_t pair) const {
    if (fits(pair, fit_record::cancelled) != 0)
      fits(pair, fit_record::chi2) = of_target(targets(pair), slices(pair), &fits(pair, fit_record::coeff));
  }
  KOKKOS_FUNCTION void operator()(const Team<Exec>& team) const {
    const int pair = team.league_rank();
    if (fits(pair, fit_record::cancelled) == 0) return;
    const TargetSpectra& target = spectra.targets(targets(pair));
    double sum = 0;
    for (int is = target.first; is < target.last; ++is) {
      double of_spectrum = 0;
      Kokkos::parallel_reduce(
          Kokkos::TeamVectorRange(team, spectra.spectra(is).npixel),
          [&](int p, double& part) {
            const double residual = pull(spectra.spectra(is), p, slices(pair), &fits(pair, fit_record::coeff));
            part = fused(residual, residual, part);
          },
          of_spectrum);
      sum += of_spectrum;
    }
    Kokkos::single(Kokkos::PerTeam(team), [&] { fits(pair, fit_record::chi2) = sum; });
  }

  /// On the host, pixel by pixel.
  double of_target(int itarget, int iz, const double* c) const {
    const TargetSpectra& target = spectra.targets(itarget);
    double sum = 0;
    for (int is = target.first; is < target.last; ++is)
      for (int p = 0; p < spectra.spectra(is).npixel; ++p) {
        const double residual = pull(spectra.spectra(is), p, iz, c);
        sum = fused(residual, residual, sum);
      }
    return sum;
  }

 private:
  /// sqrt(ivar) (flux - R T c) at a pixel.
  KOKKOS_INLINE_FUNCTION double pull(const Spectrum& s, int p, int iz, const double* c) const {
    const std::size_t row = slice.extent(2);
    const int nbasis = slice.extent_int(1);
    const Real* from = &slice(iz, 0, s.first + p - s.ndiag / 2);
    const float* r = spectra.resolution(s);
    double value = 0;
    for (int m = 0; m < s.ndiag; ++m) {
      double model = 0;
      for (int b = 0; b < nbasis; ++b) model = fused(c[b], static_cast<double>(from[b * row + m]), model);
      value = fused(static_cast<double>(r[row_index(p, m, s.ndiag)]), model, value);
    }
    return fused(-spectra.weights(s)[p], value, spectra.flux(s)[p]);
  }
};

}  // namespace zspex::kernels::detail
