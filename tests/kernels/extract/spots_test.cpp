#include "kernels/extract/detail/spots.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/extract/detail/patches.hpp"
#include "tests/kernels/support/device.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/plain_spot.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

using test::Camera;
using test::Exec;
using test::invent_psf;
using test::series;

/// Spots of all fibers at some wavelengths, in full stride, with their corners.
struct Spots {
  int nwave = 0, ny = 0, nx = 0, stride = 0;
  Traces traces;
  std::vector<double> data;
  double at(int s, int w, int iy, int ix) const {
    return data[((static_cast<std::size_t>(s) * nwave + w) * ny + iy) * stride + ix];
  }
};

Spots make(const Psf& psf, const std::vector<double>& wave) {
  Spots out;
  out.nwave = static_cast<int>(wave.size());
  out.ny = psf.nspoty();
  out.nx = psf.nspotx();
  out.stride = spot_stride(out.nx);
  out.traces = trace_fibers(psf, 0, psf.nspec, wave);
  const auto copy = [&](const Array2<double>& values) {
    DeviceView<double**, Exec> view("zspex::test::trace", psf.nspec, out.nwave);
    auto host = Kokkos::create_mirror_view(view);
    for (int s = 0; s < psf.nspec; ++s)
      for (int w = 0; w < out.nwave; ++w) host(s, w) = values(s, w);
    Kokkos::deep_copy(view, host);
    return view;
  };
  const auto x = copy(out.traces.x), y = copy(out.traces.y);
  const test::OnDevice<double> grid = test::to_device(wave);
  const DeviceView<double****, Exec> spots("zspex::test::spots", psf.nspec, out.nwave, out.ny, out.stride);
  Kokkos::deep_copy(spots, 5e55);  // all of it must be written
  make_spots<Exec>(Exec(), psf_on_device<Exec>(Exec(), psf), 0, grid, x, y, spots);
  Kokkos::fence();
  auto host = Kokkos::create_mirror_view(spots);
  Kokkos::deep_copy(host, spots);
  out.data.assign(host.data(), host.data() + host.size());
  return out;
}

/// One fiber, constant in wavelength but for what a test changes.
Psf simple_psf(double x, double y, double sigmax, double sigmay, int hsizex = 7, int hsizey = 6, int ghdegx = 0,
               int ghdegy = 0) {
  Psf psf;
  psf.nspec = 1;
  psf.npix_x = 101;
  psf.npix_y = 89;
  psf.hsizex = hsizex;
  psf.hsizey = hsizey;
  psf.ghdegx = ghdegx;
  psf.ghdegy = ghdegy;
  psf.x = series(1, 100, 200, {x});
  psf.y = series(1, 100, 200, {y});
  psf.sigmax = series(1, 100, 200, {sigmax});
  psf.sigmay = series(1, 100, 200, {sigmay});
  for (int t = 0; t < (ghdegx + 1) * (ghdegy + 1); ++t) psf.gh.push_back(series(1, 100, 200, {t == 0 ? 1.0 : 0.0}));
  return psf;
}

void expect_plain(const Psf& psf, const std::vector<double>& wave, double tolerance) {
  const Spots spots = make(psf, wave);
  for (int s = 0; s < psf.nspec; ++s)
    for (int w = 0; w < spots.nwave; ++w) {
      const test::Spot expected = test::plain_spot(psf, s, wave[w]);
      ASSERT_EQ(spots.traces.corner(s, w).x, expected.x) << "fiber " << s << ", bin " << w;
      ASSERT_EQ(spots.traces.corner(s, w).y, expected.y) << "fiber " << s << ", bin " << w;
      double sum = 0;
      for (int iy = 0; iy < spots.ny; ++iy)
        for (int ix = 0; ix < spots.stride; ++ix) {
          const double value = spots.at(s, w, iy, ix);
          if (ix >= spots.nx) {
            ASSERT_EQ(value, 0) << "behind the spot, row " << iy << ", column " << ix;
          } else {
            ASSERT_NEAR(value, expected.light(iy, ix), tolerance)
                << "fiber " << s << ", bin " << w << ", row " << iy << ", column " << ix;
          }
          sum += value;
        }
      ASSERT_NEAR(sum, 1, 1e-14);
    }
}

TEST(Spots, GaussianIsIntegratedOverPixels) {
  const double x = 40.3, y = 30.75, sigmax = 0.9, sigmay = 1.3;
  const Spots spots = make(simple_psf(x, y, sigmax, sigmay), {150});
  const auto part = [](double low, double high, double sigma) {
    return 0.5 * (std::erf(high / (sigma * std::sqrt(2.0))) - std::erf(low / (sigma * std::sqrt(2.0))));
  };
  // The stamp is centerd on pixel (40, 31): columns 33-47, rows 25-37.
  ASSERT_EQ(spots.traces.corner(0, 0).x, 33);
  ASSERT_EQ(spots.traces.corner(0, 0).y, 25);
  const double whole = part(32.5 - x, 47.5 - x, sigmax) * part(24.5 - y, 37.5 - y, sigmay);
  for (int iy = 0; iy < 13; ++iy)
    for (int ix = 0; ix < 15; ++ix) {
      const double column = 33 + ix - x, row = 25 + iy - y;
      const double expected = part(column - 0.5, column + 0.5, sigmax) * part(row - 0.5, row + 0.5, sigmay) / whole;
      EXPECT_NEAR(spots.at(0, 0, iy, ix), expected, 1e-15) << "row " << iy << ", column " << ix;
    }
}

TEST(Spots, EveryHermiteTermIsItsIntegral) {
  const int degx = 6, degy = 5;
  for (int i = 0; i <= degx; ++i)
    for (int j = 0; j <= degy; ++j) {
      if (i == 0 && j == 0) continue;
      SCOPED_TRACE("GH-" + std::to_string(i) + "-" + std::to_string(j));
      Psf psf = simple_psf(40.3, 30.75, 0.9, 1.3, 7, 6, degx, degy);
      psf.gh[i * (degy + 1) + j].coeff(0, 0) = 0.02;
      expect_plain(psf, {150}, 1e-14);
    }
}

TEST(Spots, InventedPsfAgreesWithPlainLoops) {
  Camera camera;
  camera.nspec = 7;
  const Psf psf = invent_psf(camera);
  std::vector<double> wave;
  for (int w = -30; w < 140; w += 7)
    wave.push_back(camera.wavemin + 0.83 * w);  // outside the ranges of the series, too
  expect_plain(psf, wave, 2e-14);
}

TEST(Spots, FirstHermiteTermsMoveTheCentroid) {
  // The mean of (1 + a He_1 + ...) phi is a sigma: i is along x, j along y.
  for (const bool along_x : {true, false}) {
    Psf psf = simple_psf(40, 31, 0.9, 1.2, 8, 9, 2, 3);
    psf.gh[along_x ? 1 * 4 + 0 : 0 * 4 + 1].coeff(0, 0) = 0.1;
    const Spots spots = make(psf, {150});
    double x = 0, y = 0;
    for (int iy = 0; iy < spots.ny; ++iy)
      for (int ix = 0; ix < spots.nx; ++ix) {
        x += (spots.traces.corner(0, 0).x + ix) * spots.at(0, 0, iy, ix);
        y += (spots.traces.corner(0, 0).y + iy) * spots.at(0, 0, iy, ix);
      }
    // Clipping negative light far out moves it by less than a thousandth.
    EXPECT_NEAR(x - 40, along_x ? 0.1 * 0.9 : 0.0, 1e-3);
    EXPECT_NEAR(y - 31, along_x ? 0.0 : 0.1 * 1.2, 1e-3);
  }
}

TEST(Spots, CentroidIsTheTraceForEverySubpixelOffset) {
  for (double x : {40.0, 40.25, 40.49, 40.499999, 40.5, 40.51, 40.75, 41.0, 0.2, -0.3, -0.5, -0.51, -7.5, -12.7})
    for (double y : {17.0, 17.5, -3.5, -3.49}) {
      const Spots spots = make(simple_psf(x, y, 0.7, 0.8), {150});
      double cx = 0, cy = 0;
      for (int iy = 0; iy < spots.ny; ++iy)
        for (int ix = 0; ix < spots.nx; ++ix) {
          cx += (spots.traces.corner(0, 0).x + ix) * spots.at(0, 0, iy, ix);
          cy += (spots.traces.corner(0, 0).y + iy) * spots.at(0, 0, iy, ix);
        }
      // Pixels make the sampled centroid swing by 2 exp(-2 pi^2 (sigma^2 + 1/12)) / (2 pi) at most; the stamp's edge is
      // 9 sigma away.
      EXPECT_NEAR(cx, x, 1e-4) << x;
      EXPECT_NEAR(cy, y, 1e-4) << y;
    }
}

TEST(Spots, AllCoefficientsOfAllParametersAreUsed) {
  // A series with only its last coefficient beside the first, against the same PSF with constants.
  const double wave = 133.7, u = 2 * 33.7 / 100 - 1, p3 = u * (5 * u * u - 3) / 2;
  for (int parameter = 0; parameter < 4; ++parameter) {
    Psf varying = simple_psf(40.3, 30.75, 0.9, 1.3, 7, 6, 1, 2), fixed = varying;
    const auto pick = [&](Psf& psf) -> Legendre& {
      return parameter == 0 ? psf.sigmax : parameter == 1 ? psf.sigmay : parameter == 2 ? psf.gh[0] : psf.gh[1 * 3 + 2];
    };
    const double base = pick(fixed).coeff(0, 0);
    pick(varying) = series(1, 100, 200, {base, 0, 0, 0.2});
    pick(fixed).coeff(0, 0) = base + 0.2 * p3;
    if (parameter == 2) varying.gh[2] = fixed.gh[2] = series(1, 100, 200, {0.1});  // or normalization hides GH-0-0
    const Spots a = make(varying, {wave}), b = make(fixed, {wave});
    for (std::size_t i = 0; i < a.data.size(); ++i)
      ASSERT_NEAR(a.data[i], b.data[i], 1e-15) << "parameter " << parameter;
  }
}

TEST(Spots, ParametersKeepTheirOwnWavelengthRanges) {
  Psf psf = simple_psf(40.3, 30.75, 0.9, 1.3, 7, 6, 1, 1);
  psf.x = series(1, 90, 210, {40, 3});
  psf.y = series(1, 80, 190, {30, 4});
  psf.sigmax = series(1, 100, 230, {1, 0.2});
  psf.sigmay = series(1, 70, 240, {1.1, -0.2});
  psf.gh[1] = series(1, 60, 250, {0.05, 0.03});
  expect_plain(psf, {95, 150, 205}, 1e-14);
}

TEST(Spots, NegativeLightIsClippedAndTheRestIsOne) {
  Psf psf = simple_psf(40.3, 30.75, 0.9, 1.3, 7, 6, 3, 0);
  psf.gh[3].coeff(0, 0) = 0.3;  // strongly skewed: negative on one side
  const Spots spots = make(psf, {150});
  int nzero = 0;
  double sum = 0;
  for (int iy = 0; iy < spots.ny; ++iy)
    for (int ix = 0; ix < spots.nx; ++ix) {
      ASSERT_GE(spots.at(0, 0, iy, ix), 0);
      nzero += spots.at(0, 0, iy, ix) == 0;
      sum += spots.at(0, 0, iy, ix);
    }
  EXPECT_GT(nzero, 10);
  EXPECT_NEAR(sum, 1, 1e-14);
  expect_plain(psf, {150}, 1e-14);
}

TEST(Spots, TailsAreAddedAtPixelCenters) {
  Psf psf = simple_psf(40.3, 30.75, 0.9, 1.3);
  psf.tail = {series(1, 100, 200, {0.01, 0.002}), series(1, 100, 200, {1.2}), series(1, 100, 200, {0.8}),
              series(1, 100, 200, {1.3}), series(1, 100, 200, {2.2})};
  expect_plain(psf, {120, 150}, 1e-14);
  psf.tail[0] = series(1, 100, 200, {0.0});
  const Spots none = make(psf, {150});
  psf.tail.clear();
  const Spots without = make(psf, {150});
  EXPECT_EQ(none.data, without.data);
}

/// Type GAUSS-HERMITE2: other degrees in both cores, a cut through the first one, slopes in all that is new.
Psf two_cores(double x, double y) {
  Psf psf = simple_psf(x, y, 1.1, 1.4, 7, 6, 2, 3);
  psf.gh[0 * 4 + 1].coeff(0, 0) = 0.04;
  psf.gh[2 * 4 + 3].coeff(0, 0) = -0.03;
  SecondCore core{
      3, 1, series(1, 100, 200, {2.6, 0.2}), series(1, 90, 210, {2.9, -0.1}), series(1, 80, 220, {2.4, 0.3}), {}};
  for (int t = 0; t < 8; ++t) core.gh.push_back(series(1, 100, 200, {t == 0 ? 0.2 : 0.01 * t, 0.003 * t}));
  psf.second = core;
  return psf;
}

TEST(Spots, ASecondCoreIsAddedToTheFirstCutOff) {
  for (const auto& [x, y] : {std::pair{40.3, 30.75}, {40.5, 31.0}, {40.75, 30.2}}) {
    Psf psf = two_cores(x, y);
    expect_plain(psf, {110, 150, 195}, 1e-14);
    psf.tail = {series(1, 100, 200, {0.01, 0.002}), series(1, 100, 200, {1.2}), series(1, 100, 200, {0.8}),
                series(1, 100, 200, {1.3}), series(1, 100, 200, {2.2})};
    expect_plain(psf, {120, 150}, 1e-14);
    const Spots spots = make(psf, {150});
    for (int i = 0; i < spots.nx; ++i) EXPECT_EQ(spots.at(0, 0, spots.ny - 1, i), 0) << "12 rows from trunc(y - 6) on";
    for (int i = 0; i < spots.ny; ++i) EXPECT_EQ(spots.at(0, 0, i, spots.nx - 1), 0);
  }
}

TEST(Spots, PsfWithoutLightIsEmptyNotNan) {
  Psf psf = simple_psf(40.3, 30.75, 0.9, 1.3);
  psf.gh[0].coeff(0, 0) = -1;
  const Spots spots = make(psf, {150});
  for (double value : spots.data) ASSERT_EQ(value, 0);
}

}  // namespace
}  // namespace zspex::kernels
