/// \file
/// The kernel of a scan that takes its time: sums of products of the columns of all fits.
///
/// Bytes of a fit of n basis vectors over p pixels with d diagonals, when nothing stays in cache: p (4 d + 16) of the target
/// and 4 p n of the template. On a host's core a block of pixels of the templates is read for several targets, at all
/// redshifts; on a device a team fits a few targets at a few redshifts, so that a load serves all of them.
#pragma once

#include <algorithm>

#include "kernels/redshift/detail/products.hpp"
#include "kernels/redshift/detail/rebin.hpp"
#include "kernels/redshift/detail/spectra.hpp"

namespace zspex::kernels::detail {

/// Targets of one shape that are fitted together, at redshifts [slice, slice + nz) of a slice.
struct TargetGroup {
  static constexpr int most = 4;
  int targets[most] = {};  ///< where there are fewer, the first one again
  int pairs[most] = {};    ///< results of target t at its redshift i stand at pairs[t] + i
  int ntarget = 0, slice = 0, nz = 0;
};

/// One thread of the host: a team of its own.
struct Core {};

KOKKOS_FORCEINLINE_FUNCTION void barrier(const Core&) {}
template <class Member>
KOKKOS_FORCEINLINE_FUNCTION void barrier(const Member& team) {
  team.team_barrier();
}
/// Calls f(i) for i < n, spread over the threads of a team, each with all its lanes.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION void for_threads(const Core&, int n, const F& f) {
  for (int i = 0; i < n; ++i) f(i);
}
template <class Member, class F>
KOKKOS_FORCEINLINE_FUNCTION void for_threads(const Member& team, int n, const F& f) {
  for (int i = team.team_rank(); i < n; i += team.team_size()) f(i);
}
/// Calls f(lane) for each lane of a thread.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION void for_lanes(const Core&, int, const F& f) {
  f(0);
}
template <class Member, class F>
KOKKOS_FORCEINLINE_FUNCTION void for_lanes(const Member& team, int nlane, const F& f) {
  Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, nlane), f);
}

/// What the threads of the host work with, a row each; used again and again.
template <class Real>
struct CoreWorkspace {
  DeviceView<Real**, Host> values;         ///< weighted rows of R, and columns
  DeviceView<LaneSum<Host>**, Host> sums;  ///< of an item
  DeviceView<int*, Host> next;             ///< [1] the item that is taken next
};

/// products(pair, product_index(i, j)) = sum over pixels of B[i] B[j] for all columns (host), or for columns i in [i0, i0 +
/// NI) and j <= i or, apart from them, in [j0, j0 + NJ) (device). The columns are those of a target at a redshift, see
/// products_of(): they are made from R and the slice, or read.
template <class Exec, class Real, int NT, int NI = 0, int NJ = 0>
struct SumProducts {
  static constexpr bool on_core = on_host<Exec>;
  static constexpr int threads = 4;                            ///< of a team: a pair of a target and a redshift each
  static constexpr int together = on_core ? 1 : threads / NT;  ///< redshifts at a time
  /// And so many times one after the other, while R is in the first-level cache.
  static constexpr int turns = !on_core && NJ == 0 && NI <= 7 ? 2 : 1;
  static constexpr int pixels = FitTile<Exec, Real>::pixels;
  static constexpr int team_values = together * NT * (NI + NJ) * pixels;  ///< columns in a team's memory
  static constexpr int nproduct = NJ == 0 ? NI * (NI + 1) / 2 : NI * NJ;
  /// Pairs of one thread of a team.
  static constexpr int each = (threads + threads_of_team<Exec>(threads) - 1) / threads_of_team<Exec>(threads);

  Spectra<Exec> spectra;
  DeviceView<const Block*, Exec> blocks;
  DeviceView<const TargetGroup*, Exec> groups;
  ConstSlice<Exec, Real> slice;             ///< [redshift][basis][pixel of a row]
  DeviceView<const Real***, Exec> columns;  ///< [redshift][basis][pixel] of one target instead, or nothing
  DeviceView<double**, Exec> products;      ///< [pair][products_of(nbasis)]
  int nbasis, max_ndiag;
  int item = 1;  ///< groups (host), or redshifts / (together * turns) of a group (device)
  int i0 = 0, j0 = 0;
  CoreWorkspace<Real> core_workspace = {};

  void run(const Exec& exec) const {
    const int ngroup = groups.extent_int(0);
    if constexpr (on_core) {
      core_workspace.next(0) = 0;
      launch(exec, "zspex::redshift::sum_products", core_workspace.values.extent_int(0), *this);
    } else {
      launch_teams(exec, "zspex::redshift::sum_products", ngroup * item,
                   {threads, TeamScratch<Real, Exec>::shmem_size(team_values)}, *this);
    }
  }
  /// Of a core's workspace.
  static std::size_t workspace_values(int nbasis, int max_ndiag) {
    return static_cast<std::size_t>(NT) * pixels * static_cast<std::size_t>(max_ndiag + nbasis + 1);
  }
  static std::size_t workspace_sums(int nbasis, int nz, int ngroup) {
    return static_cast<std::size_t>(ngroup) * NT * static_cast<std::size_t>(nz) *
           static_cast<std::size_t>(products_of(nbasis));
  }

  /// A worker of the host takes item after item.
  void operator()(std::int64_t worker) const {
    if constexpr (on_core) {
      const int ngroup = groups.extent_int(0), nitem = (ngroup + item - 1) / item;
      const auto take = [&] { return Kokkos::atomic_fetch_add(&core_workspace.next(0), 1); };
      for (int i = take(); i < nitem; i = take()) {
        const int first = i * item, last = first + item < ngroup ? first + item : ngroup;
        int nz = 0;
        for (int g = first; g < last; ++g) nz = groups(g).nz > nz ? groups(g).nz : nz;
        LaneSum<Exec>* sums = &core_workspace.sums(worker, 0);
        std::fill_n(sums, workspace_sums(nbasis, nz, last - first), LaneSum<Exec>{});
        fit(Core{}, first, last, 0, nz, &core_workspace.values(worker, 0), sums);
      }
    }
  }
  KOKKOS_FUNCTION void operator()(const Team<Exec>& team) const {
    if constexpr (!on_core) {
      const int group = team.league_rank() / item, first = team.league_rank() % item * together * turns;
      if (first >= groups(group).nz) return;
      LaneSum<Exec> sums[turns * each * nproduct];
      ZSPEX_UNROLL
      for (int k = 0; k < turns * each * nproduct; ++k) sums[k] = {};
      const TeamScratch<Real, Exec> workspace(team.team_scratch(0), team_values);
      fit(team, group, group + 1, first, together * turns, workspace.data(), sums);
    }
  }

 private:
  /// Columns of one target at one redshift among those of a block.
  KOKKOS_FORCEINLINE_FUNCTION int ncolumn() const { return on_core ? nbasis + 1 : NI + NJ; }
  KOKKOS_FORCEINLINE_FUNCTION Real* columns_of(Real* workspace, int pair) const {
    return workspace + static_cast<std::size_t>(pair) * ncolumn() * pixels;
  }

  /// Groups [g0, g1) at `nz` redshifts from `first` on.
  ///   workspace  on a core rows of R, and columns; in a team columns
  ///   sums  on a core [group][target][redshift][product], in a team [turn][pair of this thread][product]
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void fit(const Member& team, int g0, int g1, int first, int nz, Real* workspace,
                                       LaneSum<Exec>* sums) const {
    Real* columns_memory = workspace + (on_core ? static_cast<std::size_t>(NT) * pixels * max_ndiag : 0);
    const std::size_t of_group = on_core ? static_cast<std::size_t>(NT) * nz * products_of(nbasis) : 0;
    for (int ib = 0; ib < blocks.extent_int(0); ++ib) {
      const Block block = blocks(ib);
      for (int g = g0; g < g1; ++g) {
        const TargetGroup& group = groups(g);
        const TargetSpectra& shape = spectra.targets(group.targets[0]);
        std::size_t at = block.first;  // of the block in the columns of a target
        for (int is = 0; is < shape.last - shape.first; ++is) {
          const Spectrum& spectrum = spectra.spectra(shape.first + is);
          const std::size_t here = at;
          at += spectrum.npixel;
          if (spectrum.band != block.band) continue;
          Rows<Exec, Real> rows[NT];
          barrier(team);
          prepare(team, block, group, is, workspace, columns_memory, rows);
          if constexpr (on_core) {
            for (int iz = 0; iz < group.nz; ++iz) {
              fill(team, block, spectrum, group, iz, here, rows, columns_memory);
              multiply(team, block, nz, iz, columns_memory, sums + (g - g0) * of_group);
            }
          } else {
            // Unrolled, sums stay in registers.
            ZSPEX_UNROLL
            for (int turn = 0; turn < turns; ++turn) {
              if (turn > 0) barrier(team);
              fill(team, block, spectrum, group, first + turn * together, here, rows, columns_memory);
              barrier(team);
              multiply(team, block, nz, turn, columns_memory, sums);
            }
          }
        }
      }
    }
    for (int g = g0; g < g1; ++g) store(team, groups(g), first, nz, sums + (g - g0) * of_group);
  }

  /// Rows of R times sqrt(ivar) on a block of one spectrum of each target of a group; and the columns of fluxes.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void prepare(const Member& team, const Block& block, const TargetGroup& group, int is,
                                           Real* workspace, Real* columns_memory, Rows<Exec, Real>* rows) const {
    const auto spectrum_of = [&](int it) -> const Spectrum& {
      return spectra.spectra(spectra.targets(group.targets[it]).first + is);
    };
    for (int it = 0; it < NT; ++it) {
      const Spectrum& spectrum = spectrum_of(it);
      const float* from = spectra.resolution(spectrum) + row_index(block.first, 0, spectrum.ndiag);
      const double* root_ivar = spectra.weights(spectrum) + block.first;
      if constexpr (on_core) {
        Real* to = workspace + static_cast<std::size_t>(it) * pixels * max_ndiag;
        weigh_rows(block.npixel, spectrum.ndiag, from, root_ivar, to);
        rows[it] = {to};
      } else {
        rows[it] = {from, root_ivar};
      }
    }
    if (!on_core && i0 + NI <= nbasis) return;
    for_threads(team, together * NT, [&](int pair) {
      const double* flux = spectra.flux(spectrum_of(pair % NT)) + block.first;
      Real* to = columns_of(columns_memory, pair) + (nbasis - i0) * pixels;
      constexpr int nlane = lanes_of_thread<Exec>();
      for_lanes(team, nlane, [&](int lane) {
        for (int p = lane; p < block.npixel; p += nlane) to[p] = static_cast<Real>(flux[p]);
      });
    });
  }

  /// Columns of the basis vectors at `together` redshifts from iz on; a chunk of the block's pixels for each thread.
  ///   at  of the block in the columns of a target, where these are read
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void fill(const Member& team, const Block& block, const Spectrum& spectrum,
                                        const TargetGroup& group, int iz, std::size_t at, const Rows<Exec, Real>* rows,
                                        Real* columns_memory) const {
    constexpr int nlane = lanes_of_thread<Exec>();
    const int chunk = on_core ? block.npixel : nlane, nchunk = (block.npixel + chunk - 1) / chunk;
    for_threads(team, together * nchunk, [&](int k) {
      const int kz = k / nchunk, z = group.slice + (iz + kz < group.nz ? iz + kz : group.nz - 1);
      for_lanes(team, nlane, [&](int lane) {
        const int begin = k % nchunk * chunk + lane, end = on_core ? block.npixel : begin + 1;
        if (begin >= block.npixel) return;
        const auto make = [&](int vector, int n, int column) {
          Real* to[NT];
          for (int it = 0; it < NT; ++it) to[it] = columns_of(columns_memory, kz * NT + it) + column * pixels;
          if (columns.data() != nullptr) {
            for (int it = 0; it < NT; ++it)
              for (int c = 0; c < n; ++c)
                for (int p = begin; p < end; ++p) to[it][c * pixels + p] = columns(z, vector + c, at + p);
          } else {
            const std::size_t row = slice.extent(2);
            const Real* t = slice.data() + (static_cast<std::size_t>(z) * nbasis + vector) * row + spectrum.first +
                            block.first - spectrum.ndiag / 2;
            convolve_vectors<Exec, Real, NT>(rows, begin, end, spectrum.ndiag, t, row, n, to, pixels);
          }
        };
        if constexpr (on_core) {
          make(0, nbasis, 0);
        } else {
          make(i0, nbasis - i0 < NI ? nbasis - i0 : NI, 0);
          if constexpr (NJ > 0) make(j0, NJ, NI);
        }
      });
    });
  }

  /// Adds the products of a block's columns to the sums of this turn.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void multiply(const Member& team, const Block& block, int nz, int turn,
                                            Real* columns_memory, LaneSum<Exec>* sums) const {
    if constexpr (on_core) {
      for (int it = 0; it < NT; ++it)
        multiply_all<Exec>(columns_of(columns_memory, it), pixels, block.npixel, nbasis + 1,
                           sums + (static_cast<std::size_t>(it) * nz + turn) * products_of(nbasis));
    } else {
      constexpr int nlane = lanes_of_thread<Exec>();
      ZSPEX_UNROLL
      for (int k = 0; k < each; ++k) {
        const int pair = team.team_rank() + k * team.team_size();
        if (pair >= threads) continue;
        const Real* b = columns_of(columns_memory, pair);
        for_lanes(team, nlane, [&](int lane) {
          LaneSum<Exec>* own = sums + (turn * each + k) * nproduct;
          if constexpr (NJ == 0)
            multiply_triangle<Exec, Real, NI>(b, pixels, lane, nlane, block.npixel, TriangleIndex{0, 0}, own);
          else
            multiply_rectangle<Exec, Real, NI, NJ>(b, b + NI * pixels, pixels, lane, nlane, block.npixel,
                                                   RectangleIndex<NJ>{}, own);
        });
      }
    }
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void store(const Member& team, const TargetGroup& group, int first, int nz,
                                         const LaneSum<Exec>* sums) const {
    if constexpr (on_core) {
      const int nsum = products_of(nbasis);
      for (int it = 0; it < group.ntarget; ++it)
        for (int iz = 0; iz < group.nz; ++iz)
          for (int k = 0; k < nsum; ++k)
            products(group.pairs[it] + iz, k) =
                simd_sum(simd_load<Simd<Exec>>(sums[(static_cast<std::size_t>(it) * nz + iz) * nsum + k].lanes));
    } else {
      ZSPEX_UNROLL
      for (int k = 0; k < turns * each; ++k) {
        const int pair = team.team_rank() + k % each * team.team_size(), it = pair % NT;
        const int iz = first + k / each * together + pair / NT;
        if (pair >= threads) continue;
        ZSPEX_UNROLL
        for (int i = 0; i < NI; ++i) ZSPEX_UNROLL
        for (int j = 0; j < (NJ == 0 ? i + 1 : NJ); ++j) {
          const double lane_sum = sums[k * nproduct + (NJ == 0 ? product_index(i, j) : i * NJ + j)].lanes[0];
          double sum = 0;
          Kokkos::parallel_reduce(
              Kokkos::ThreadVectorRange(team, lanes_of_thread<Exec>()), [&](int, double& part) { part += lane_sum; },
              sum);
          if (it < group.ntarget && iz < group.nz)
            Kokkos::single(Kokkos::PerThread(team), [&] {
              products(group.pairs[it] + iz, product_index(i0 + i, (NJ == 0 ? i0 : j0) + j)) = sum;
            });
        }
      }
    }
  }
};

}  // namespace zspex::kernels::detail
