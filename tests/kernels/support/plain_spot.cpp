#include "tests/kernels/support/plain_spot.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

namespace zspex::test {

double plain_legendre(const Legendre& series, int ispec, double wave) {
  const double u = 2 * (wave - series.wavemin) / (series.wavemax - series.wavemin) - 1;
  const double u2 = u * u;
  const double p[7] = {1,
                       u,
                       (3 * u2 - 1) / 2,
                       u * (5 * u2 - 3) / 2,
                       ((35 * u2 - 30) * u2 + 3) / 8,
                       u * ((63 * u2 - 70) * u2 + 15) / 8,
                       (((231 * u2 - 315) * u2 + 105) * u2 - 5) / 16};
  if (series.ncoeff() > 7) throw std::logic_error("plain_legendre: expected degree <= 6");
  double sum = 0;
  for (int k = 0; k < series.ncoeff(); ++k) sum += series.coeff(ispec, k) * p[k];
  return sum;
}

namespace {

/// Probabilists' Hermite polynomials, written out.
double hermite(int k, double e) {
  const double e2 = e * e;
  switch (k) {
    case 0:
      return 1;
    case 1:
      return e;
    case 2:
      return e2 - 1;
    case 3:
      return e * (e2 - 3);
    case 4:
      return (e2 - 6) * e2 + 3;
    case 5:
      return e * ((e2 - 10) * e2 + 15);
    case 6:
      return ((e2 - 15) * e2 + 45) * e2 - 15;
    default:
      throw std::logic_error("hermite: expected degree <= 6");
  }
}

}  // namespace

double plain_integral(int k, double low, double high) {
  // Five points a piece, pieces of at most 1/8 sigma: error below 1e-14.
  const double node[5] = {-0.9061798459386640, -0.5384693101056831, 0, 0.5384693101056831, 0.9061798459386640};
  const double weight[5] = {0.2369268850561891, 0.4786286704993665, 0.5688888888888889, 0.4786286704993665,
                            0.2369268850561891};
  if (low > 12 || high < -12) return 0;  // exp(-72)
  low = std::max(low, -12.0);
  high = std::min(high, 12.0);
  const int npiece = static_cast<int>((high - low) * 8) + 1;
  const double half = 0.5 * (high - low) / npiece;
  double sum = 0;
  for (int piece = 0; piece < npiece; ++piece)
    for (int q = 0; q < 5; ++q) {
      const double e = low + (2 * piece + 1 + node[q]) * half;
      sum += weight[q] * half * hermite(k, e) * std::exp(-0.5 * e * e);
    }
  return sum / std::sqrt(2 * std::acos(-1.0));
}

Spot plain_spot(const Psf& psf, int ispec, double wave) {
  const int nx = 2 * psf.hsizex + 1, ny = 2 * psf.hsizey + 1;
  const double x = plain_legendre(psf.x, ispec, wave), y = plain_legendre(psf.y, ispec, wave);
  const double sigmax = plain_legendre(psf.sigmax, ispec, wave), sigmay = plain_legendre(psf.sigmay, ispec, wave);
  Spot spot;
  // The pixel that holds the centroid is the middle of the stamp; pixel p covers [p - 1/2, p + 1/2).
  spot.x = static_cast<int>(std::floor(x + 0.5)) - psf.hsizex;
  spot.y = static_cast<int>(std::floor(y + 0.5)) - psf.hsizey;
  if (psf.second) {  // 2 hsize pixels from trunc(x - hsize) on
    spot.x = static_cast<int>(std::trunc(x - psf.hsizex));
    spot.y = static_cast<int>(std::trunc(y - psf.hsizey));
  }
  spot.light = Array2<double>({static_cast<std::size_t>(ny), static_cast<std::size_t>(nx)});
  const auto core = [&](int degx, int degy, const std::vector<Legendre>& gh, double sx, double sy, int ix, int iy) {
    double value = 0;
    for (int i = 0; i <= degx; ++i)
      for (int j = 0; j <= degy; ++j)
        value += plain_legendre(gh[i * (degy + 1) + j], ispec, wave) *
                 plain_integral(i, (spot.x + ix - 0.5 - x) / sx, (spot.x + ix + 0.5 - x) / sx) *
                 plain_integral(j, (spot.y + iy - 0.5 - y) / sy, (spot.y + iy + 0.5 - y) / sy);
    return value;
  };
  double total = 0;
  const int last = psf.second ? 1 : 0;
  for (int iy = 0; iy < ny - last; ++iy)
    for (int ix = 0; ix < nx - last; ++ix) {
      double value = core(psf.ghdegx, psf.ghdegy, psf.gh, sigmax, sigmay, ix, iy);
      if (psf.second) {
        const SecondCore& second = *psf.second;
        const double dx = (spot.x + ix - x) / sigmax, dy = (spot.y + iy - y) / sigmay;
        if (std::hypot(dx, dy) >= plain_legendre(second.nsig, ispec, wave)) value = 0;
        value += core(second.ghdegx, second.ghdegy, second.gh, plain_legendre(second.sigmax, ispec, wave),
                      plain_legendre(second.sigmay, ispec, wave), ix, iy);
      }
      if (!psf.tail.empty()) {
        double tail[5];
        for (int t = 0; t < 5; ++t) tail[t] = plain_legendre(psf.tail[t], ispec, wave);
        const double dx = (spot.x + ix - x) * tail[2], dy = (spot.y + iy - y) * tail[3], r2 = dx * dx + dy * dy;
        value += tail[0] * r2 / std::pow(tail[1] * tail[1] + r2, 1 + tail[4] / 2);
      }
      spot.light(iy, ix) = std::max(0.0, value);
      total += spot.light(iy, ix);
    }
  for (double& value : spot.light) value /= total;
  return spot;
}

}  // namespace zspex::test
