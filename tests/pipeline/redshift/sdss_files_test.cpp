#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "io/detail/fits_writer.hpp"
#include "io/spectra.hpp"
#include "pipeline/redshift/read_targets.hpp"
#include "pipeline/redshift/targets.hpp"

namespace zspex::pipeline {
namespace {

template <class T>
io::Column column(const char* name, char code, std::vector<T> values) {
  io::Column out;
  out.name = name;
  out.code = code;
  out.values = std::move(values);
  return out;
}

/// A spec-PLATE-MJD-FIBER file of n pixels from 10^(first 1e-4) Angstrom on, with flux = -1000 everywhere.
void write_spec(const std::string& path, int fiber, int first, int n, float wdisp) {
  std::vector<float> loglam;
  for (int i = 0; i < n; ++i) loglam.push_back(static_cast<float>(1e-4 * (first + i)));
  const auto all = [n](float value) { return std::vector<float>(n, value); };
  io::Table coadd, object;
  coadd.name = "COADD";
  coadd.nrow = n;
  coadd.columns = {column("flux", 'E', all(-1000)), column("loglam", 'E', loglam), column("ivar", 'E', all(1)),
                   column("wdisp", 'E', all(wdisp))};
  object.name = "SPALL";
  object.nrow = 1;
  object.columns = {column<std::int32_t>("PLATE", 'J', {7}), column<std::int32_t>("MJD", 'J', {55000}),
                    column<std::int32_t>("FIBERID", 'J', {fiber}), column<double>("PLUG_RA", 'D', {1}),
                    column<double>("PLUG_DEC", 'D', {2})};
  io::detail::FitsWriter file(path, 0);
  file.primary({});
  file.table(coadd);
  file.table(object);
  file.finish();
}

TEST(SdssFiles, PiecesOfTheGridAreFittedTogether) {
  const std::filesystem::path folder = testing::TempDir() + "zspex-sdss-files-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  config::RedshiftConfig config;
  for (const char* name : {"one.fits", "two.fits"}) config.input.push_back(folder / name);
  write_spec(config.input[0], 1, 36003, 101, 0.9F);  // 5 diagonals
  write_spec(config.input[1], 2, 35990, 83, 1.25F);  // 9 diagonals, also before the other begins
  const TargetList targets = list_targets(config);
  ASSERT_EQ(targets.bands.size(), 1u);
  const auto& wave = targets.bands[0].wave;
  EXPECT_EQ(wave, io::sdss_grid(wave.front(), wave.back()));
  EXPECT_EQ(wave.size(), 36003u + 101 - 35990);
  EXPECT_EQ(targets.bands[0].ndiag, 9);
  EXPECT_EQ(targets.targetid, (std::vector<std::int64_t>{7550000001, 7550000002}));

  std::vector<kernels::Target> read;
  read_targets(config, targets, NodeInputs(), {0, 1}, [&](const kernels::Target& target) { read.push_back(target); });
  ASSERT_EQ(read.size(), 2u);
  for (const auto [target, first, n, half] : {std::array{0, 13, 101, 2}, std::array{1, 0, 83, 4}}) {
    ASSERT_EQ(read[target].spectra.size(), 1u);
    const auto& spectrum = read[target].spectra[0];
    ASSERT_EQ(spectrum.ivar.size(), wave.size());
    ASSERT_EQ(spectrum.ndiag, 2 * half + 1);
    for (int i = 0; i < static_cast<int>(wave.size()); ++i) {
      const bool in_file = i >= first && i < first + n;
      // Rows of R are cut off at both ends of the piece. -1000 is far below zero, and is kept; no sky line is masked.
      if (in_file && i >= first + 2 * half && i < first + n - 2 * half) {
        EXPECT_EQ(spectrum.ivar[i], 1) << "target " << target << ", pixel " << i;
      }
      double column_sum = 0;
      for (int k = 0; k < spectrum.ndiag; ++k) column_sum += spectrum.resolution[k * wave.size() + i];
      if (spectrum.ivar[i] > 0) {
        EXPECT_NEAR(column_sum, 1, 1e-6) << "R moves with the flux; target " << target << ", pixel " << i;
      }
      if (!in_file) {
        EXPECT_EQ(spectrum.ivar[i], 0) << "target " << target << ", pixel " << i;
        EXPECT_EQ(column_sum, 0) << "target " << target << ", pixel " << i;
      }
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace zspex::pipeline
