#include "kernels/redshift/igm.hpp"

#include <algorithm>
#include <cmath>

namespace zspex::kernels {
namespace {

struct PowerLaw {
  double wave, a, b;
};
constexpr PowerLaw calura12_lines[] = {{1215.67, 0.0023, 3.64},
                                       {1025.72, 0.0023 / 5.2615, 3.64},
                                       {972.537, 0.0023 / 14.356, 3.64},
                                       {949.7431, 0.0023 / 29.85984, 3.64},
                                       {937.8035, 0.0023 / 53.36202, 3.64}};
constexpr PowerLaw kamble20_lines[] = {{1215.67, 0.00554, 3.182}};

/// Inoue et al. 2014, table 2: Lyman series lines, Angstrom, and the coefficients of the forest (laf) and of damped
/// systems (dla).
struct InoueLine {
  double wave, laf1, laf2, laf3, dla1, dla2;
};
constexpr InoueLine inoue14_lines[] = {{1215.670, 1.68976E-02, 2.35379E-03, 1.02611E-04, 1.61698E-04, 5.38995E-05},
                                       {1025.720, 4.69229E-03, 6.53625E-04, 2.84940E-05, 1.54539E-04, 5.15129E-05},
                                       {972.537, 2.23898E-03, 3.11884E-04, 1.35962E-05, 1.49767E-04, 4.99222E-05},
                                       {949.743, 1.31901E-03, 1.83735E-04, 8.00974E-06, 1.46031E-04, 4.86769E-05},
                                       {937.803, 8.70656E-04, 1.21280E-04, 5.28707E-06, 1.42893E-04, 4.76312E-05},
                                       {930.748, 6.17843E-04, 8.60640E-05, 3.75186E-06, 1.40159E-04, 4.67196E-05},
                                       {926.226, 4.60924E-04, 6.42055E-05, 2.79897E-06, 1.37714E-04, 4.59048E-05},
                                       {923.150, 3.56887E-04, 4.97135E-05, 2.16720E-06, 1.35495E-04, 4.51650E-05},
                                       {920.963, 2.84278E-04, 3.95992E-05, 1.72628E-06, 1.33452E-04, 4.44841E-05},
                                       {919.352, 2.31771E-04, 3.22851E-05, 1.40743E-06, 1.31561E-04, 4.38536E-05},
                                       {918.129, 1.92348E-04, 2.67936E-05, 1.16804E-06, 1.29785E-04, 4.32617E-05},
                                       {917.181, 1.62155E-04, 2.25878E-05, 9.84689E-07, 1.28117E-04, 4.27056E-05},
                                       {916.429, 1.38498E-04, 1.92925E-05, 8.41033E-07, 1.26540E-04, 4.21799E-05},
                                       {915.824, 1.19611E-04, 1.66615E-05, 7.26340E-07, 1.25041E-04, 4.16804E-05},
                                       {915.329, 1.04314E-04, 1.45306E-05, 6.33446E-07, 1.23614E-04, 4.12046E-05},
                                       {914.919, 9.17397E-05, 1.27791E-05, 5.57091E-07, 1.22248E-04, 4.07494E-05},
                                       {914.576, 8.12784E-05, 1.13219E-05, 4.93564E-07, 1.20938E-04, 4.03127E-05},
                                       {914.286, 7.25069E-05, 1.01000E-05, 4.40299E-07, 1.19681E-04, 3.98938E-05},
                                       {914.039, 6.50549E-05, 9.06198E-06, 3.95047E-07, 1.18469E-04, 3.94896E-05},
                                       {913.826, 5.86816E-05, 8.17421E-06, 3.56345E-07, 1.17298E-04, 3.90995E-05},
                                       {913.641, 5.31918E-05, 7.40949E-06, 3.23008E-07, 1.16167E-04, 3.87225E-05},
                                       {913.480, 4.84261E-05, 6.74563E-06, 2.94068E-07, 1.15071E-04, 3.83572E-05},
                                       {913.339, 4.42740E-05, 6.16726E-06, 2.68854E-07, 1.14011E-04, 3.80037E-05},
                                       {913.215, 4.06311E-05, 5.65981E-06, 2.46733E-07, 1.12983E-04, 3.76609E-05},
                                       {913.104, 3.73821E-05, 5.20723E-06, 2.27003E-07, 1.11972E-04, 3.73241E-05},
                                       {913.006, 3.45377E-05, 4.81102E-06, 2.09731E-07, 1.11002E-04, 3.70005E-05},
                                       {912.918, 3.19891E-05, 4.45601E-06, 1.94255E-07, 1.10051E-04, 3.66836E-05},
                                       {912.839, 2.97110E-05, 4.13867E-06, 1.80421E-07, 1.09125E-04, 3.63749E-05},
                                       {912.768, 2.76635E-05, 3.85346E-06, 1.67987E-07, 1.08220E-04, 3.60734E-05},
                                       {912.703, 2.58178E-05, 3.59636E-06, 1.56779E-07, 1.07337E-04, 3.57789E-05},
                                       {912.645, 2.41479E-05, 3.36374E-06, 1.46638E-07, 1.06473E-04, 3.54909E-05},
                                       {912.592, 2.26347E-05, 3.15296E-06, 1.37450E-07, 1.05629E-04, 3.52096E-05},
                                       {912.543, 2.12567E-05, 2.96100E-06, 1.29081E-07, 1.04802E-04, 3.49340E-05},
                                       {912.499, 1.99967E-05, 2.78549E-06, 1.21430E-07, 1.03991E-04, 3.46636E-05},
                                       {912.458, 1.88476E-05, 2.62543E-06, 1.14452E-07, 1.03198E-04, 3.43994E-05},
                                       {912.420, 1.77928E-05, 2.47850E-06, 1.08047E-07, 1.02420E-04, 3.41402E-05},
                                       {912.385, 1.68222E-05, 2.34330E-06, 1.02153E-07, 1.01657E-04, 3.38856E-05},
                                       {912.353, 1.59286E-05, 2.21882E-06, 9.67268E-08, 1.00908E-04, 3.36359E-05},
                                       {912.324, 1.50996E-05, 2.10334E-06, 9.16925E-08, 1.00168E-04, 3.33895E-05}};

double inoue14_line(const InoueLine& line, double wave) {
  const double u = wave / line.wave;
  const double laf = u < 2.2   ? line.laf1 * std::pow(u, 1.2)
                     : u < 5.7 ? line.laf2 * std::pow(u, 3.7)
                               : line.laf3 * std::pow(u, 5.5);
  const double dla = u < 3 ? line.dla1 * std::pow(u, 2.0) : line.dla2 * std::pow(u, 3.0);
  return std::exp(-(laf + dla));
}

}  // namespace

Transmission::Transmission(IgmModel model, std::span<const double> wave)
    : model_(model), wave_(wave.begin(), wave.end()) {
  std::vector<double> passing;
  const auto add = [&](double line_wave, const auto& part) {
    line_wave_.push_back(line_wave);
    for (const double w : wave_) passing.push_back(part(w));
  };
  const auto add_power_laws = [&](std::span<const PowerLaw> lines) {
    for (const PowerLaw& line : lines)
      add(line.wave, [&](double w) { return std::exp(-line.a * std::pow(w / line.wave, line.b)); });
  };
  switch (model) {
    case IgmModel::none:
      break;
    case IgmModel::calura12:
      add_power_laws(calura12_lines);
      break;
    case IgmModel::kamble20:
      add_power_laws(kamble20_lines);
      break;
    case IgmModel::inoue14:
      for (const InoueLine& line : inoue14_lines) add(line.wave, [&](double w) { return inoue14_line(line, w); });
      break;
  }
  passing_ = Array2<double>({line_wave_.size(), wave_.size()}, passing);
}

}  // namespace zspex::kernels
