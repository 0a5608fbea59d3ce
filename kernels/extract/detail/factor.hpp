/// \file
/// Regularization, factorization and solution of patches: from the normal equations to the deconvolved flux f and the
/// factor by rows.
#pragma once

#include "kernels/extract/detail/workspace.hpp"
#include "kernels/linalg/banded.hpp"

namespace zspex::kernels::detail {

/// Adds the prior f = 0 of weight alpha^2 that keeps bins without data solvable: alpha = regularize, but q_min - q
/// where the flux weight q is below q_min = 1e-4 max q; and 1e-15 for all (gpu_specter 0.3). The maximum runs over the
/// patch; where `reach` > 0, over the bins within `reach` of each bin, so that a whole bundle meets the same rule as a
/// patch in its middle.
template <class Exec>
void regularize_patches(const Exec& exec, const Batch<Exec>& batch, double regularize, int reach,
                        const PatchSlots<Exec>& slots) {
  const int ld = slots.ld;
  const auto band = slots.band;
  const auto fluxweight = slots.fluxweight;
  const auto highest = slots.model;  // free until the residuals; holds the largest q of each wavelength
  launch_teams(
      exec, "zspex::extract::regularize", batch.n, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = batch.patch(slot);
        const int ns = patch.nspec, nw = patch.nwave;
        team_for(team, 0, nw, [=](int w) {
          double most = 0;
          for (int s = 0; s < ns; ++s) most = fluxweight(slot, w * ns + s) > most ? fluxweight(slot, w * ns + s) : most;
          highest(slot, w) = most;
        });
        team.team_barrier();
        team_for(team, 0, nw, [=](int w) {
          const int begin = reach > 0 ? (w - reach > 0 ? w - reach : 0) : 0;
          const int end = reach > 0 ? (w + reach + 1 < nw ? w + reach + 1 : nw) : nw;
          double most = 0;
          for (int v = begin; v < end; ++v) most = highest(slot, v) > most ? highest(slot, v) : most;
          const double least = 1e-4 * most;
          for (int s = 0; s < ns; ++s) {
            const int k = w * ns + s;
            const double q = fluxweight(slot, k), alpha = q < least ? least - q : regularize;
            band(slot, static_cast<std::size_t>(k) * ld) += alpha * alpha + 1e-15;
          }
        });
      });
}

/// Factorizes and, where `solve`, replaces the right-hand side in slots.flux by f. Sets slots.status. Windows of a
/// bundle that could not be factorized count as failed.
///   whole_status  of the bundle; empty: there is none
template <class Exec>
void factor_patches(const Exec& exec, const Batch<Exec>& batch, bool solve, bool by_rows, const PatchSlots<Exec>& slots,
                    const DeviceView<const int*, Exec>& whole_status) {
  const int ld = slots.ld;
  const bool windows = whole_status.extent(0) > 0;
  const auto band = slots.band;
  const auto rows = slots.rows;
  const auto flux = slots.flux;
  const auto status = slots.status;
  launch_teams(
      exec, "zspex::extract::factor", batch.n, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = batch.patch(slot);
        const int n = patch.nspec * patch.nwave;
        const int failed =
            windows && whole_status(0) != 0 ? 1 : banded_cholesky<Exec>(team, &band(slot, 0), n, patch.band, ld);
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(batch.order(slot)) = failed; });
        if (failed) return;
        if (by_rows) banded_rows<Exec>(team, &band(slot, 0), n, round_up(n, row_tile), patch.band, ld, &rows(slot, 0));
        if (solve) banded_solve<Exec>(team, &band(slot, 0), n, patch.band, ld, &flux(slot, 0));
      });
}

/// Bins of a bundle whose elements of the normal matrix are kept for windows: on each fiber of a window, no more than
/// this many fibers apart.
inline constexpr int coupled_fibers = 2 * window_neighbors;
static_assert(coupled_fibers < row_tile, "cut_matrices() writes so far beyond a band");
/// Doubles that keep a bin's elements.
inline int coupling_size(const PatchShape& whole) { return (whole.wavespan + 2) * (2 * coupled_fibers + 1); }

/// Keeps of the normal matrix of a whole bundle what its windows need, before the factor takes its place:
/// couplings[k][apart * (2 c + 1) + c + r - s] = A((w + apart, r), (w, s)), bin k = (w, s), c = coupled_fibers.
template <class Exec>
void keep_couplings(const Exec& exec, const PatchShape& whole, const PatchSlots<Exec>& slots,
                    const DeviceView<double**, Exec>& couplings) {
  const int ld = slots.ld, size = couplings.extent_int(1), ns = whole.nspec, most = whole.band;
  const auto band = slots.band;
  launch_teams(
      exec, "zspex::extract::keep_couplings", whole.nwave, team_of<Exec>(256), KOKKOS_LAMBDA(const Team<Exec>& team) {
        constexpr int width = 2 * coupled_fibers + 1;
        const int w = team.league_rank();
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, ns), [=](int s) {
          const std::size_t k = static_cast<std::size_t>(w) * ns + s;
          const double* const column = &band(0, k * ld);
          double* const kept = &couplings(k, 0);
          Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, size), [=](int i) {
            const int d = i / width * ns + i % width - coupled_fibers;
            kept[i] = d >= 0 && d <= most ? column[d] : 0.0;
          });
        });
      });
}

/// Cuts the normal matrices of windows out of keep_couplings()'s. `prior` is added to the diagonal.
///   wholenspec  fibers of the bundle
template <class Exec>
void cut_matrices(const Exec& exec, const Batch<Exec>& batch, const DeviceView<const double**, Exec>& couplings,
                  int wholenspec, double prior, const PatchSlots<Exec>& slots) {
  const int ld = slots.ld, size = couplings.extent_int(1);
  const auto band = slots.band;
  launch_teams(
      exec, "zspex::extract::cut_matrices", batch.n, team_of<Exec>(256), KOKKOS_LAMBDA(const Team<Exec>& team) {
        constexpr int width = 2 * coupled_fibers + 1;
        const int slot = team.league_rank();
        const PatchShape patch = batch.patch(slot);
        const int ns = patch.nspec;
        team_for(team, 0, ns * patch.nwave, [=](int k) {
          const int w = k / ns, s = k % ns;
          const double* const from =
              &couplings((static_cast<std::size_t>(patch.iwave) + w) * wholenspec + patch.ispec + s, 0) +
              coupled_fibers;
          double* const to = &band(slot, static_cast<std::size_t>(k) * ld);
          int napart = patch.band / ns + 2;
          if (napart > patch.nwave - w) napart = patch.nwave - w;
          if (napart > size / width) napart = size / width;
          int d = 0;  // ends less than a wavelength beyond the band, where a column has room
          for (int apart = 0, r = s; apart < napart && d <= patch.band; ++apart, r = 0)
            for (; r < ns; ++r, ++d) to[d] = from[apart * width + r - s];
          for (; d <= patch.band; ++d) to[d] = 0;
          to[0] += prior;
        });
      });
}

}  // namespace zspex::kernels::detail
