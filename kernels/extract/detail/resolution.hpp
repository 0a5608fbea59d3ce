/// \file
/// From the covariance of a patch to resolution, decorrelated inverse variance and re-convolved flux.
///   signal (Bolton & Schlegel 2010, eq. 17-19): Q = C_s^(-1/2), C_s the covariance of the bins of one fiber
///   noise  (eq. 10-13):                         Q = (C^-1)^(1/2) of the whole patch
///   R_kl = Q_kl / s_k,  ivar_k = s_k^2,  s_k = sum_l Q_kl,  f~ = R f (eq. 16)
#pragma once

#include "kernels/extract/detail/workspace.hpp"
#include "kernels/linalg/symmetric_root.hpp"

namespace zspex::kernels::detail {

/// Deconvolved fluxes and usable light of the patches in flight: bin (ispec, iwave) of a patch is element base + iwave
/// * step + ispec.
template <class Exec>
struct PatchFlux {
  DeviceView<const double**, Exec> flux, good;  ///< [nslot or 1][...]
  bool shared = false;  ///< one array for all patches, counted from the block's first fiber and bin, with `step` fibers
  int step = 0;

  KOKKOS_INLINE_FUNCTION std::size_t at(const PatchShape& patch, int s, int w) const {
    return shared ? static_cast<std::size_t>(patch.iwave + w) * step + patch.ispec + s
                  : static_cast<std::size_t>(w) * patch.nspec + s;
  }
};

/// Doubles of workspace of one team of resolve_signal().
template <class Exec>
std::size_t signal_scratch(int maxn, int maxwave) {
  const std::size_t ld = round_up(maxwave, row_quantum<Exec>);
  return (round_up(maxn, row_tile) + maxwave + 2) * ld + symmetric_root_scratch<Exec>(maxwave);
}

/// Doubles of workspace of one team of resolve_noise().
template <class Exec>
std::size_t noise_scratch(int maxn) {
  const std::size_t ld = round_up(maxn, row_quantum<Exec>);
  return (maxn + 2) * ld + symmetric_root_scratch<Exec>(maxn);
}

/// The block C_s of the covariance: (L^-1 E)^T (L^-1 E), with E the unit columns of fiber s. Half of the rows of L^-1 E
/// are zero and skipped.
///   rows  factor by rows (banded_rows)     y  [round_up(n, row_tile)][ld]     c  [m][ld], out
/// Operations: about m n b + m^2 n / 3.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void covariance_block(const Member& team, const PatchShape& patch, int s, const double* rows,
                                             int ldrows, double* y, double* c) {
  using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
  const int ns = patch.nspec, m = patch.nwave, n = ns * m, b = patch.band;
  const int ld = round_up(m, row_quantum<Exec>);
  const auto start = [=](int column) { return (column * ns + s) / row_tile * row_tile; };
  team_for(team, 0, (m + Strip::width - 1) / Strip::width, [=](int strip) {
    const int c0 = strip * Strip::width, first = start(c0);
    for (int i = first; i < n; i += row_tile) {
      Strip sum[row_tile];
      for (int r = 0; r < row_tile; ++r) sum[r] = Strip::zero();
      const double* const factor = rows + static_cast<std::size_t>(i) * ldrows;
      for (int j = i - b > first ? i - b : first; j < i; ++j) {
        const Strip known = Strip::load(y + static_cast<std::size_t>(j) * ld + c0);
        for (int r = 0; r < row_tile; ++r) sum[r].add(-factor[r * ldrows + i + r - j], known);
      }
      for (int r = 0; r < row_tile; ++r) {
        for (int q = 0; q < r; ++q) sum[r].add(-factor[r * ldrows + r - q], sum[q]);
        double* const out = y + static_cast<std::size_t>(i + r) * ld + c0;
        const int column = (i + r - s) / ns;  // the unit column whose one is in this row, if any
        if (i + r < n && column * ns + s == i + r && column >= c0 && column < c0 + Strip::width) {
          Strip::zero().store(out);
          out[column - c0] = factor[r * ldrows];
          const Strip unit = Strip::load(out);
          sum[r].add(1.0, unit);
        }
        sum[r].store(out);
      }
    }
  });
  team.team_barrier();
  team_gram<Exec>(team, y, ld, n, m, c, [=](int column) { return column * ns + s; });
}

/// good = the part of each kept bin's spot that lies on usable pixels, whether the patch can be solved or not;
/// deconvolved = f, if it is asked for.
template <class Exec>
void report_bins(const Exec& exec, const Batch<Exec>& batch, const PatchFlux<Exec>& solution,
                 const BlockResults<Exec>& out) {
  const bool with_flux = out.deconvolved.extent(0) > 0;
  launch_teams(
      exec, "zspex::extract::report_bins", batch.n, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = batch.patch(slot);
        team_for(team, 0, patch.nkeep * patch.nwavekeep, [=](int t) {
          const int keep = t / patch.nwavekeep, w = t % patch.nwavekeep;
          const int from = solution.shared ? 0 : slot, ispec = patch.outspec + keep, iwave = patch.outwave + w;
          const std::size_t bin = solution.at(patch, patch.ikeep + keep, patch.wavepad + w);
          out.good(ispec, iwave) = solution.good(from, bin);
          if (with_flux) out.deconvolved(ispec, iwave) = solution.flux(from, bin);
        });
      });
}

/// Resolution of all kept fibers of the patches by 'signal' decorrelation; sets slots.root_status.
///   nkeep, maxwave  the most fibers that a patch keeps, the most bins that it has
///   scratch [nteam][signal_scratch()]: a team takes one fiber after another, so results don't depend on nteam
template <class Exec>
void resolve_signal(const Exec& exec, const Batch<Exec>& batch, int nkeep, int maxwave, const PatchSlots<Exec>& slots,
                    const PatchFlux<Exec>& solution, const DeviceView<double**, Exec>& scratch,
                    const BlockResults<Exec>& out) {
  const int nteam = scratch.extent_int(0), nitem = batch.n * nkeep;
  const int ndiag = out.resolution.extent_int(1), half = ndiag / 2, ldrows = slots.ld;
  const auto rows = slots.rows;
  const auto status = slots.status;
  const auto root_status = slots.root_status;
  launch_teams(
      exec, "zspex::extract::resolve_signal", nitem < nteam ? nitem : nteam, team_of<Exec>(maxwave),
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
        for (int item = team.league_rank(); item < nitem; item += nteam) {
          const int slot = item / nkeep, keep = item % nkeep, number = batch.order(slot);
          const PatchShape patch = batch.patch(slot);
          if (keep >= patch.nkeep || status(number) != 0) {
            Kokkos::single(Kokkos::PerTeam(team), [=]() { root_status(number, keep) = 0; });
            continue;
          }
          const int s = patch.ikeep + keep, m = patch.nwave, n = patch.nspec * m, ld = round_up(m, row_quantum<Exec>);
          double* const y = &scratch(team.league_rank(), 0);
          double* const q = y + static_cast<std::size_t>(round_up(n, row_tile)) * ld;
          double* const sum = q + static_cast<std::size_t>(m) * ld;
          double* const flux = sum + ld;
          covariance_block<Exec>(team, patch, s, &rows(slot, 0), ldrows, y, q);
          const int failed = symmetric_root<Exec>(team, q, m, Root::inverse_sqrt, flux + ld);
          Kokkos::single(Kokkos::PerTeam(team), [=]() { root_status(number, keep) = failed; });
          if (failed) continue;
          const int fslot = solution.shared ? 0 : slot;
          team_for(team, 0, ld / Strip::width, [=](int strip) {
            const int c0 = strip * Strip::width;
            Strip total = Strip::zero(), mixed = Strip::zero();
            for (int l = 0; l < m; ++l) {
              const Strip ql = Strip::load(q + static_cast<std::size_t>(l) * ld + c0);
              total.add(1.0, ql);
              mixed.add(solution.flux(fslot, solution.at(patch, s, l)), ql);
            }
            total.store(sum + c0);
            mixed.store(flux + c0);
          });
          team.team_barrier();
          team_for(team, 0, patch.nwavekeep, [=](int w) {
            const int j = patch.wavepad + w, is = patch.outspec + keep, iw = patch.outwave + w;
            const double usable = solution.good(fslot, solution.at(patch, s, j));
            // Without a usable pixel there is no information: the prior's variance is not reported as a measurement.
            out.flux(is, iw) = usable > 0 ? flux[j] / sum[j] : 0.0;
            out.ivar(is, iw) = usable > 0 ? sum[j] * sum[j] : 0.0;
            for (int k = 0; k < ndiag; ++k) {
              const int r = j - half + k;
              out.resolution(is, k, iw) = r >= 0 && r < m ? q[static_cast<std::size_t>(r) * ld + j] / sum[r] : 0.0;
            }
          });
          team.team_barrier();
        }
      });
}

/// The same by 'noise' decorrelation: the root of the whole patch. R has cross-talk between fibers, of which the output
/// keeps each fiber's own.
template <class Exec>
void resolve_noise(const Exec& exec, const Batch<Exec>& batch, const PatchSlots<Exec>& slots,
                   const PatchFlux<Exec>& solution, const DeviceView<double**, Exec>& scratch,
                   const BlockResults<Exec>& out) {
  const int nteam = scratch.extent_int(0);
  const int ndiag = out.resolution.extent_int(1), half = ndiag / 2, ldband = slots.ld;
  const auto matrix = slots.matrix;
  const auto status = slots.status;
  const auto root_status = slots.root_status;
  launch_teams(
      exec, "zspex::extract::resolve_noise", batch.n < nteam ? batch.n : nteam, TeamShape{},
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        using Strip = Chunk<Exec, on_host<Exec> ? 2 : 1>;
        for (int slot = team.league_rank(); slot < batch.n; slot += nteam) {
          const int number = batch.order(slot);
          const PatchShape patch = batch.patch(slot);
          if (status(number) != 0) {
            Kokkos::single(Kokkos::PerTeam(team), [=]() {
              for (int k = 0; k < root_status.extent_int(1); ++k) root_status(number, k) = 0;
            });
            continue;
          }
          const int ns = patch.nspec, n = ns * patch.nwave, ld = round_up(n, row_quantum<Exec>);
          double* const q = &scratch(team.league_rank(), 0);
          double* const sum = q + static_cast<std::size_t>(n) * ld;
          double* const flux = sum + ld;
          team_for(team, 0, n, [=](int i) {
            for (int j = 0; j < ld; ++j) {
              const int low = i < j ? i : j, d = i < j ? j - i : i - j;
              q[static_cast<std::size_t>(i) * ld + j] =
                  j < n && d <= patch.band ? matrix(slot, static_cast<std::size_t>(low) * ldband + d) : 0.0;
            }
          });
          team.team_barrier();
          const int failed = symmetric_root<Exec>(team, q, n, Root::sqrt, flux + ld);
          Kokkos::single(Kokkos::PerTeam(team), [=]() {
            for (int k = 0; k < root_status.extent_int(1); ++k) root_status(number, k) = failed;
          });
          if (failed) continue;
          const int fslot = solution.shared ? 0 : slot;
          team_for(team, 0, ld / Strip::width, [=](int strip) {
            const int c0 = strip * Strip::width;
            Strip total = Strip::zero(), mixed = Strip::zero();
            for (int l = 0; l < n; ++l) {
              const Strip ql = Strip::load(q + static_cast<std::size_t>(l) * ld + c0);
              total.add(1.0, ql);
              mixed.add(solution.flux(fslot, solution.at(patch, l % ns, l / ns)), ql);
            }
            total.store(sum + c0);
            mixed.store(flux + c0);
          });
          team.team_barrier();
          team_for(team, 0, patch.nwavekeep * patch.nkeep, [=](int t) {
            const int w = t / patch.nkeep, keep = t % patch.nkeep, s = patch.ikeep + keep;
            const int j = (patch.wavepad + w) * ns + s, is = patch.outspec + keep, iw = patch.outwave + w;
            const double usable = solution.good(fslot, solution.at(patch, s, patch.wavepad + w));
            out.flux(is, iw) = usable > 0 ? flux[j] / sum[j] : 0.0;
            out.ivar(is, iw) = usable > 0 ? sum[j] * sum[j] : 0.0;
            for (int k = 0; k < ndiag; ++k) {
              const int r = j + (k - half) * ns;
              out.resolution(is, k, iw) = r >= 0 && r < n ? q[static_cast<std::size_t>(r) * ld + j] / sum[r] : 0.0;
            }
          });
          team.team_barrier();
        }
      });
}

}  // namespace zspex::kernels::detail
