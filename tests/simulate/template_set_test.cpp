#include "simulate/template_set.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <numeric>
#include <set>

#include "core/error.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "simulate/principal.hpp"
#include "simulate/products.hpp"
#include "simulate/random.hpp"

namespace zspex::simulate {
namespace {

namespace fs = std::filesystem;

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Cosines of k half waves on n points: orthogonal and of rms 1. Beside the first one their sums are 0 but for rounding.
Array2<double> orthogonal_vectors(std::size_t nvector, std::size_t n) {
  Array2<double> vectors({nvector, n});
  for (std::size_t k = 0; k < nvector; ++k)
    for (std::size_t i = 0; i < n; ++i)
      vectors(k, i) = k == 0 ? 1
                             : std::sqrt(2.0) * std::cos(std::numbers::pi * static_cast<double>(k) *
                                                         (static_cast<double>(i) + 0.5) / static_cast<double>(n));
  return vectors;
}

/// U of U S V^T: a Householder reflection, in which no element is 0.
double reflection(std::size_t i, std::size_t j, std::size_t n) {
  double square = 0;
  for (std::size_t k = 0; k < n; ++k) square += std::pow(static_cast<double>(k) + 2, 2);
  return (i == j) - 2 * (static_cast<double>(i) + 2) * (static_cast<double>(j) + 2) / square;
}

/// Rows U S V^T. \param sizes  singular values, one per vector
Array2<double> mix(const std::vector<double>& sizes, const Array2<double>& vectors) {
  const std::size_t n = sizes.size();
  Array2<double> members({n, vectors.extent(1)});
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t w = 0; w < vectors.extent(1); ++w)
        members(i, w) += reflection(i, k, n) * sizes[k] * vectors(k, w);
  return members;
}

TEST(PrincipalVectors, AreTheRightSingularVectorsLargestFirst) {
  const Array2<double> vectors = orthogonal_vectors(5, 37);
  for (const double unit : {1e-12, 1.0, 1e12}) {
    const auto found = principal_vectors(mix({3 * unit, 11 * unit, 0.5 * unit, 7 * unit, 0.1 * unit}, vectors), 3);
    ASSERT_EQ(found.shape(), (std::array<std::size_t, 2>{3, 37}));
    std::size_t i = 0;
    for (const std::size_t expected : {1u, 3u, 0u}) {
      // An error of the Gram matrix, 37 roundings of its largest value 11^2, over the distance of the eigenvalues, 40.
      const double sign = dot(found.row(i), vectors.row(expected)) > 0 ? 1 : -1;
      for (std::size_t w = 0; w < 37; ++w)
        EXPECT_NEAR(found(i, w), sign * vectors(expected, w), 1e-12) << "vector " << i << " at " << w;
      ++i;
    }
    EXPECT_NEAR(found(2, 0), 1, 1e-12) << "the constant one: its sum is not negative";
  }
}

TEST(PrincipalVectors, LeaveTheLeastOfTheMembers) {
  // Eckart and Young: without the 2 last of 5 singular vectors the squares of their singular values are missing.
  const std::vector<double> sizes = {9, 0.25, 4, 0.5, 2};
  const Array2<double> members = mix(sizes, orthogonal_vectors(5, 41));
  const Array2<double> found = principal_vectors(members, 3);
  double left = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> rest(members.row(i).begin(), members.row(i).end());
    for (std::size_t k = 0; k < 3; ++k) {
      const double part = dot(members.row(i), found.row(k)) / dot(found.row(k), found.row(k));
      for (std::size_t w = 0; w < rest.size(); ++w) rest[w] -= part * found(k, w);
    }
    left += dot(rest, rest) / 41;
  }
  EXPECT_NEAR(left, 0.25 * 0.25 + 0.5 * 0.5, 1e-12 * 81);
}

TEST(PrincipalVectors, NoMeanIsTakenOut) {
  // Two parallel spectra: the first vector is their direction, though all that differs between them is their size.
  Array2<double> members({2, 3}, {1, 2, 2, 2, 4, 4});
  const Array2<double> found = principal_vectors(members, 1);
  const double rms = std::sqrt(3.0);
  for (std::size_t w = 0; w < 3; ++w) EXPECT_NEAR(found(0, w), members(0, w) / rms, 1e-15);
}

/// A template of the set made of fewer spectra and samples.
io::TemplateFile small_template(TemplatePlan plan) {
  plan.nmember = plan.nvector + 3;
  plan.wave.dwave *= 5;
  return make_template(plan);
}

TEST(TemplateSet, VectorsAreOrthogonalAndOfUnitSize) {
  for (const TemplatePlan& plan : template_plans()) {
    const io::TemplateFile file = small_template(plan);
    ASSERT_EQ(file.basis.extent(0), static_cast<std::size_t>(plan.nvector));
    const auto nwave = static_cast<double>(file.basis.extent(1));
    for (std::size_t i = 0; i < file.basis.extent(0); ++i) {
      EXPECT_NEAR(dot(file.basis.row(i), file.basis.row(i)) / nwave, 1, 1e-12) << template_name(plan) << " " << i;
      EXPECT_GE(std::accumulate(file.basis.row(i).begin(), file.basis.row(i).end(), 0.0), 0);
      // The later vectors are small differences of members: rounding of 1e-16 over the ratio of singular values, 1e-4.
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_NEAR(dot(file.basis.row(i), file.basis.row(j)) / nwave, 0, 1e-9) << template_name(plan) << " " << i;
    }
  }
}

TEST(TemplateSet, EachCoversTheCamerasAtAllItsRedshifts) {
  // The fitter refuses templates that don't, and asks for the wavelengths only: one vector will do.
  const std::vector<std::vector<double>> cameras = {
      kernels::wave_grid(3600, 5800, 0.8), kernels::wave_grid(5760, 7620, 0.8), kernels::wave_grid(7520, 9824, 0.8)};
  for (const TemplatePlan& plan : template_plans()) {
    kernels::Template tmpl;
    tmpl.spectype = plan.spectype;
    tmpl.subtype = plan.subtype;
    tmpl.wave = kernels::wave_grid(plan.wave.wavemin, plan.wave.wavemax, plan.wave.dwave);
    tmpl.basis = Array2<double>({1, tmpl.wave.size()}, 1.0);
    TemplatePlan coarse = plan;
    coarse.nmember = coarse.nvector = 1;
    coarse.wave.dwave = 500;
    tmpl.redshifts = make_template(coarse).redshifts;
    if (tmpl.redshifts.empty())
      tmpl.redshifts = kernels::redshift_grid(plan.spectype, kernels::default_range(plan.spectype));
    EXPECT_NO_THROW(kernels::RedshiftFitter(cameras, {tmpl}, {})) << template_name(plan);
    tmpl.redshifts.push_back(2 * tmpl.redshifts.back() + 1);
    EXPECT_THROW(kernels::RedshiftFitter(cameras, {tmpl}, {}), NumericsError) << "or this test would see nothing";
  }
}

TEST(TemplateSet, QuasarsHaveGridsOfTheirOwnInStepsOfLogWavelength) {
  for (const TemplatePlan& plan : template_plans()) {
    TemplatePlan coarse = plan;
    coarse.nmember = coarse.nvector = 1;
    coarse.wave.dwave = 500;
    const auto z = make_template(coarse).redshifts;
    ASSERT_EQ(z.empty(), plan.spectype != "QSO") << template_name(plan);
    if (z.empty()) continue;
    EXPECT_NEAR(z.front(), plan.zmin, 1e-12);
    EXPECT_LE(z.back(), plan.zmax + 1e-12);
    EXPECT_GT(std::log10(1 + z.back()) + 5e-4, std::log10(1 + plan.zmax));
    for (std::size_t i = 1; i < z.size(); ++i) ASSERT_NEAR(std::log10((1 + z[i]) / (1 + z[i - 1])), 5e-4, 1e-12);
  }
}

TEST(TemplateSet, AFileIsReadBackAsItWasMade) {
  const fs::path folder = fs::path(testing::TempDir()) / ("zspex-template-set-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::set<std::string> types;
  for (const TemplatePlan& plan : template_plans()) {
    io::TemplateFile file = small_template(plan);
    file.path = folder / template_name(plan);
    io::write_template(file);
    const io::TemplateFile back = io::read_template(file.path);
    EXPECT_EQ(back.spectype, plan.spectype);
    EXPECT_EQ(back.subtype, plan.subtype);
    EXPECT_EQ(back.method, "PCA");
    EXPECT_EQ(back.igm, plan.igm);
    EXPECT_EQ(back.version, "sim1");
    EXPECT_EQ(back.basis, file.basis) << "not rounded";
    EXPECT_EQ(back.redshifts, file.redshifts);
    ASSERT_EQ(back.wave.size(), file.wave.size());
    EXPECT_EQ(back.wave.front(), plan.wave.wavemin);
    for (std::size_t i = 0; i < file.wave.size(); ++i) ASSERT_NEAR(back.wave[i], file.wave[i], 1e-8);
    types.insert(back.spectype + ":" + back.subtype);
  }
  EXPECT_EQ(types.size(), template_plans().size()) << "no two of one type";
  // The list that comes with them is found by name, and gives their order.
  for (const Note& note : template_notes(folder)) std::ofstream(note.path) << note.contents;
  std::vector<std::string> expected;
  for (const TemplatePlan& plan : template_plans()) expected.push_back(folder / template_name(plan));
  EXPECT_EQ(io::find_templates({folder.string()}), expected);
  fs::remove_all(folder);
}

TEST(TemplateSet, MembersAreNormalSpectraOfTheirType) {
  // With as many vectors as members nothing is lost: what is spanned is the family itself, of which each one is positive.
  // A hot star is bluer than a cool one, and a galaxy family's first vector has the break at 4000 Angstrom.
  TemplatePlan plan = template_plans().front();
  ASSERT_EQ(plan.spectype, "GALAXY");
  const io::TemplateFile galaxy = small_template(plan);
  const auto mean = [](const io::TemplateFile& file, double from, double to) {
    double sum = 0;
    int n = 0;
    for (std::size_t i = 0; i < file.wave.size(); ++i)
      if (file.wave[i] >= from && file.wave[i] < to) sum += file.basis(0, i), ++n;
    return sum / n;
  };
  EXPECT_GT(mean(galaxy, 4050, 4250), 1.1 * mean(galaxy, 3750, 3950));
  const auto color = [&](const std::string& subtype) {
    for (const TemplatePlan& star : template_plans())
      if (star.subtype == subtype) {
        const io::TemplateFile file = small_template(star);
        return mean(file, 4500, 5500) / mean(file, 8000, 9000);
      }
    return 0.0;
  };
  for (const auto& [hot, cool] : {std::pair{"A", "F"}, {"F", "G"}, {"G", "K"}, {"K", "M"}})
    EXPECT_GT(color(hot), color(cool)) << hot << " and " << cool;
}

}  // namespace
}  // namespace zspex::simulate
