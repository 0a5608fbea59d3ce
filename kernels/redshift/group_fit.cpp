#include <algorithm>

#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels::detail {

void Engine::fit_group(int itemplate, FitGroup& group, GroupRoom& room) const {
  const Template& tmpl = templates_[itemplate];
  const int nbasis = tmpl.nbasis(), nsum = products_of(nbasis), nz = static_cast<int>(group.redshifts.size());
  group.fits.assign(group.targets.size() * nz, {});
  group.coeff.assign(group.fits.size() * nbasis, 0.0);
  const auto [least, most] = std::minmax_element(group.redshifts.begin(), group.redshifts.end());
  if (!covers(itemplate, *least, *most)) {
    for (std::size_t i = 0; i < group.fits.size(); ++i) group.fits[i].chi2 = group.targets[i / nz]->flux_square;
    return;
  }
  if (room.slice.size() < slice_size(itemplate, nz)) room.slice.resize(slice_size(itemplate, nz), 0.0);
  rebin(itemplate, group.redshifts, room.slice.data());
  if (room.ones.empty()) {
    room.ones.emplace_back(most_basis_, settings_.max_ndiag);
    room.twos.emplace_back(most_basis_, settings_.max_ndiag);
  }
  for (std::size_t i = 0; i < group.targets.size();) {
    const bool two = i + 1 < group.targets.size() && group.targets[i]->same_shape(*group.targets[i + 1]);
    const std::size_t n = two ? 2 : 1;
    room.sums.assign(n * nz * nsum, LaneSum{});
    for (const Block& block : blocks_) {
      if (two)
        add_block<double, 2>(block, {group.targets[i], group.targets[i + 1]}, layout_, room.slice.data(), nz, nbasis,
                             room.twos.front(), room.sums.data());
      else
        add_block<double, 1>(block, {group.targets[i]}, layout_, room.slice.data(), nz, nbasis, room.ones.front(),
                             room.sums.data());
    }
    for (std::size_t k = 0; k < n * nz; ++k) {
      double* c = group.coeff.data() + (i * nz + k) * nbasis;
      LinearFit& fit = group.fits[i * nz + k] = solve_fit(tmpl.method, nbasis, room.sums.data() + k * nsum, c);
      if (fit.cancelled)
        fit.chi2 = direct_chi2(*group.targets[i + k / nz], layout_,
                               room.slice.data() + slice_size(itemplate, static_cast<int>(k % nz)), nbasis, c);
    }
    i += n;
  }
}

}  // namespace zspex::kernels::detail
