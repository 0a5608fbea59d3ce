#include "simulate/spectra.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>

#include "simulate/instrument.hpp"
#include "simulate/shapes.hpp"
#include "tests/simulate/small_spectra.hpp"

namespace zspex::simulate {
namespace {

using config::SimulateKind;

constexpr std::uint32_t all_bad_pixels = 1 << 1, cosmic = 1 << 2;

TEST(SimulatedSpectra, NoiselessFluxIsResolutionTimesTruth) {
  auto config = small_spectra_config(SimulateKind::coadds);
  config.noise = false;
  config.snr_scale = 2.5;
  config.fraction_sky = 0;
  config.fraction_galaxy = 0.6;
  io::SpectraFile file = simulate(config).file;
  file.path =
      std::filesystem::path(testing::TempDir()) / ("zspex-simulated-truth-" + std::to_string(::getpid()) + ".fits");
  io::write_spectra(file);
  file = io::read_spectra(file.path);
  std::filesystem::remove(file.path);
  const auto targets = targets_of(config);
  for (const io::BandSpectra& band : file.bands) {
    const LightBins bins = make_light_bins(band.wave, 0.8, 0, 0, 1);
    const std::size_t nwave = band.wave.size(), ndiag = band.resolution.extent(1), half = ndiag / 2;
    for (std::size_t row = 0; row < targets.size(); ++row) {
      const std::vector<double> truth = target_flux(targets[row], 1, bins);
      // At the ends R times the truth lacks what comes from beyond them.
      for (std::size_t i = half; i < nwave - half; ++i) {
        double expected = 0, size = 0;
        for (std::size_t k = 0; k < ndiag; ++k) {
          const std::size_t column = i + half - k;
          const double part = 2.5 * band.resolution(row, k, column) * truth[column];
          expected += part;
          size += std::abs(part);
        }
        // R and FLUX are rounded to float: 6e-8 each.
        ASSERT_NEAR(band.flux(row, i), expected, 1.5e-7 * size) << band.band << ", target " << row << ", bin " << i;
      }
    }
  }
}

TEST(SimulatedSpectra, RowsOfTheResolutionSumToOneInside) {
  auto config = small_spectra_config(SimulateKind::coadds);
  config.wave_z.dwave = 0.35;  // more bins in a spot, so more diagonals
  const io::SpectraFile file = simulate(config).file;
  std::vector<std::size_t> ndiags;
  for (const io::BandSpectra& band : file.bands) {
    const std::size_t nwave = band.wave.size(), ndiag = band.resolution.extent(1), half = ndiag / 2;
    ndiags.push_back(ndiag);
    for (std::size_t row = 0; row < file.targetid.size(); ++row)
      for (std::size_t i = 0; i < nwave; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < ndiag; ++k)
          if (i + half >= k && i + half - k < nwave) sum += band.resolution(row, k, i + half - k);
        if (i >= half && i + half < nwave) {
          ASSERT_NEAR(sum, 1, 1e-6) << band.band << " " << row << " " << i;
        } else {
          ASSERT_LT(sum, i == 0 || i + 1 == nwave ? 0.9 : 1 + 1e-6) << "there is light beyond the end; bin " << i;
        }
      }
  }
  EXPECT_EQ(ndiags[0], 11u) << "as DESI's files";
  EXPECT_EQ(ndiags[1], 11u);
  EXPECT_GT(ndiags[2], 11u);
  EXPECT_EQ(ndiags[2] % 2, 1u);
}

/// (flux - expectation) sqrt(ivar) of all bins of a row.
std::vector<double> pulls(const io::BandSpectra& noisy, const io::BandSpectra& quiet, std::size_t row) {
  std::vector<double> out;
  for (std::size_t i = 0; i < noisy.wave.size(); ++i)
    if (noisy.ivar(row, i) > 0)
      out.push_back((static_cast<double>(noisy.flux(row, i)) - quiet.flux(row, i)) * std::sqrt(noisy.ivar(row, i)));
  return out;
}

double mean_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / static_cast<double>(a.size());
}

TEST(SimulatedSpectra, NoiseIsWhatIvarSays) {
  for (const SimulateKind kind : {SimulateKind::coadds, SimulateKind::spectra}) {
    auto config = small_spectra_config(kind);
    config.ntargets = 25;
    const io::SpectraFile noisy = simulate(config).file;
    config.noise = false;
    const io::SpectraFile quiet = simulate(config).file;
    std::vector<double> all, neighbors_a, neighbors_b, first, second;
    for (std::size_t iband = 0; iband < 3; ++iband) {
      EXPECT_EQ(noisy.bands[iband].ivar, quiet.bands[iband].ivar) << "ivar is that of the expected light";
      for (std::size_t row = 0; row < noisy.targetid.size(); ++row) {
        const auto one = pulls(noisy.bands[iband], quiet.bands[iband], row);
        all.insert(all.end(), one.begin(), one.end());
        neighbors_a.insert(neighbors_a.end(), one.begin() + 1, one.end());
        neighbors_b.insert(neighbors_b.end(), one.begin(), one.end() - 1);
        auto& exposure = row < 25 ? first : second;
        exposure.insert(exposure.end(), one.begin(), one.end());
      }
    }
    const double n = static_cast<double>(all.size());
    EXPECT_GT(n, 5000);
    double sum = 0;
    for (const double pull : all) sum += pull;
    EXPECT_LT(std::abs(sum / n), 4.5 / std::sqrt(n));
    EXPECT_NEAR(mean_product(all, all), 1, 4.5 * std::sqrt(2 / n));
    EXPECT_NEAR(mean_product(neighbors_a, neighbors_b), 0, 4.5 / std::sqrt(n)) << "bins are independent";
    if (kind == SimulateKind::coadds) continue;
    ASSERT_EQ(first.size(), second.size());
    EXPECT_NEAR(mean_product(first, second), 0, 4.5 / std::sqrt(n / 2)) << "and so are exposures";
  }
}

TEST(SimulatedSpectra, IvarScalesAsPhotonsAndPixelsDo) {
  auto config = small_spectra_config(SimulateKind::spectra);
  config.nexp = 1;
  const auto ratio = [&](const std::function<void(config::SimulateConfig&)>& change, double expected, const char* why) {
    auto changed = config;
    change(changed);
    const auto before = simulate(config).file, after = simulate(changed).file;
    for (std::size_t iband = 0; iband < 3; ++iband)
      for (std::size_t i = 0; i < before.bands[iband].ivar.size(); ++i) {
        const double a = before.bands[iband].ivar.data()[i], b = after.bands[iband].ivar.data()[i];
        ASSERT_NEAR(b, expected * a, 3e-7 * expected * a) << why << ", band " << iband << ", bin " << i;
      }
  };
  config.readnoise = 0;
  ratio([](auto& c) { c.exptime *= 2; }, 2, "photons alone");
  config.readnoise = 3;
  config.sky_level = config.snr_scale = 0;
  ratio([](auto& c) { c.exptime *= 2; }, 4, "read noise alone");
  ratio([](auto& c) { c.readnoise *= 2; }, 0.25, "read noise alone");
}

TEST(SimulatedSpectra, ACoaddIsTheMeanOfTheSpectraWithoutMaskedBins) {
  auto config = small_spectra_config(SimulateKind::spectra);
  config.nexp = 3;
  config.cosmics = 60000;  // so that some bins are hit in all exposures
  const io::SpectraFile spectra = simulate(config).file;
  config.kind = SimulateKind::coadds;
  const io::SpectraFile coadds = simulate(config).file;
  ASSERT_EQ(coadds.targetid.size(), 7u);
  ASSERT_EQ(spectra.targetid.size(), 21u) << "exposure after exposure";
  int partly = 0, wholly = 0;
  for (std::size_t iband = 0; iband < 3; ++iband) {
    const io::BandSpectra &one = spectra.bands[iband], &mean = coadds.bands[iband];
    EXPECT_EQ(one.wave, mean.wave);
    for (std::size_t row = 0; row < 7; ++row) {
      for (std::size_t i = 0; i < one.wave.size(); ++i) {
        double flux = 0, weight = 0, all_flux = 0, all_weight = 0;
        int nmasked = 0;
        for (std::size_t spectrum = row; spectrum < 21; spectrum += 7) {
          const double ivar = one.ivar(spectrum, i), value = ivar * one.flux(spectrum, i);
          nmasked += one.mask(spectrum, i) != 0;
          all_flux += value;
          all_weight += ivar;
          if (one.mask(spectrum, i) != 0) continue;
          flux += value;
          weight += ivar;
        }
        if (nmasked == 3) {
          flux = all_flux;
          weight = all_weight;
          ++wholly;
        }
        partly += nmasked == 1 || nmasked == 2;
        const double sigma = 1 / std::sqrt(weight);
        ASSERT_NEAR(mean.ivar(row, i), weight, 3e-7 * weight) << "band " << iband << " " << row << " " << i;
        ASSERT_NEAR(mean.flux(row, i), flux / weight, 1e-6 * std::abs(flux / weight) + 1e-5 * sigma);
        ASSERT_EQ(mean.mask(row, i), nmasked == 3 ? cosmic : 0u);
      }
      const auto same = [](auto a, auto b) { return std::equal(a.begin(), a.end(), b.begin()); };
      EXPECT_TRUE(same(mean.resolution.row(row), one.resolution.row(row))) << "a target's R is that of its fiber";
      EXPECT_TRUE(same(one.resolution.row(row), one.resolution.row(row + 14))) << "in each exposure";
    }
  }
  EXPECT_GT(partly, 100);
  EXPECT_GT(wholly, 3) << "or this test would see little";
}

TEST(SimulatedSpectra, CosmicsRaiseTheFluxWhereTheyAreFlagged) {
  auto config = small_spectra_config(SimulateKind::spectra);
  const io::SpectraFile quiet = simulate(config).file;
  config.cosmics = 2000;
  const io::SpectraFile hit = simulate(config).file;
  int nhit = 0;
  for (std::size_t iband = 0; iband < 3; ++iband) {
    const io::BandSpectra &a = quiet.bands[iband], &b = hit.bands[iband];
    EXPECT_EQ(a.ivar, b.ivar);
    for (std::size_t i = 0; i < a.flux.size(); ++i) {
      if (b.mask.data()[i] == 0) {
        ASSERT_EQ(a.flux.data()[i], b.flux.data()[i]) << "band " << iband << " " << i;
      } else {
        ASSERT_EQ(b.mask.data()[i], cosmic);
        ASSERT_GT(b.flux.data()[i], a.flux.data()[i]);
        ++nhit;
      }
    }
  }
  // 7 targets x 2 exposures x 251 bins of about 5 pixels, 0.002 hits per pixel, three bins per hit.
  EXPECT_GT(nhit, 40);
  EXPECT_LT(nhit, 220);
}

TEST(SimulatedSpectra, DefectsAreSpreadOverTheTargets) {
  using enum Defect;
  EXPECT_EQ(choose_defects(5, 0), (std::vector<Defect>{none, none, none, none, none}));
  EXPECT_EQ(choose_defects(5, 1), (std::vector<Defect>{none, none, no_b, none, none}));
  EXPECT_EQ(choose_defects(10, 5), (std::vector<Defect>{none, no_b, none, masked, none, no_r, none, no_z, none, no_b}));
  EXPECT_EQ(choose_defects(3, 7), (std::vector<Defect>{no_b, masked, no_r})) << "no more than there are";
}

TEST(SimulatedSpectra, ADefectTakesWhatItSaysAndNothingElse) {
  for (const SimulateKind kind : {SimulateKind::coadds, SimulateKind::spectra}) {
    auto config = small_spectra_config(kind);
    const SimulatedSpectra good = simulate(config);
    config.bad_fibers = 4;
    const SimulatedSpectra bad = simulate(config);
    const auto defects = choose_defects(7, 4);
    ASSERT_EQ(std::count(defects.begin(), defects.end(), Defect::none), 3);
    for (std::size_t row = 0; row < bad.file.targetid.size(); ++row) {
      const Defect defect = defects[row % 7];
      for (std::size_t iband = 0; iband < 3; ++iband) {
        const io::BandSpectra &a = good.file.bands[iband], &b = bad.file.bands[iband];
        const bool lost = defect == std::array{Defect::no_b, Defect::no_r, Defect::no_z}[iband];
        const bool flagged = lost || defect == Defect::masked;
        for (std::size_t i = 0; i < a.wave.size(); ++i) {
          ASSERT_EQ(b.flux(row, i), lost ? 0 : a.flux(row, i)) << "band " << iband << ", row " << row;
          ASSERT_EQ(b.ivar(row, i), lost ? 0 : a.ivar(row, i));
          ASSERT_EQ(b.mask(row, i), flagged ? all_bad_pixels : a.mask(row, i));
        }
      }
    }
    const char* column = kind == SimulateKind::coadds ? "COADD_FIBERSTATUS" : "FIBERSTATUS";
    const auto status = bad.file.fibermap.integers(column, "");
    const auto said = std::get<std::vector<std::string>>(bad.truth.find("DEFECT")->values);
    const auto snr_b = bad.file.scores->numbers("MEDIAN_SNR_B", ""),
               tsnr_b = bad.file.scores->numbers("TSNR2_ELG_B", ""),
               tsnr_z = bad.file.scores->numbers("TSNR2_ELG_Z", ""), tsnr = bad.file.scores->numbers("TSNR2_ELG", "");
    for (std::size_t row = 0; row < status.size(); ++row) {
      const auto defect = static_cast<std::size_t>(defects[row % 7]);
      // BADAMPB, BADAMPR, BADAMPZ.
      EXPECT_EQ(status[row], (std::array{0, 1 << 22, 1 << 23, 1 << 24, 0}[defect])) << row;
      EXPECT_EQ(said.at(row % 7), (std::array{"none", "no b", "no r", "no z", "masked"}[defect])) << row;
      const bool blind_b = defects[row % 7] == Defect::no_b || defects[row % 7] == Defect::masked;
      EXPECT_EQ(snr_b[row] == 0, blind_b) << row;
      EXPECT_EQ(tsnr_b[row] == 0, blind_b) << row;
      EXPECT_EQ(tsnr_z[row] == 0, defects[row % 7] == Defect::no_z || defects[row % 7] == Defect::masked) << row;
      EXPECT_EQ(tsnr[row] == 0, defects[row % 7] == Defect::masked) << row;
    }
  }
}

TEST(SimulatedSpectra, ABrokenFiberHasNoData) {
  int petal = 0, broken = 25;
  for (; petal < 10; ++petal) {
    broken = 0;
    while (broken < 25 && fiber_response({'r', petal}, broken).transmission > 0) ++broken;
    if (broken < 25) break;
  }
  ASSERT_LT(petal, 10) << "1 of 400 fibers is broken";
  auto config = small_spectra_config(SimulateKind::coadds);
  const auto made = simulate_spectra(config, {petal, broken + 1, "coadd.fits", "truth.fits"});
  const auto row = static_cast<std::size_t>(broken);
  EXPECT_EQ(made.file.fibermap.integers("COADD_FIBERSTATUS", "")[row], 1 << 2) << "BROKENFIBER";
  for (const io::BandSpectra& band : made.file.bands)
    for (std::size_t i = 0; i < band.wave.size(); ++i) {
      ASSERT_EQ(band.flux(row, i), 0);
      ASSERT_EQ(band.ivar(row, i), 0);
      ASSERT_EQ(band.mask(row, i), all_bad_pixels);
      if (row > 0) {
        ASSERT_GT(band.ivar(row - 1, i), 0);
      }
    }
}

}  // namespace
}  // namespace zspex::simulate
