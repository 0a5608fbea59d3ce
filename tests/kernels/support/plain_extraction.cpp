#include "tests/kernels/support/plain_extraction.hpp"

#include <algorithm>
#include <cmath>

#include "tests/kernels/support/plain_spot.hpp"

namespace zspex::test {

using kernels::DecorrelationKind;

PlainSpectra extract_plainly(const Psf& psf, const kernels::ExtractSettings& settings, const kernels::Image& image) {
  const int nwave = static_cast<int>(settings.wave.size()), pad = settings.wavepad, step = settings.nwavestep;
  const int ny = 2 * psf.hsizey + 1, nx = 2 * psf.hsizex + 1, ndiag = 2 * psf.hsizey + 1;
  const std::size_t ns = settings.nspec, nw = nwave;
  PlainSpectra out;
  out.flux = out.ivar = out.chi2pix = out.pixmask_fraction = Array2<double>({ns, nw});
  out.resolution = Array3<double>({ns, std::size_t(ndiag), nw});
  out.model = Array2<double>({std::size_t(psf.npix_y), std::size_t(psf.npix_x)});

  const auto wavelength = [&](int bin) {  // bins beyond both ends carry on with the same step
    if (bin < 0) return settings.wave.front() + bin * settings.dwave;
    if (bin >= nwave) return settings.wave.back() + (bin - nwave + 1) * settings.dwave;
    return settings.wave[bin];
  };
  const auto good_pixel = [&](int y, int x) {
    if (y < 0 || y >= image.ny || x < 0 || x >= image.nx) return false;
    const std::size_t at = static_cast<std::size_t>(y) * image.nx + x;
    return std::isfinite(image.image[at]) && std::isfinite(image.ivar[at]) && std::isgreater(image.ivar[at], 0.f) &&
           !(image.mask && (image.mask[at] & image.unusable));
  };

  const int nfiber = settings.bundlesize / settings.nsubbundles;  // kept in a patch
  for (int first = settings.specmin; first < settings.specmin + settings.nspec; first += nfiber)
    for (int start = 0; start < nwave; start += step) {
      const int bundle = first / settings.bundlesize * settings.bundlesize;
      const int begin = std::max(first - 1, bundle), end = std::min(first + nfiber + 1, bundle + settings.bundlesize);
      const int nspec = end - begin, m = step + 2 * pad, n = nspec * m;

      std::vector<Spot> spots;
      for (int s = 0; s < nspec; ++s)
        for (int w = 0; w < m; ++w) spots.push_back(plain_spot(psf, begin + s, wavelength(start - pad + w)));
      int padlo = spots[0].y, padhi = padlo, lo = 1 << 30, hi = -lo, x0 = spots[0].x, x1 = x0;
      for (int k = 0; k < n; ++k) {
        padlo = std::min(padlo, spots[k].y);
        padhi = std::max(padhi, spots[k].y + ny);
        x0 = std::min(x0, spots[k].x);
        x1 = std::max(x1, spots[k].x + nx);
        if (k % m < pad || k % m >= pad + step) continue;
        lo = std::min(lo, spots[k].y);
        hi = std::max(hi, spots[k].y + ny);
      }
      const double f = settings.pixpad_frac, below = (lo - padlo) * (1 - f), above = (hi - padlo) + (padhi - hi) * f;
      const int y0 = padlo + static_cast<int>(std::trunc(below)), y1 = padlo + static_cast<int>(std::trunc(above));

      // A [pixels][bins], weights and pixels of the window
      const int width = x1 - x0, npixel = (y1 - y0) * width;
      Matrix a = make_matrix(npixel, n);
      for (int k = 0; k < n; ++k)
        for (int iy = 0; iy < ny; ++iy)
          for (int ix = 0; ix < nx; ++ix) {
            const int y = spots[k].y + iy - y0, x = spots[k].x + ix - x0;
            if (y >= 0 && y < y1 - y0) a(y * width + x, k) = spots[k].light(iy, ix);
          }
      std::vector<double> weight(npixel), pixel(npixel);
      for (int p = 0; p < npixel; ++p) {
        const int y = y0 + p / width, x = x0 + p % width;
        if (!good_pixel(y, x)) continue;
        weight[p] = image.ivar[static_cast<std::size_t>(y) * image.nx + x];
        pixel[p] = image.image[static_cast<std::size_t>(y) * image.nx + x];
      }

      // Eq. 4
      Matrix icov = make_matrix(n, n);
      std::vector<double> rhs(n), q(n), good(n);
      for (int p = 0; p < npixel; ++p) {
        std::vector<int> on;
        for (int k = 0; k < n; ++k)
          if (a(p, k) != 0) on.push_back(k);
        for (int k : on) {
          for (int l : on) icov(k, l) += a(p, k) * weight[p] * a(p, l);
          rhs[k] += a(p, k) * weight[p] * pixel[p];
          q[k] += a(p, k) * weight[p];
          if (weight[p] > 0) good[k] += a(p, k);
        }
      }
      const double qmin = 1e-4 * *std::max_element(q.begin(), q.end());
      for (int k = 0; k < n; ++k) {
        const double alpha = q[k] < qmin ? qmin - q[k] : settings.regularize;
        icov(k, k) += alpha * alpha + 1e-15;
      }
      const Matrix cov = symmetric_function(icov, [](double value) { return 1 / value; });
      // Refined, because the explicit inverse is inaccurate beside bins without pixels.
      std::vector<double> flux(n);
      for (int round = 0; round < 3; ++round) {
        std::vector<double> residual(n);
        for (int k = 0; k < n; ++k) {
          long double sum = rhs[k];
          for (int l = 0; l < n; ++l) sum -= static_cast<long double>(icov(k, l)) * flux[l];
          residual[k] = static_cast<double>(sum);
        }
        for (int k = 0; k < n; ++k)
          for (int l = 0; l < n; ++l) flux[k] += cov(k, l) * residual[l];
      }

      // Pixel residuals of the un-convolved flux
      std::vector<double> chi2(npixel);
      for (int p = 0; p < npixel; ++p) {
        if (!(weight[p] > 0)) continue;
        double model = 0;
        for (int k = 0; k < n; ++k) model += a(p, k) * flux[k];
        const double sigma = settings.psferr * model;
        chi2[p] = (pixel[p] - model) * (pixel[p] - model) / (sigma * sigma + 1 / weight[p]);
      }

      // Q: the root of the whole matrix ('noise'), or block by block of the covariance ('signal')
      Matrix root = make_matrix(n, n);
      if (settings.decorrelation == DecorrelationKind::noise) {
        root = symmetric_function(icov, [](double value) { return std::sqrt(value); });
      } else {
        for (int s = 0; s < nspec; ++s) {
          Matrix block = make_matrix(m, m);
          for (int i = 0; i < m; ++i)
            for (int j = 0; j < m; ++j) block(i, j) = cov(s * m + i, s * m + j);
          const Matrix part = symmetric_function(block, [](double value) { return 1 / std::sqrt(value); });
          for (int i = 0; i < m; ++i)
            for (int j = 0; j < m; ++j) root(s * m + i, s * m + j) = part(i, j);
        }
      }
      std::vector<double> total(n), mixed(n);
      for (int k = 0; k < n; ++k)
        for (int l = 0; l < n; ++l) {
          total[k] += root(k, l);
          mixed[k] += root(k, l) * flux[l];
        }

      for (int keep = 0; keep < nfiber; ++keep)
        for (int w = 0; w < step && start + w < nwave; ++w) {
          const int s = first + keep - begin, k = s * m + pad + w;
          const int is = first + keep - settings.specmin, iw = start + w;
          const bool any = good[k] > 0;
          out.flux(is, iw) = any ? mixed[k] / total[k] : 0;
          out.ivar(is, iw) = any ? total[k] * total[k] : 0;
          out.pixmask_fraction(is, iw) = any ? std::max(0.0, 1 - good[k]) : 1;
          double sum = 0;
          for (int p = 0; p < npixel; ++p) sum += a(p, k) * chi2[p];
          out.chi2pix(is, iw) = any ? sum / good[k] : 0;
          for (int d = 0; d < ndiag; ++d) {
            const int row = pad + w - ndiag / 2 + d;  // element [s][d][j] = R[j - half + d][j]
            if (row >= 0 && row < m) out.resolution(is, d, iw) = root(s * m + row, k) / total[s * m + row];
          }
          for (int iy = 0; iy < ny; ++iy)
            for (int ix = 0; ix < nx; ++ix) {
              const int y = spots[k].y + iy, x = spots[k].x + ix;
              if (y >= 0 && y < psf.npix_y && x >= 0 && x < psf.npix_x)
                out.model(y, x) += out.flux(is, iw) * spots[k].light(iy, ix);
            }
        }
    }
  return out;
}

}  // namespace zspex::test
