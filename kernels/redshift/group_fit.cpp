#include <algorithm>

#include "kernels/redshift/detail/engine.hpp"

namespace zspex::kernels::detail {

void Engine::fit_group(int itemplate, std::span<const PackedTarget> targets, FitGroup& group, GroupRoom& room) const {
  const Template& tmpl = templates_[itemplate];
  const int nbasis = tmpl.nbasis(), nsum = products_of(nbasis), nz = static_cast<int>(group.redshifts.size());
  const std::size_t n = group.targets.size();
  const auto target = [&](std::size_t i) { return &targets[group.targets[i]]; };
  group.chi2.assign(n * nz, no_chi2);
  group.coeff.assign(n * nz * nbasis, 0.0);
  const auto [least, most] = std::minmax_element(group.redshifts.begin(), group.redshifts.end());
  if (!covers(itemplate, *least, *most)) {
    for (std::size_t k = 0; k < n * nz; ++k) group.chi2[k] = target(k / nz)->flux_square;
    return;
  }
  if (room.slice.size() < slice_size(itemplate, nz)) room.slice.resize(slice_size(itemplate, nz), 0.0);
  rebin(itemplate, group.redshifts, room.slice.data());
  if (room.ones.empty()) {
    room.ones.emplace_back(most_basis_, settings_.max_ndiag);
    room.twos.emplace_back(most_basis_, settings_.max_ndiag);
  }
  for (std::size_t i = 0; i < n;) {
    const bool two = i + 1 < n && target(i)->same_shape(*target(i + 1));
    const std::size_t beside = two ? 2 : 1;
    room.sums.assign(beside * nz * nsum, LaneSum{});
    for (const Block& block : blocks_) {
      if (two)
        add_block<double, 2>(block, {target(i), target(i + 1)}, layout_, room.slice.data(), nz, nbasis,
                             room.twos.front(), room.sums.data());
      else
        add_block<double, 1>(block, {target(i)}, layout_, room.slice.data(), nz, nbasis, room.ones.front(),
                             room.sums.data());
    }
    for (std::size_t k = 0; k < beside * nz; ++k) {
      if (target(i + k / nz)->npixels == 0) continue;
      double* c = group.coeff.data() + (i * nz + k) * nbasis;
      const LinearFit fit = solve_fit(tmpl.method, nbasis, room.sums.data() + k * nsum, c);
      const double* basis = room.slice.data() + slice_size(itemplate, static_cast<int>(k % nz));
      group.chi2[i * nz + k] = fit.cancelled ? direct_chi2(*target(i + k / nz), layout_, basis, nbasis, c) : fit.chi2;
    }
    i += beside;
  }
}

}  // namespace zspex::kernels::detail
