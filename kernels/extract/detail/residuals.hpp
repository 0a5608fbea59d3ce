/// \file
/// Models of the image, and what the pixels say about the fit.
#pragma once

#include "kernels/extract/detail/workspace.hpp"

namespace zspex::kernels::detail {

/// First bin in [0, nwave) of a fiber whose spot's lower row is at least `row`; rows grow with wavelength.
template <class Corners>
KOKKOS_INLINE_FUNCTION int first_bin_at(const Corners& corners, int ispec, int iwave, int nwave, int row) {
  int lo = 0, hi = nwave;
  while (lo < hi) {
    const int mid = (lo + hi) / 2;
    if (corners(ispec, iwave + mid).y < row)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/// model[y - begin][x - x0] += flux * spot for all bins on the image rows [begin, end); one owner, bins in natural
/// order.
///   model [end - begin][ld]
template <class Exec, class Member, class Flux>
KOKKOS_INLINE_FUNCTION void add_rows(const Member& team, const BlockData<Exec>& block, const PatchShape& patch,
                                     int begin, int end, double* model, int ld, const Flux& flux) {
  const int stride = block.stride, ny = block.nspoty;
  for (int s = 0; s < patch.nspec; ++s) {
    const int first = first_bin_at(block.corner, patch.ispec + s, patch.iwave, patch.nwave, begin - ny + 1);
    for (int w = first; w < patch.nwave; ++w) {
      const Corner corner = block.corner(patch.ispec + s, patch.iwave + w);
      if (corner.y >= end) break;
      const double value = flux(s, w);
      const int iy0 = begin > corner.y ? begin - corner.y : 0, iy1 = end - corner.y < ny ? end - corner.y : ny;
      for (int iy = iy0; iy < iy1; ++iy) {
        const double* const spot = &block.spots(patch.ispec + s, patch.iwave + w, iy, 0);
        double* const out = model + (corner.y + iy - begin) * static_cast<std::ptrdiff_t>(ld) + (corner.x - patch.x0);
        Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, stride),
                             [=](int x) { out[x] = fused(value, spot[x], out[x]); });
      }
    }
  }
}

/// Rows of an image that one thread owns at a time: on the host many, so that a spot is read once while it is near.
template <class Exec>
inline constexpr int owned_rows = on_host<Exec> ? 32 : 1;

/// chi2pix_k = (A^T chi^2)_k / (A^T [used])_k, chi^2 = (p - A f)^2 / (1/ivar + (psferr A f)^2) of each pixel with ivar
/// > 0, A f with the deconvolved f of all of the patch's bins. 0 where no pixel is used.
template <class Exec>
void weigh_residuals(const Exec& exec, const BlockData<Exec>& block, const Batch<Exec>& batch, int maxrow,
                     double psferr, const PatchSlots<Exec>& slots, const BlockResults<Exec>& out) {
  const auto model = slots.model;
  const auto flux = slots.flux;
  const auto good = slots.good;
  const auto status = slots.status;
  const auto data = block;
  constexpr int owned = owned_rows<Exec>, most_rows = owned > 16 ? owned : 16;
  const int npiece = (maxrow + most_rows - 1) / most_rows;
  launch_teams(
      exec, "zspex::extract::residuals", batch.n * npiece, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank() / npiece;
        const PatchShape patch = batch.patch(slot);
        if (status(batch.order(slot)) != 0) return;
        const int ns = patch.nspec, nrow = patch.y1 - patch.y0, nx = patch.x1 - patch.x0;
        const int ld = round_up(nx + data.stride, host_simd_width);
        const int row0 = team.league_rank() % npiece * most_rows;
        const int nowner = nrow <= row0              ? 0
                           : nrow - row0 < most_rows ? (nrow - row0 + owned - 1) / owned
                                                     : most_rows / owned;
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, nowner), [=](int owner) {
          const int begin = row0 + owner * owned, end = begin + owned < nrow ? begin + owned : nrow;
          double* const rows = &model(slot, static_cast<std::size_t>(begin) * ld);
          Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, (end - begin) * ld), [=](int x) { rows[x] = 0; });
          add_rows<Exec>(team, data, patch, patch.y0 + begin, patch.y0 + end, rows, ld,
                         [=](int s, int w) { return flux(slot, static_cast<std::size_t>(w) * ns + s); });
          for (int r = begin; r < end; ++r) {
            double* const row = rows + (r - begin) * static_cast<std::ptrdiff_t>(ld);
            const double* const pixel = &data.pixels(patch.y0 + r, patch.x0);
            const double* const ivar = &data.ivar(patch.y0 + r, patch.x0);
            Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, nx), [=](int x) {
              const double sigma = psferr * row[x] + 1e-32, weight = ivar[x];
              const double difference = pixel[x] - row[x];
              // 1 / (sigma^2 + 1 / ivar) without dividing by an ivar of 0
              row[x] = difference * difference * weight / (1 + sigma * sigma * weight);
            });
          }
        });
      });
  launch_teams(
      exec, "zspex::extract::chi2pix", batch.n, TeamShape{}, KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int slot = team.league_rank();
        const PatchShape patch = batch.patch(slot);
        if (status(batch.order(slot)) != 0) return;
        const int ld = round_up(patch.x1 - patch.x0 + data.stride, host_simd_width);
        team_for(team, 0, patch.nkeep * patch.nwavekeep, [=](int t) {
          using L = Simd<Exec>;
          const int keep = t / patch.nwavekeep, w = t % patch.nwavekeep;
          const int s = patch.ikeep + keep, iw = patch.wavepad + w;
          const Corner corner = data.corner(patch.ispec + s, patch.iwave + iw);
          L sum = simd_fill<L>(0.0);
          for (int iy = 0; iy < data.nspoty; ++iy) {
            const int y = corner.y + iy;
            if (y < patch.y0 || y >= patch.y1) continue;
            const double* const spot = &data.spots(patch.ispec + s, patch.iwave + iw, iy, 0);
            const double* const chi2 =
                &model(slot, static_cast<std::size_t>(y - patch.y0) * ld + (corner.x - patch.x0));
            for (int ix = 0; ix < data.stride; ix += simd_width<Exec>)
              sum = fused(simd_load<L>(spot + ix), simd_load<L>(chi2 + ix), sum);
          }
          const double used = good(slot, static_cast<std::size_t>(iw) * patch.nspec + s);
          out.chi2pix(patch.outspec + keep, patch.outwave + w) = used > 0 ? simd_sum(sum) / used : 0.0;
        });
      });
}

/// image[y][x] = sum_{s,w} flux[s][w] spot_{s,w}(y, x) over a whole block, electrons.
///   flux  [nspec][nwave] electrons per bin, of the fibers and bins of `whole`
///   image [window.ny][window.stride]
template <class Exec>
void project_block(const Exec& exec, const BlockData<Exec>& block, const PatchShape& whole,
                   const DeviceView<const double**, Exec>& flux, const DeviceView<double**, Exec>& image) {
  const auto data = block;
  const PatchShape patch = whole;
  constexpr int owned = owned_rows<Exec>;
  const int ny = block.window.ny, ld = block.window.stride;
  launch_teams(
      exec, "zspex::extract::project", (ny + owned - 1) / owned, team_of<Exec>(1),
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int begin = team.league_rank() * owned, end = begin + owned < ny ? begin + owned : ny;
        double* const rows = &image(begin, 0);
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 0, 1), [=](int) {
          Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, 0, (end - begin) * ld), [=](int x) { rows[x] = 0; });
          add_rows<Exec>(team, data, patch, begin, end, rows, ld, [=](int s, int w) { return flux(s, w); });
        });
      });
}

}  // namespace zspex::kernels::detail
