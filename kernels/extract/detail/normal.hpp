/// \file
/// The normal equations of a patch, kept banded: A^T W A, A^T W p, and the weights of the spots (Bolton & Schlegel
/// 2010, eq. 4).
#pragma once

#include "kernels/extract/detail/workspace.hpp"

namespace zspex::kernels::detail {

/// Sum of weighted[iy][kx + i] * spot[iy - dy][lx + i] over rows [iy0, iy1) and nvec vectors of columns.
template <class Exec>
KOKKOS_FORCEINLINE_FUNCTION double overlap_sum(const double* weighted, const double* spot, int stride, int kx, int lx,
                                               int nvec, int iy0, int iy1, int dy) {
  using L = Simd<Exec>;
  L total = simd_fill<L>(0.0);
  const auto add = [&](auto together, int v) {  // several columns side by side: each waits for its last multiply-add
    constexpr int n = decltype(together)::value;
    const double* left = weighted + kx + v * simd_width<Exec>;
    const double* right = spot + lx + v * simd_width<Exec> - dy * stride;
    L sum[n] = {};
    for (int iy = iy0; iy < iy1; ++iy)
      for (int i = 0; i < n; ++i)
        sum[i] = fused(simd_load<L>(left + iy * stride + i * simd_width<Exec>),
                       simd_load<L>(right + iy * stride + i * simd_width<Exec>), sum[i]);
    for (int i = 0; i < n; ++i) total += sum[i];
  };
  int v = 0;
  for (; v + 2 <= nvec; v += 2) add(std::integral_constant<int, 2>{}, v);
  if (v < nvec) add(std::integral_constant<int, 1>{}, v);
  return simd_sum(total);
}

/// Sums side by side for one bin: its partners in DESI's cameras, 8 wavelengths of 5 fibers, and its own.
inline constexpr int normal_items = 41;

/// For the patches of a batch: fills band, flux (right-hand side), fluxweight, good. Rows of a spot outside [y0, y1)
/// are dropped; the spot is not renormalized. Operations: about half of the sum over pixels of (bins on the pixel)^2,
/// multiply-adds.
template <class Exec>
void form_normal_equations(const Exec& exec, const BlockData<Exec>& block, const Batch<Exec>& batch, int maxn,
                           const PatchSlots<Exec>& slots) {
  constexpr int piece = 64;
  const int npiece = (maxn + piece - 1) / piece;
  const int ny = block.nspoty, stride = block.stride, width = block.nspotx;
  const auto spots = block.spots;
  const auto corners = block.corner;
  const auto pixels = block.pixels;
  const auto ivar = block.ivar;
  const int ld = slots.ld;
  const auto band = slots.band;
  const auto flux = slots.flux;
  const auto fluxweight = slots.fluxweight;
  const auto good = slots.good;
  using Scratch = TeamScratch<double, Exec>;
  launch_teams(
      exec, "zspex::extract::form_normal_equations", batch.n * npiece,
      team_of<Exec>(normal_items, Scratch::shmem_size(ny * stride)), KOKKOS_LAMBDA(const Team<Exec>& team) {
        using L = Simd<Exec>;
        constexpr int lanes = simd_width<Exec>;
        const int slot = team.league_rank() / npiece, k0 = team.league_rank() % npiece * piece;
        const PatchShape patch = batch.patch(slot);
        const int ns = patch.nspec, n = ns * patch.nwave;
        Scratch scratch(team.team_scratch(0), ny * stride);
        double* const weighted = scratch.data();
        for (int k = k0; k < n && k < k0 + piece; ++k) {
          const int w = k / ns, s = k % ns;
          const Corner corner = corners(patch.ispec + s, patch.iwave + w);
          const double* const spot = &spots(patch.ispec + s, patch.iwave + w, 0, 0);
          const int row0 = patch.y0 > corner.y ? patch.y0 - corner.y : 0;
          const int row1 = patch.y1 - corner.y < ny ? patch.y1 - corner.y : ny;
          const int nstrip = stride / lanes;
          double* const column = &band(slot, static_cast<std::size_t>(k) * ld);
          team_for(team, 0, patch.band + 1, [=](int d) { column[d] = 0; });
          team_for(team, row0 * nstrip, (row1 > row0 ? row1 : row0) * nstrip, [=](int t) {
            const int iy = t / nstrip, ix = t % nstrip * lanes;
            simd_store<L>(weighted + iy * stride + ix,
                          simd_load<L>(spot + iy * stride + ix) * simd_load<L>(&ivar(corner.y + iy, corner.x + ix)));
          });
          team.team_barrier();
          const int first = s > patch.fiberspan ? s - patch.fiberspan : 0;
          const int nfiber = (s + patch.fiberspan + 1 < ns ? s + patch.fiberspan + 1 : ns) - first;
          const int npartner = (patch.wavespan + 2) * nfiber;
          team_for(team, -1, npartner, [=](int t) {
            if (t < 0) {
              L q = simd_fill<L>(0.0), rhs = q, usable = q;
              for (int iy = row0; iy < row1; ++iy)
                for (int ix = 0; ix < stride; ix += lanes) {
                  const L value = simd_load<L>(weighted + iy * stride + ix);
                  q += value;
                  rhs = fused(value, simd_load<L>(&pixels(corner.y + iy, corner.x + ix)), rhs);
                  const L weight = simd_load<L>(&ivar(corner.y + iy, corner.x + ix));
                  const L light = simd_load<L>(spot + iy * stride + ix);
                  usable += where_positive(weight, light);
                }
              fluxweight(slot, k) = simd_sum(q);
              flux(slot, k) = simd_sum(rhs);
              good(slot, k) = simd_sum(usable);
              return;
            }
            const int v = w + t / nfiber, r = first + t % nfiber, d = (v - w) * ns + r - s;
            if (d < 0 || d > patch.band || v >= patch.nwave) return;
            const Corner other = corners(patch.ispec + r, patch.iwave + v);
            const int dx = other.x - corner.x, dy = other.y - corner.y;
            if (dy < ny && dy > -ny && dx < width && dx > -width) {
              const int iy0 = dy > row0 ? dy : row0, iy1 = ny + dy < row1 ? ny + dy : row1;
              const int kx = dx > 0 ? dx : 0, lx = dx > 0 ? 0 : -dx;
              const int nvec = (width - kx - lx + lanes - 1) / lanes;
              column[d] = overlap_sum<Exec>(weighted, &spots(patch.ispec + r, patch.iwave + v, 0, 0), stride, kx, lx,
                                            nvec, iy0, iy1, dy);
            }
          });
          team.team_barrier();
        }
      });
}

}  // namespace zspex::kernels::detail
