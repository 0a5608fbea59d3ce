#include "pipeline/redshift/coadd_fibermap.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zspex::pipeline {
namespace {

using Ids = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

// Bits of FIBERSTATUS.
constexpr std::int64_t broken_fiber = 1 << 2, bad_position = 1 << 9, poor_position = 1 << 10, bad_amp_b = 1 << 22,
                       bad_amp_r = 1 << 23, bad_amp_z = 1 << 24;

TEST(CoaddedFiberstatus, BitsOfTheGoodExposuresThatAllOfThemHave) {
  EXPECT_EQ(coadded_fiberstatus({0}), 0);
  EXPECT_EQ(coadded_fiberstatus({poor_position}), poor_position);
  EXPECT_EQ(coadded_fiberstatus({poor_position, 0, poor_position}), 0) << "not in all";
  EXPECT_EQ(coadded_fiberstatus({poor_position, poor_position | bad_amp_b}), poor_position);
  EXPECT_EQ(coadded_fiberstatus({poor_position, bad_position}), poor_position) << "the second one is in no coadd";
  EXPECT_EQ(coadded_fiberstatus({broken_fiber, bad_position}), broken_fiber | bad_position) << "all are bad: any bit";
  // An amplifier is one camera's: the exposure is good in the others. All three are all cameras.
  EXPECT_EQ(coadded_fiberstatus({bad_amp_b | bad_amp_r}), bad_amp_b | bad_amp_r);
  EXPECT_EQ(coadded_fiberstatus({bad_amp_b | bad_amp_r, bad_amp_b | bad_amp_z}), bad_amp_b);
  EXPECT_EQ(coadded_fiberstatus({bad_amp_b | bad_amp_r | bad_amp_z, poor_position}), poor_position);
}

template <class T>
void add(io::Table& table, const char* name, char code, std::vector<T> values) {
  table.columns.push_back({.name = name, .code = code, .values = std::move(values)});
}

/// Targets 5 and 3: 5 has three exposures, the last of them bad; 3 has two, both bad.
io::Table exposures() {
  io::Table table;
  table.name = "FIBERMAP";
  table.nrow = 5;
  add(table, "TARGETID", 'K', Ids{5, 3, 5, 5, 3});
  add(table, "FIBERSTATUS", 'J', std::vector<std::int32_t>{0, bad_position, 0, broken_fiber, bad_position});
  add(table, "NIGHT", 'J', std::vector<std::int32_t>{20210301, 20210301, 20210301, 20210302, 20210302});
  add(table, "MJD", 'D', Doubles{59274.5, 59274.5, 59274.25, 59275, 59275.5});
  add(table, "TILEID", 'J', std::vector<std::int32_t>{7, 7, 7, 7, 7});
  add(table, "EXPTIME", 'D', Doubles{900, 900, 450, 100, 100});
  add(table, "DELTA_X", 'D', Doubles{0.03, 1, -0.01, 50, 2});
  add(table, "FIBER_X", 'E', std::vector<float>{10, 1, 12, 50, 2});
  add(table, "PRIORITY", 'J', std::vector<std::int32_t>{3000, 1, 3100, 9, 2});
  add(table, "DESI_TARGET", 'K', Ids{1, 2, 4, 8, 16});
  add(table, "FLUX_G", 'E', std::vector<float>{1.5F, 2.5F, 1.25F, 9, 9});
  return table;
}

std::string names(const io::Table& table) {
  std::string out;
  for (const io::Column& column : table.columns) out += column.name + " ";
  return out;
}

TEST(CoaddedFibermap, IsMadeColumnByColumn) {
  const auto [fibermap, exp_fibermap] = coadd_fibermap(exposures(), "f");
  EXPECT_EQ(names(fibermap),
            "TARGETID COADD_FIBERSTATUS TILEID PRIORITY DESI_TARGET FLUX_G COADD_NUMEXP COADD_EXPTIME COADD_NUMNIGHT "
            "COADD_NUMTILE MEAN_DELTA_X RMS_DELTA_X MEAN_FIBER_X MIN_MJD MAX_MJD MEAN_MJD ");
  EXPECT_EQ(fibermap.integers("TARGETID", ""), (Ids{5, 3}));
  EXPECT_EQ(fibermap.integers("COADD_FIBERSTATUS", ""), (Ids{0, bad_position}));
  EXPECT_EQ(fibermap.integers("COADD_NUMEXP", ""), (Ids{2, 0}));
  EXPECT_EQ(fibermap.numbers("COADD_EXPTIME", ""), (Doubles{1350, 0}));
  EXPECT_EQ(fibermap.integers("COADD_NUMNIGHT", ""), (Ids{1, 0}));
  EXPECT_EQ(fibermap.integers("COADD_NUMTILE", ""), (Ids{1, 0}));
  EXPECT_EQ(fibermap.numbers("MEAN_DELTA_X", ""), (Doubles{0.01F, 1.5})) << "of a target without good ones of all";
  EXPECT_EQ(fibermap.numbers("RMS_DELTA_X", "")[0], static_cast<float>(std::sqrt(0.0005)));
  EXPECT_EQ(fibermap.numbers("MEAN_FIBER_X", ""), (Doubles{11, 1.5}));
  EXPECT_EQ(fibermap.numbers("MIN_MJD", ""), (Doubles{59274.25, 59274.5}));
  EXPECT_EQ(fibermap.numbers("MAX_MJD", ""), (Doubles{59274.5, 59275.5}));
  EXPECT_EQ(fibermap.numbers("MEAN_MJD", ""), (Doubles{59274.375, 59275}));
  EXPECT_EQ(fibermap.integers("DESI_TARGET", ""), (Ids{13, 18})) << "bits of all, also bad ones";
  EXPECT_EQ(fibermap.numbers("FLUX_G", ""), (Doubles{1.5, 2.5})) << "the first exposure's";
  EXPECT_EQ(fibermap.find("COADD_NUMEXP")->code, 'I');
  EXPECT_EQ(fibermap.find("COADD_EXPTIME")->code, 'E');
  EXPECT_EQ(fibermap.find("COADD_FIBERSTATUS")->code, 'J');

  EXPECT_EQ(names(exp_fibermap),
            "TARGETID PRIORITY NIGHT MJD TILEID EXPTIME FIBERSTATUS FIBER_X DELTA_X IN_COADD_B IN_COADD_R IN_COADD_Z ");
  EXPECT_EQ(exp_fibermap.integers("TARGETID", ""), (Ids{5, 3, 5, 5, 3}));
  EXPECT_EQ(exp_fibermap.integers("IN_COADD_R", ""), (Ids{1, 0, 1, 0, 0}));
  EXPECT_EQ(exp_fibermap.find("IN_COADD_B")->code, 'L');
}

TEST(CoaddedFibermap, OfSeveralTilesHasNothingOfATile) {
  io::Table table = exposures();
  std::get<std::vector<std::int32_t>>(table.find("TILEID")->values)[2] = 8;
  const io::Table fibermap = coadd_fibermap(table, "f").fibermap;
  for (const char* name : {"TILEID", "PRIORITY", "FIBER_X", "MEAN_FIBER_X"})
    EXPECT_EQ(std::as_const(fibermap).find(name), nullptr) << name;
  EXPECT_EQ(fibermap.integers("COADD_NUMTILE", ""), (Ids{2, 0}));
}

TEST(CoaddedFibermap, CountsThatNobodyKnowsAreMinusOne) {
  io::Table table = exposures();
  std::erase_if(table.columns, [](const io::Column& column) {
    return column.name == "NIGHT" || column.name == "TILEID" || column.name == "EXPTIME";
  });
  const io::Table fibermap = coadd_fibermap(table, "f").fibermap;
  for (const char* name : {"COADD_NUMNIGHT", "COADD_NUMTILE"}) EXPECT_EQ(fibermap.integers(name, ""), (Ids{-1, -1}));
  EXPECT_EQ(fibermap.numbers("COADD_EXPTIME", ""), (Doubles{-1, -1}));
}

TEST(CoaddedFibermap, CoordinatesAreMeansOverThoseThatAreKnown) {
  io::Table table = exposures();
  add(table, "FIBER_RA", 'D', Doubles{359.999, 10, 0.003, 200, 0});
  add(table, "FIBER_DEC", 'D', Doubles{60.001, 20, 60.003, 0, 0});
  const io::Table fibermap = coadd_fibermap(table, "f").fibermap;
  const auto ra = fibermap.numbers("MEAN_FIBER_RA", ""), dec = fibermap.numbers("MEAN_FIBER_DEC", "");
  EXPECT_NEAR(ra[0], 0.001, 1e-10) << "on both sides of 0";
  EXPECT_NEAR(dec[0], 60.002, 1e-10);
  EXPECT_EQ(ra[1], 10) << "zeros are unknown";
  EXPECT_EQ(dec[1], 20);
  constexpr double tolerance = 1e-4;  // of float, and of 0.001 deg in 360
  EXPECT_NEAR(fibermap.numbers("STD_FIBER_RA", "")[0], 0.002 * 3600 * std::cos(60.002 / 180 * std::acos(-1.0)),
              tolerance);
  EXPECT_NEAR(fibermap.numbers("STD_FIBER_DEC", "")[0], 0.001 * 3600, tolerance);
  EXPECT_EQ(fibermap.numbers("STD_FIBER_DEC", "")[1], 0);
}

TEST(CoaddedFibermap, IvarIsThatOfTheMean) {
  io::Table table = exposures();
  add(table, "DELTA_X_IVAR", 'E', std::vector<float>{4, 0, 2, 1, 1});
  EXPECT_EQ(coadd_fibermap(table, "f").fibermap.numbers("DELTA_X_IVAR", ""),
            (Doubles{static_cast<float>(2 / 0.75), 0}));
}

}  // namespace
}  // namespace zspex::pipeline
