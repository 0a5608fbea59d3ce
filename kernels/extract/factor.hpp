/// \file
/// Regularisation, factorisation and solution of patches: from the normal equations to the deconvolved flux f and the
/// factor by rows.
#pragma once

#include "kernels/extract/unit_data.hpp"
#include "kernels/linalg/banded.hpp"

namespace zspex::kernels {

/// Adds the prior f = 0 of weight alpha^2 that keeps bins without data solvable: alpha = regularize, but q_min - q
/// where the flux weight q is below q_min = 1e-4 max q; and 1e-15 for all (gpu_specter 0.3). The maximum runs over the
/// patch; where `reach` > 0, over the bins within `reach` of each bin, so that a whole bundle meets the same rule as a
/// patch in its middle.
template <class Exec>
void regularize_patches(const Exec& exec, const DeviceView<const PatchShape*, Exec>& patches,
                        const DeviceView<const int*, Exec>& order, int npatch, double regularize, int reach,
                        const PatchSlots<Exec>& slots) {
  const int ld = slots.ld;
  const auto band = slots.band;
  const auto fluxweight = slots.fluxweight;
  const auto highest = slots.model;  // free until the residuals; holds the largest q of each wavelength
  launch_teams(
      exec, "zspex::extract::regularize", npatch, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = patches(order(slot));
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

/// Factorises and, where `solve`, replaces the right-hand side in slots.flux by f. Sets slots.status.
template <class Exec>
void factor_patches(const Exec& exec, const DeviceView<const PatchShape*, Exec>& patches,
                    const DeviceView<const int*, Exec>& order, int npatch, bool solve, bool by_rows,
                    const PatchSlots<Exec>& slots) {
  const int ld = slots.ld;
  const auto band = slots.band;
  const auto rows = slots.rows;
  const auto flux = slots.flux;
  const auto status = slots.status;
  launch_teams(
      exec, "zspex::extract::factor", npatch, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = patches(order(slot));
        const int n = patch.nspec * patch.nwave;
        const int failed = banded_cholesky<Exec>(team, &band(slot, 0), n, patch.band, ld);
        Kokkos::single(Kokkos::PerTeam(team), [=]() { status(slot) = failed; });
        if (failed) return;
        if (by_rows) banded_rows<Exec>(team, &band(slot, 0), n, round_up(n, row_tile), patch.band, ld, &rows(slot, 0));
        if (solve) banded_solve<Exec>(team, &band(slot, 0), n, patch.band, ld, &flux(slot, 0));
      });
}

/// Cuts the normal matrices of small patches out of the one of a whole bundle, which is not changed. `prior` is added to the diagonal.
template <class Exec>
void cut_matrices(const Exec& exec, const DeviceView<const PatchShape*, Exec>& patches,
                  const DeviceView<const int*, Exec>& order, int npatch, const DeviceView<const double**, Exec>& whole,
                  int wholeld, int wholeband, int wholenspec, double prior, const PatchSlots<Exec>& slots) {
  const int ld = slots.ld;
  const auto band = slots.band;
  launch_teams(
      exec, "zspex::extract::cut_matrices", npatch, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = patches(order(slot));
        const int ns = patch.nspec;
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, ns * patch.nwave), [=](int k) {
          const int w = k / ns, s = k % ns;
          const std::size_t row = static_cast<std::size_t>(patch.iwave + w) * wholenspec + patch.ispec + s;
          double* const to = &band(slot, static_cast<std::size_t>(k) * ld);
          Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, patch.band / ns + 2), [=](int apart) {
            const double* const from = &whole(0, row * wholeld);
            for (int r = 0; r < ns; ++r) {
              const int d = apart * ns + r - s, far = apart * wholenspec + r - s;
              if (d < 0 || d > patch.band) continue;
              to[d] = w + apart < patch.nwave && far <= wholeband ? from[far] : 0.0;
              if (d == 0) to[d] += prior;
            }
          });
        });
      });
}

}  // namespace zspex::kernels
