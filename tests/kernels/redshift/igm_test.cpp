#include "kernels/redshift/detail/rebin_on_host.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace zspex::kernels {
namespace {

using Values = std::vector<double>;

Values transmission(IgmModel model, const Values& wave, double z) {
  Values values(wave.size(), 1.0);
  detail::absorb(Transmission(model, wave), z, 0, wave.size(), 1, values.data(), wave.size());
  return values;
}

double transmission(IgmModel model, double wave, double z) { return transmission(model, Values{wave}, z).front(); }

// The tables were made with the formulas of the papers in long double (numpy.longdouble, x87), every constant parsed from
// its decimal text: exp(-sum of tau), tau as in Calura et al. 2012, Kamble et al. 2020 and Inoue et al. 2014, eq. 21-29
// (eq. 25 only from z = 1.2 on, table 2 for the lines), printed to 18 digits.
struct Entry {
  double z, wave, transmission;
};

void expect_entries(IgmModel model, const std::vector<Entry>& table) {
  for (const Entry& entry : table)
    EXPECT_NEAR(transmission(model, entry.wave, entry.z), entry.transmission, 1e-13 * entry.transmission)
        << "z " << entry.z << ", " << entry.wave << " Angstrom";
}

TEST(Transmission, OfCalura12IsTabulated) {
  expect_entries(IgmModel::calura12, {
                                         {2.5, 3200, 8.8000485697453414e-01},
                                         {2.5, 3300, 8.70422188945744298e-01},
                                         {2.5, 3350, 8.7021831963936721e-01},
                                         {2.5, 3450, 8.70543818343351446e-01},
                                         {2.5, 3600, 8.87224291254884022e-01},
                                         {2.5, 3900, 8.52032654290997777e-01},
                                         {2.5, 4250, 8.03366159744168492e-01},
                                         {2.5, 4260, 1e+00},
                                         {0.5, 1415, 9.93656939086556985e-01},
                                         {0.5, 1500, 9.93335934029501164e-01},
                                         {0.5, 1800, 9.90447697893915027e-01},
                                         {0.5, 1830, 1e+00},
                                         {4, 4680, 6.00492546581388037e-01},
                                         {4, 6000, 4.63851395027108928e-01},
                                     });
}

TEST(Transmission, OfKamble20IsTabulated) {
  expect_entries(IgmModel::kamble20, {
                                         {2.5, 3300, 8.75549271061686395e-01},
                                         {2.5, 4250, 7.42838993107593097e-01},
                                         {2.5, 4260, 1e+00},
                                         {3.7, 5700, 4.69297079685777617e-01},
                                         {0.25, 1500, 9.89245191414131601e-01},
                                     });
}

/// Wavelengths on both sides of each step in the formulas: u = 2.2, 3, 5.7 of a line; z = 2 and 4.7; x = 2.2, 3 and 5.7;
/// the Lyman limit and the last lines.
TEST(Transmission, OfInoue14IsTabulated) {
  expect_entries(IgmModel::inoue14, {
                                        {1.5, 1000, 4.62452435086037128e-01}, {1.5, 1950, 6.67861896189387138e-01},
                                        {1.5, 2010, 6.99123140104681894e-01}, {1.5, 2270, 8.89925073677786262e-01},
                                        {1.5, 2285, 9.13097872581417159e-01}, {1.5, 2300, 9.23816449757423164e-01},
                                        {1.5, 2420, 9.36334706482017511e-01}, {1.5, 2560, 9.39644315351081113e-01},
                                        {1.5, 3030, 9.32324652799534255e-01}, {1.5, 3045, 1e+00},
                                        {2, 2000, 4.13851582498952943e-01},   {2, 2500, 6.1928102340361743e-01},
                                        {2, 2730, 8.36098211413436141e-01},   {2, 2740, 8.58046110529972185e-01},
                                        {3, 1500, 1.17732641840391321e-01},   {3, 2100, 1.06898514255922178e-01},
                                        {3, 2650, 1.25942551073850797e-01},   {3, 2800, 1.40219991441083943e-01},
                                        {3, 3600, 5.46345776547098191e-01},   {3, 3650, 6.32768462964151199e-01},
                                        {3, 3652, 6.45208052637122249e-01},   {3, 3700, 7.01399423935649019e-01},
                                        {3, 3900, 7.61955667134788804e-01},   {3, 4100, 7.21129166287134617e-01},
                                        {3, 4850, 6.72234110803974184e-01},   {3, 4870, 1e+00},
                                        {4.6, 2000, 3.82054792084385379e-03}, {4.6, 4000, 2.55456909984995636e-03},
                                        {4.8, 2000, 2.25162666146431364e-03}, {4.8, 2600, 9.67325882946707401e-04},
                                        {4.8, 4000, 9.18468850849662923e-04}, {4.8, 5190, 8.64331780335231002e-02},
                                        {4.8, 5205, 9.52172487730874438e-02}, {4.8, 5290, 1.6753192298292876e-01},
                                        {4.8, 5300, 1.99183031531418846e-01}, {6, 1900, 6.23289534635815081e-05},
                                        {6, 3000, 2.30091507676466575e-06},   {6, 5000, 7.83452671907180103e-07},
                                        {6, 5190, 1.3788874120924185e-06},    {6, 5210, 1.47653884664684338e-06},
                                        {6, 6300, 5.58236229247431604e-03},   {6, 6850, 8.93083230037351109e-02},
                                        {6, 6950, 7.54893070629758244e-02},   {6, 7100, 5.47915876418443772e-02},
                                        {6, 8500, 1.05382982202451805e-02},   {6, 8520, 1e+00},
                                    });
}

TEST(Transmission, WithoutAModelIsOne) {
  EXPECT_EQ(transmission(IgmModel::none, {1000, 2000, 3000}, 4), (Values{1, 1, 1}));
}

class Lyman : public testing::TestWithParam<IgmModel> {};

TEST_P(Lyman, AlphaItselfIsNotAbsorbed) {
  const double edge = 2 * lyman_alpha_angstrom;  // exact at z = 1
  const double below = std::nextafter(edge, 0), above = std::nextafter(edge, 1e9);
  EXPECT_LT(transmission(GetParam(), below, 1), 1);
  EXPECT_EQ(transmission(GetParam(), edge, 1), 1);
  EXPECT_EQ(transmission(GetParam(), above, 1), 1);
  const Values found = transmission(GetParam(), Values{below, edge, above, 9800}, 1);
  EXPECT_LT(found[0], 1);
  for (int i : {1, 2, 3}) EXPECT_EQ(found[i], 1) << i;
}

TEST_P(Lyman, NothingIsAbsorbedRedward) {
  Values wave;
  for (double w = 3600; w < 9824; w += 0.8) wave.push_back(w);
  for (const double z : {0.0, 1.0, 1.961, 1.9613}) {
    const Values found = transmission(GetParam(), wave, z);
    for (std::size_t i = 0; i < wave.size(); ++i) ASSERT_EQ(found[i], 1) << "z " << z << ", " << wave[i];
  }
  for (const double z : {2.0, 3.3, 6.9}) {
    const Values found = transmission(GetParam(), wave, z);
    for (std::size_t i = 0; i < wave.size(); ++i) {
      if (wave[i] / (1 + z) >= lyman_alpha_angstrom) {
        ASSERT_EQ(found[i], 1) << "z " << z << ", " << wave[i];
      } else {
        ASSERT_LT(found[i], 1) << "z " << z << ", " << wave[i];
        ASSERT_GT(found[i], 0) << "z " << z << ", " << wave[i];
      }
    }
  }
}

TEST_P(Lyman, OnAGridIsWhatItIsAtEachWavelength) {
  Values wave;
  for (double w = 1000; w < 9000; w += 13.7) wave.push_back(w);
  for (const double z : {0.5, 3.1, 5.2}) {
    const Values found = transmission(GetParam(), wave, z);
    for (std::size_t i = 0; i < wave.size(); ++i) ASSERT_EQ(found[i], transmission(GetParam(), wave[i], z)) << wave[i];
  }
}

TEST_P(Lyman, AbsorptionMultipliesWhatIsThere) {
  const Values wave = {3700, 4000, 4500, 5300};
  const Transmission medium(GetParam(), wave);
  Values once = {1, 1, 1, 1}, scaled = {-2, 3, 0, 1e-17};
  std::vector<float> single = {-2, 3, 0, 1e-17F};
  const Values before = scaled;
  detail::absorb(medium, 3, 0, wave.size(), 1, once.data(), wave.size());
  detail::absorb(medium, 3, 0, wave.size(), 1, scaled.data(), wave.size());
  detail::absorb(medium, 3, 0, wave.size(), 1, single.data(), wave.size());
  for (std::size_t i = 0; i < wave.size(); ++i) {
    EXPECT_NEAR(scaled[i], before[i] * once[i], 1e-14 * std::fabs(before[i])) << i;
    // Each of up to 40 factors rounds once.
    EXPECT_NEAR(single[i], before[i] * once[i], 41 * 0x1p-24 * std::fabs(before[i])) << i;
  }
}

TEST_P(Lyman, AbsorptionGrowsWithRedshift) {
  double before = 1;
  for (double z = 1.1; z < 6.5; z += 0.05) {
    const double here = transmission(GetParam(), 1100 * (1 + z), z);
    EXPECT_LT(here, before) << z;
    before = here;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Lyman, testing::Values(IgmModel::calura12, IgmModel::kamble20, IgmModel::inoue14),
                         [](const auto& info) {
                           return info.param == IgmModel::calura12   ? "Calura12"
                                  : info.param == IgmModel::kamble20 ? "Kamble20"
                                                                     : "Inoue14";
                         });

TEST(Transmission, OfEachLineBeginsBelowIt) {
  // z = 1, where 2 x line is exact: absorption there is that of the lines above alone.
  for (const auto& [line, divisor] : {std::pair{1025.72, 5.2615}, std::pair{972.537, 14.356},
                                      std::pair{949.7431, 29.85984}, std::pair{937.8035, 53.36202}}) {
    const double edge = 2 * line;
    const double at = transmission(IgmModel::calura12, edge, 1);
    const double below = transmission(IgmModel::calura12, std::nextafter(edge, 0), 1);
    EXPECT_NEAR(std::log(at / below), 0.0023 / divisor * std::pow(2, 3.64), 1e-12) << line;
  }
  for (const double line : {1025.720, 949.743, 913.826, 912.324}) {
    const double at = transmission(IgmModel::inoue14, 2 * line, 1);
    EXPECT_GT(at / transmission(IgmModel::inoue14, std::nextafter(2 * line, 0), 1), 1 + 1e-5) << line;
  }
  // The continuum begins below 911.8 (1 + z). At z = 3 and x = 1 + z its terms are 4^3 (0.04696 - 0.01779 - 0.02916).
  const double limit = 4 * 911.8, at = transmission(IgmModel::inoue14, limit, 3);
  EXPECT_NEAR(std::log(at / transmission(IgmModel::inoue14, std::nextafter(limit, 0), 3)), 64e-5, 1e-12);
}

}  // namespace
}  // namespace zspex::kernels
