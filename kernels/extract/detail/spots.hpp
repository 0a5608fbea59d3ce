/// \file
/// PSF spots: the Gauss-Hermite PSF integrated over pixels.
///   e_i = (i - half - 1/2 - d) / sigma            pixel edges; d: offset of the centroid from its pixel's center
///   p_0[i] = (erf(e_{i+1} / sqrt 2) - erf(e_i / sqrt 2)) / 2
///   p_k[i] = He_{k-1}(e_i) phi(e_i) - He_{k-1}(e_{i+1}) phi(e_{i+1})
///   S[iy][ix] = sum_ij GH_ij py_j[iy] px_i[ix]
/// clipped at 0 and normalized to 1 over the stamp, whatever falls off the CCD. Type GAUSS-HERMITE2: such a core, cut
/// off where (dx / sigma_x)^2 + (dy / sigma_y)^2 >= nsig^2 (dx, dy from the centroid to a pixel's center), and a wider
/// one.
#pragma once

#include "kernels/base/simd.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/extract/grid.hpp"

namespace zspex::kernels::detail {

/// The PSF's parameters on the device. Parameter 0 and 1 are the sigmas, then GH-i-j at 2 + i * (ghdegy + 1) + j, then
/// the five of the tail, then sigmas, nsig and GH2-i-j of a second core.
template <class Exec>
struct PsfOnDevice {
  int hsizex = 0, hsizey = 0, ngx = 0, ngy = 0, nparam = 0, ncoeff = 0;
  bool tail = false, second = false;
  int ngx2 = 0, ngy2 = 0;
  DeviceView<double***, Exec> coeff;  ///< [nspec][nparam][ncoeff], zero-padded Legendre coefficients
  DeviceView<double**, Exec> range;   ///< [nparam][2] wavemin and 2 / (wavemax - wavemin)

  /// Pixels of a spot along each axis. Not kept as numbers: that compilers see they are odd saves 33 of 101 registers.
  KOKKOS_FORCEINLINE_FUNCTION int nspotx() const { return 2 * hsizex + 1; }
  KOKKOS_FORCEINLINE_FUNCTION int nspoty() const { return 2 * hsizey + 1; }
};

template <class Exec>
PsfOnDevice<Exec> psf_on_device(const Exec& exec, const Psf& psf) {
  std::vector<const Legendre*> series{&psf.sigmax, &psf.sigmay};
  for (const Legendre& term : psf.gh) series.push_back(&term);
  for (const Legendre& term : psf.tail) series.push_back(&term);
  PsfOnDevice<Exec> out;
  if (psf.second) {
    const SecondCore& core = *psf.second;
    series.insert(series.end(), {&core.sigmax, &core.sigmay, &core.nsig});
    for (const Legendre& term : core.gh) series.push_back(&term);
    out.second = true;
    out.ngx2 = core.ghdegx + 1;
    out.ngy2 = core.ghdegy + 1;
  }
  out.hsizex = psf.hsizex;
  out.hsizey = psf.hsizey;
  out.ngx = psf.ghdegx + 1;
  out.ngy = psf.ghdegy + 1;
  out.tail = !psf.tail.empty();
  out.nparam = static_cast<int>(series.size());
  for (const Legendre* term : series) out.ncoeff = std::max(out.ncoeff, term->ncoeff());
  const auto nspec = static_cast<std::size_t>(psf.nspec), np = static_cast<std::size_t>(out.nparam),
             nc = static_cast<std::size_t>(out.ncoeff);
  out.coeff = device_view<DeviceView<double***, Exec>, Exec>("zspex::extract::psf_coeff", nspec, np, nc);
  out.range = device_view<DeviceView<double**, Exec>, Exec>("zspex::extract::psf_range", np, std::size_t{2});
  std::vector<double> coeff(out.coeff.size()), range;
  for (std::size_t p = 0; p < np; ++p) {
    range.insert(range.end(), {series[p]->wavemin, 2.0 / (series[p]->wavemax - series[p]->wavemin)});
    const std::size_t n = series[p]->ncoeff();
    for (std::size_t s = 0; s < nspec; ++s)
      std::copy_n(series[p]->coeff.begin() + s * n, n, coeff.begin() + (s * np + p) * nc);
  }
  copy(exec, out.coeff, HostView<double***>(coeff.data(), nspec, np, nc));
  copy(exec, out.range, HostView<double**>(range.data(), np, 2));
  fence(exec, "the PSF's parameters are freed");
  return out;
}

/// Doubles of scratch that spot() needs.
template <class Exec>
int spot_scratch(const PsfOnDevice<Exec>& psf, int stride) {
  const int nx = psf.nspotx(), ny = psf.nspoty();
  const int ngx = std::max(psf.ngx, psf.ngx2), ngy = std::max(psf.ngy, psf.ngy2);
  return psf.nparam + ngx * stride + ngy * ny + ngx * ny + 2 * (std::max(nx, ny) + 1) + ny * stride + ny;
}

/// The pixels of a stamp along one axis.
struct SpotAxis {
  int half = 0, n = 0;  ///< pixels [0, n) hold light
  double offset = 0;    ///< from the center of pixel `half` to the centroid
};

/// Stamps of 2 half + 1 pixels around the pixel that holds the centroid: offset in [-1/2, 1/2). Those of type
/// GAUSS-HERMITE2 have an even number of pixels from trunc(centroid - half) on; the last one of the stamp stays empty.
KOKKOS_INLINE_FUNCTION SpotAxis spot_axis(bool even, int half, double centroid) {
  if (even) {
    const double low = centroid - half;
    return {half, 2 * half, low - static_cast<int>(low)};
  }
  const double shifted = centroid + 0.5;
  return {half, 2 * half + 1, (shifted - math::floor(shifted)) - 0.5};
}

/// p_k of all pixels of one axis: profile[k * stride + i], zero for i in [n, stride).
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void spot_profile(const Member& team, const SpotAxis& axis, int degree, double sigma, int stride,
                                         double* edge_phi, double* edge_erf, double* profile) {
  const int n = axis.n, half = axis.half;
  const double offset = axis.offset;
  team_for(team, 0, n + 1, [=](int i) {
    const double e = (i - half - 0.5 - offset) / sigma;
    edge_phi[i] = math::exp(-0.5 * e * e) * 0.39894228040143267794;  // 1 / sqrt(2 pi)
    edge_erf[i] = math::erf(e * 0.70710678118654752440);
  });
  team.team_barrier();
  team_for(team, 0, stride, [=](int i) {
    if (i >= n) {
      for (int k = 0; k <= degree; ++k) profile[k * stride + i] = 0;
      return;
    }
    const double e0 = (i - half - 0.5 - offset) / sigma, e1 = (i - half + 0.5 - offset) / sigma;
    const double phi0 = edge_phi[i], phi1 = edge_phi[i + 1];
    profile[i] = 0.5 * (edge_erf[i + 1] - edge_erf[i]);
    double before0 = 0, now0 = 1, before1 = 0, now1 = 1;  // He_{k-2}, He_{k-1} at both edges
    for (int k = 1; k <= degree; ++k) {
      profile[k * stride + i] = now0 * phi0 - now1 * phi1;
      const double next0 = fused(e0, now0, -(k - 1) * before0), next1 = fused(e1, now1, -(k - 1) * before1);
      before0 = now0;
      now0 = next0;
      before1 = now1;
      now1 = next1;
    }
  });
  team.team_barrier();
}

/// raw = sum_ij gh_ij py_j px_i, or raw += that.
///   mix  [ngx][ny] workspace
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void spot_core(const Member& team, const double* gh, int ngx, int ngy, const double* px,
                                      const double* py, int ny, int stride, bool add, double* mix, double* raw) {
  team_for(team, 0, ngx * ny, [=](int t) {
    const int i = t / ny, iy = t % ny;
    double sum = 0;
    for (int j = 0; j < ngy; ++j) sum = fused(gh[i * ngy + j], py[j * ny + iy], sum);
    mix[t] = sum;
  });
  team.team_barrier();
  using Strip = Chunk<Exec, 1>;
  const int nstrip = stride / Strip::width;
  team_for(team, 0, ny * nstrip, [=](int t) {
    const int iy = t / nstrip, ix = t % nstrip * Strip::width;
    Strip sum = add ? Strip::load(raw + iy * stride + ix) : Strip::zero();
    for (int i = 0; i < ngx; ++i) sum.add(mix[i * ny + iy], Strip::load(px + i * stride + ix));
    sum.store(raw + iy * stride + ix);
  });
  team.team_barrier();
}

/// All parameters of a fiber's spot at a wavelength: their Legendre series.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void spot_parameters(const Member& team, const PsfOnDevice<Exec>& psf, int ispec, double wave,
                                            double* param) {
  const auto coeff = psf.coeff;
  const auto range = psf.range;
  const int ncoeff = psf.ncoeff;
  team_for(team, 0, psf.nparam, [=](int p) {
    const double u = (wave - range(p, 0)) * range(p, 1) - 1.0;
    double before = 1, now = u, sum = coeff(ispec, p, 0);
    for (int k = 1; k < ncoeff; ++k) {
      sum = fused(coeff(ispec, p, k), now, sum);
      const double next = fused((2 * k + 1) * u, now, -k * before) / (k + 1);
      before = now;
      now = next;
    }
    param[p] = sum;
  });
  team.team_barrier();
}

/// stamp = raw without what is negative, so that its sum is 1. `raw` is clipped, too.
///   rowsum  [ny] workspace
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void normalize_spot(const Member& team, int ny, int stride, double* raw, double* rowsum,
                                           double* stamp) {
  team_for(team, 0, ny, [=](int iy) {
    double sum = 0;
    for (int ix = 0; ix < stride; ++ix) {
      const double value = raw[iy * stride + ix];
      raw[iy * stride + ix] = value > 0 ? value : 0.0;
      sum += raw[iy * stride + ix];
    }
    rowsum[iy] = sum;
  });
  team.team_barrier();
  double total = 0;
  for (int iy = 0; iy < ny; ++iy) total += rowsum[iy];
  const double norm = total > 0 ? 1 / total : 0.0;  // no light at all: an empty spot, not NaN
  team_for(team, 0, ny * stride, [=](int t) { stamp[t] = raw[t] * norm; });
  team.team_barrier();
}

/// One spot, by one team: stamp[iy * stride + ix], zero for ix >= nx; all zero where x is NaN.
template <class Exec, class Member>
KOKKOS_INLINE_FUNCTION void make_spot(const Member& team, const PsfOnDevice<Exec>& psf, int ispec, double wave,
                                      double x, double y, int stride, double* scratch, double* stamp) {
  const int nx = psf.nspotx(), ny = psf.nspoty(), ngx = psf.ngx, ngy = psf.ngy;
  const int mostx = ngx > psf.ngx2 ? ngx : psf.ngx2, mosty = ngy > psf.ngy2 ? ngy : psf.ngy2;
  if (!(x == x)) {  // dark
    team_for(team, 0, ny * stride, [=](int t) { stamp[t] = 0; });
    team.team_barrier();
    return;
  }
  double* const param = scratch;
  double* const px = param + psf.nparam;                      // [mostx][stride]
  double* const py = px + mostx * stride;                     // [mosty][ny]
  double* const mix = py + mosty * ny;                        // [mostx][ny] sum_j GH_ij py_j
  double* const edges = mix + mostx * ny;                     // [2][max(nx, ny) + 1]
  double* const raw = edges + 2 * ((nx > ny ? nx : ny) + 1);  // [ny][stride]
  double* const rowsum = raw + ny * stride;                   // [ny]
  spot_parameters<Exec>(team, psf, ispec, wave, param);
  const int nedge = (nx > ny ? nx : ny) + 1;
  const SpotAxis ax = spot_axis(psf.second, psf.hsizex, x), ay = spot_axis(psf.second, psf.hsizey, y);
  spot_profile<Exec>(team, ax, ngx - 1, param[0], stride, edges, edges + nedge, px);
  spot_profile<Exec>(team, ay, ngy - 1, param[1], ny, edges, edges + nedge, py);
  spot_core<Exec>(team, param + 2, ngx, ngy, px, py, ny, stride, false, mix, raw);
  if (psf.second) {
    const double* const core = param + 2 + ngx * ngy + (psf.tail ? 5 : 0);  // sigmas, nsig, GH2-i-j
    const double sigmax = param[0], sigmay = param[1], most = core[2] * core[2];
    team_for(team, 0, ny * nx, [=](int t) {
      const double dx = (t % nx - ax.half - ax.offset) / sigmax, dy = (t / nx - ay.half - ay.offset) / sigmay;
      if (dx * dx + dy * dy >= most) raw[t / nx * stride + t % nx] = 0;
    });
    team.team_barrier();
    spot_profile<Exec>(team, ax, psf.ngx2 - 1, core[0], stride, edges, edges + nedge, px);
    spot_profile<Exec>(team, ay, psf.ngy2 - 1, core[1], ny, edges, edges + nedge, py);
    spot_core<Exec>(team, core + 3, psf.ngx2, psf.ngy2, px, py, ny, stride, true, mix, raw);
  }
  if (psf.tail) {
    const double* const tail = param + 2 + ngx * ngy;
    team_for(team, 0, ay.n * ax.n, [=](int t) {
      const int ix = t % ax.n, iy = t / ax.n;
      const double dx = (ix - ax.half - ax.offset) * tail[2], dy = (iy - ay.half - ay.offset) * tail[3];
      const double r2 = dx * dx + dy * dy;
      raw[iy * stride + ix] += tail[0] * r2 / math::pow(tail[1] * tail[1] + r2, 1 + 0.5 * tail[4]);
    });
    team.team_barrier();
  }
  normalize_spot<Exec>(team, ny, stride, raw, rowsum, stamp);
}

/// Lanes of a spot: its loops run over parameters, rows of profiles and some 200 pixels.
inline constexpr int spot_items = 64;

/// spots[is][iw][iy][ix] of the fibers ispec + is at wave[iw].
///   x, y  [nspec][nwave] centroids, pixels
template <class Exec>
void make_spots(const Exec& exec, const PsfOnDevice<Exec>& psf, int ispec, const DeviceView<const double*, Exec>& wave,
                const DeviceView<const double**, Exec>& x, const DeviceView<const double**, Exec>& y,
                const DeviceView<double****, Exec>& spots) {
  const int nspec = spots.extent_int(0), nwave = spots.extent_int(1), stride = spots.extent_int(3);
  const int need = spot_scratch(psf, stride);
  using Scratch = TeamScratch<double, Exec>;
  launch_teams(
      exec, "zspex::extract::make_spots", nspec * nwave, team_of<Exec>(spot_items, Scratch::shmem_size(need)),
      KOKKOS_LAMBDA(const Team<Exec>& team) {
        const int is = team.league_rank() / nwave, iw = team.league_rank() % nwave;
        Scratch scratch(team.team_scratch(0), need);
        make_spot<Exec>(team, psf, ispec + is, wave(iw), x(is, iw), y(is, iw), stride, scratch.data(),
                        &spots(is, iw, 0, 0));
      });
}

}  // namespace zspex::kernels::detail
