// A target's scan has the same bits whatever is scanned beside it, before it and after it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {
namespace {

using test::HostFitter;
using test::Zscan;

using test::invent_grids;
using test::scan_slices;
using test::Shape;
using Targets = std::vector<Target>;

/// One row of a scan, as bytes.
std::string row_of(const Zscan& scan, std::size_t row) {
  std::string bytes;
  const auto add = [&](const auto& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  };
  add(scan.chi2.row(row));
  add(scan.penalty.row(row));
  add(scan.coeff.row(row));
  return bytes;
}

std::vector<std::string> rows_of(const Zscan& scan) {
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < scan.chi2.extent(0); ++i) rows.push_back(row_of(scan, i));
  return rows;
}

struct Case {
  const char* name;
  FitMethod method;
  bool mixed;
};

class ScanBits : public testing::TestWithParam<Case> {
 protected:
  ScanBits() {
    test::Random random(200);
    tmpl_ = test::invent_template("GALAXY", GetParam().method, 5, test::even_redshifts(0.31, 0.0037, 17), random,
                                  IgmModel::none);
    const Shape common = {{0, 5}, {1, 7}, {2, 11}}, narrow = {{0, 5}, {1, 7}}, exposures = {{1, 7}, {1, 7}, {2, 3}};
    for (const Shape& shape : {common, narrow, common, exposures, common, common, narrow, common, common, exposures,
                               common, common, narrow, common, common, common, exposures, common, common})
      targets_.push_back(test::invent_target(shape, invent_grids(), tmpl_, test::invent_coeff(5, random),
                                             random.uniform(0.31, 0.37), random));
    for (auto& spectrum : targets_[7].spectra) spectrum.ivar.assign(spectrum.ivar.size(), 0);
    targets_[10].spectra[1].ivar.assign(targets_[10].spectra[1].ivar.size(), 0);  // one band masked
  }

  HostFitter fitter() const { return {invent_grids(), {tmpl_}, {.mixed = GetParam().mixed}}; }
  /// Rows of these targets, scanned together.
  std::vector<std::string> scan(const Targets& targets) const {
    HostFitter one = fitter();
    one.set_targets(targets);
    return rows_of(scan_slices(one));
  }

  Template tmpl_;
  Targets targets_;
};

TEST_P(ScanBits, AloneAndBesideOthers) {
  const auto together = scan(targets_);
  for (std::size_t i = 0; i < targets_.size(); ++i) EXPECT_EQ(scan({targets_[i]})[0], together[i]) << "target " << i;
}

TEST_P(ScanBits, BesideAnyNumberOfOthersOfTheSameShape) {
  const auto together = scan(targets_);
  std::vector<std::size_t> alike;
  for (std::size_t i = 0; i < targets_.size(); ++i)
    if (targets_[i].spectra.size() == 3 && targets_[i].spectra[0].band == 0 && i != 7 && i != 10) alike.push_back(i);
  for (std::size_t n = 1; n <= alike.size(); ++n) {
    Targets some;
    for (std::size_t k = 0; k < n; ++k) some.push_back(targets_[alike[k]]);
    const auto rows = scan(some);
    for (std::size_t k = 0; k < n; ++k) ASSERT_EQ(rows[k], together[alike[k]]) << n << " targets, " << k;
  }
}

TEST_P(ScanBits, InAnyOrder) {
  const auto together = scan(targets_);
  std::vector<std::size_t> order(targets_.size());
  std::iota(order.begin(), order.end(), 0);
  test::Random random(201);
  for (int shuffle = 0; shuffle < 5; ++shuffle) {
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.bits() % (i + 1)]);
    Targets shuffled;
    for (const std::size_t i : order) shuffled.push_back(targets_[i]);
    const auto rows = scan(shuffled);
    for (std::size_t i = 0; i < order.size(); ++i)
      ASSERT_EQ(rows[i], together[order[i]]) << "seed 201, shuffle " << shuffle << ", target " << order[i];
  }
}

TEST_P(ScanBits, InBatches) {
  const auto together = scan(targets_);
  HostFitter one = fitter();
  for (const std::size_t batch : {1u, 2u, 5u, 18u, 19u, 1000u}) {
    one.set_targets(targets_, batch);
    std::size_t next = 0;
    for (std::size_t ibatch = 0; next < targets_.size(); ++ibatch) {
      const auto range = one.batch(ibatch);
      ASSERT_EQ(range.first, next);
      ASSERT_EQ(range.n, std::min(batch, targets_.size() - next));
      const auto rows = rows_of(scan_slices(one, 0, {0}, true, ibatch));
      for (std::size_t i = 0; i < range.n; ++i) ASSERT_EQ(rows[i], together[next + i]) << batch << ", " << next + i;
      next += range.n;
    }
    EXPECT_EQ(one.batch(100).n, 0u);
    EXPECT_EQ(one.batch(100).first, targets_.size());
    Zscan nothing = scan_slices(one, 0, {0}, true, 100);
    EXPECT_TRUE(nothing.chi2.empty());
  }
}

TEST_P(ScanBits, InSlicesOfAnyLength) {
  HostFitter one = fitter();
  one.set_targets(targets_);
  const auto whole = rows_of(scan_slices(one));
  EXPECT_EQ(rows_of(scan_slices(one, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})), whole);
  EXPECT_EQ(rows_of(scan_slices(one, 0, {0, 5, 6, 16})), whole);
  EXPECT_EQ(rows_of(scan_slices(one, 0, {0, 9})), whole);
}

TEST_P(ScanBits, AndOfSlicesTheMemoryToo) {
  const HostFitter one = fitter();
  const FitBackend& host = one.backend(BackendKind::host);
  const std::size_t size = one.slice_size(0, 1);
  ASSERT_EQ(one.slice_size(0, 17), 17 * size);
  const Values whole = host.allocate(17 * size), pieces = host.allocate(17 * size);
  host.rebin(0, 0, 17, whole);
  for (const auto& [first, n] : {std::pair{11, 6}, {0, 3}, {3, 8}}) host.rebin(0, first, n, pieces.from(first * size));
  whole.visit([&](auto* data) {
    using Real = std::remove_pointer_t<decltype(data)>;
    EXPECT_TRUE(std::equal(data, data + whole.size(), pieces.as<Real>()));
    EXPECT_TRUE(std::any_of(data, data + whole.size(), [](Real value) { return value != 0; }));
  });
}

TEST_P(ScanBits, InOnesOwnColumnsOnly) {
  HostFitter one = fitter();
  one.set_targets(targets_);
  const Zscan whole = scan_slices(one);
  const std::size_t n = targets_.size();
  Zscan part{Array2<double>({n, 17}, -7.0), Array2<double>({n, 17}, -7.0), Array3<float>({n, 17, 5}, -7.0F)};
  one.scan(0, 6, 4, part);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t iz = 0; iz < 17; ++iz) {
      const bool inside = iz >= 6 && iz < 10;
      ASSERT_EQ(part.chi2(i, iz), inside ? whole.chi2(i, iz) : -7) << i << ", " << iz;
      ASSERT_EQ(part.penalty(i, iz), inside ? whole.penalty(i, iz) : -7) << i << ", " << iz;
      for (int b = 0; b < 5; ++b)
        ASSERT_EQ(part.coeff(i, iz, b), inside ? whole.coeff(i, iz, b) : -7) << i << ", " << iz;
    }
}

TEST_P(ScanBits, WithAndWithoutCoefficients) {
  HostFitter one = fitter();
  one.set_targets(targets_);
  const Zscan with = scan_slices(one), without = scan_slices(one, 0, {0}, false);
  EXPECT_EQ(with.chi2, without.chi2);
  EXPECT_EQ(with.penalty, without.penalty);
  EXPECT_TRUE(without.coeff.empty());
}

TEST_P(ScanBits, BesideOtherTemplates) {
  test::Random random(202);
  const Template other =
      test::invent_template("QSO", FitMethod::nmf, 3, test::even_redshifts(0.2, 0.01, 5), random, IgmModel::inoue14);
  HostFitter one(invent_grids(), {other, tmpl_, other}, {.mixed = GetParam().mixed});
  one.set_targets(targets_);
  EXPECT_EQ(one.templates()[1].spectype, "GALAXY");
  EXPECT_EQ(rows_of(scan_slices(one, 1)), scan(targets_));
}

TEST_P(ScanBits, AfterTargetsHaveBeenReplacedAndTheFitterMoved) {
  const auto together = scan(targets_);
  HostFitter one = fitter();
  one.set_targets({&targets_[3], 5}, 2);
  {
    const Targets copy = targets_;
    one.set_targets(copy);
  }  // they have been copied
  const HostFitter moved = std::move(one);
  EXPECT_EQ(rows_of(scan_slices(moved)), together);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    int npixels = 0;
    for (const auto& spectrum : targets_[i].spectra)
      npixels += static_cast<int>(
          std::count_if(spectrum.ivar.begin(), spectrum.ivar.end(), [](double ivar) { return ivar > 0; }));
    EXPECT_EQ(moved.npixels(static_cast<int>(i)), npixels) << i;
  }
}

TEST_P(ScanBits, WhateverStandsInMaskedPixelsOutsideOfRAndInTheName) {
  Targets changed = targets_;
  for (Target& target : changed) {
    target.targetid = -target.targetid - 1;
    for (auto& spectrum : target.spectra) {
      const std::size_t nwave = spectrum.flux.size();
      for (std::size_t p = 0; p < nwave; ++p)
        if (spectrum.ivar[p] == 0) spectrum.flux[p] = -1e30;
      for (int k = 0; k < spectrum.ndiag / 2; ++k) {
        spectrum.resolution[k * nwave] = -1e7F;                        // R[k - ndiag/2][0]
        spectrum.resolution[(spectrum.ndiag - k) * nwave - 1] = 1e9F;  // R[nwave - 1 + ndiag/2 - k][nwave - 1]
      }
    }
  }
  EXPECT_EQ(scan(changed), scan(targets_));
}

INSTANTIATE_TEST_SUITE_P(Methods, ScanBits,
                         testing::Values(Case{"PcaMixed", FitMethod::pca, true},
                                         Case{"PcaDouble", FitMethod::pca, false},
                                         Case{"NmfMixed", FitMethod::nmf, true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace zspex::kernels
