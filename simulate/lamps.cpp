#include "simulate/lamps.hpp"

#include <algorithm>
#include <cmath>

#include "core/format.hpp"

namespace zspex::simulate {
namespace {

struct AirLine {
  const char* ion;
  double wave_air, strength;
};

// Air wavelengths of the NIST Atomic Spectra Database, Angstrom.
constexpr AirLine air_lines[] = {
    {"CdI", 3610.508, 40},  {"HgI", 3650.153, 60},  {"HgI", 3654.836, 25},  {"HgI", 3663.279, 20},
    {"HgI", 4046.563, 80},  {"HgI", 4077.831, 8},   {"HgI", 4358.328, 100}, {"CdI", 4678.149, 40},
    {"CdI", 4799.912, 60},  {"CdI", 5085.822, 80},  {"HgI", 5460.735, 100}, {"HgI", 5769.598, 40},
    {"HgI", 5790.663, 40},  {"NeI", 5852.4879, 60}, {"NeI", 5881.8952, 30}, {"NeI", 5944.8342, 35},
    {"NeI", 6029.9969, 15}, {"NeI", 6074.3377, 35}, {"NeI", 6096.1631, 40}, {"NeI", 6143.0626, 60},
    {"NeI", 6163.5939, 25}, {"NeI", 6217.2812, 25}, {"NeI", 6266.4950, 40}, {"NeI", 6304.7890, 20},
    {"NeI", 6334.4278, 50}, {"NeI", 6382.9917, 60}, {"NeI", 6402.248, 100}, {"CdI", 6438.4695, 40},
    {"NeI", 6506.5281, 70}, {"NeI", 6532.8822, 25}, {"NeI", 6598.9529, 35}, {"NeI", 6678.2762, 50},
    {"NeI", 6717.0430, 25}, {"NeI", 6929.4673, 50}, {"ArI", 6965.4307, 50}, {"NeI", 7032.4131, 60},
    {"ArI", 7067.2181, 35}, {"NeI", 7173.9381, 15}, {"NeI", 7245.1666, 40}, {"ArI", 7272.9359, 20},
    {"ArI", 7383.9805, 40}, {"NeI", 7438.8981, 15}, {"ArI", 7503.8691, 60}, {"KrI", 7587.4136, 40},
    {"KrI", 7601.5457, 80}, {"ArI", 7635.1060, 90}, {"KrI", 7685.2460, 25}, {"ArI", 7723.7611, 40},
    {"ArI", 7948.1764, 30}, {"ArI", 8006.1567, 30}, {"ArI", 8014.7857, 40}, {"KrI", 8059.5048, 30},
    {"ArI", 8103.6931, 45}, {"ArI", 8115.3110, 90}, {"KrI", 8190.0566, 30}, {"KrI", 8298.1099, 30},
    {"ArI", 8264.5225, 40}, {"ArI", 8408.2096, 40}, {"ArI", 8424.6475, 60}, {"KrI", 8508.8728, 20},
    {"ArI", 8521.4422, 30}, {"ArI", 8667.9442, 12}, {"KrI", 8776.7498, 20}, {"KrI", 8928.6934, 25},
    {"ArI", 9122.9674, 80}, {"ArI", 9224.4992, 30}, {"ArI", 9354.2198, 10}, {"ArI", 9657.7863, 50},
    {"ArI", 9784.5028, 15},
};

constexpr double brightest_arc = 2000, continuum = 600;  // 1e-17 erg/s/cm2, and an Angstrom
constexpr double lamp_temperature = 5500;                // K: halogen lamps and blue diodes together
constexpr double arc_sigma = 0.02;                       // Angstrom

}  // namespace

std::vector<ArcLine> arc_lines() {
  std::vector<ArcLine> lines;
  for (const AirLine& line : air_lines)
    lines.push_back({line.ion, vacuum_from_air(line.wave_air), line.strength / 100 * brightest_arc});
  std::sort(lines.begin(), lines.end(), [](const ArcLine& a, const ArcLine& b) { return a.wave < b.wave; });
  return lines;
}

std::string arc_lines_text() {
  std::string text = "# Lines of the arc lamps: vacuum wavelength (Angstrom), ion, strength (1e-17 erg/s/cm2)\n";
  for (const ArcLine& line : arc_lines())
    text += fmt::format("{:10.4f} {:<4} {:7.1f}\n", line.wave, line.ion, line.strength);
  return text;
}

std::vector<double> lamp_spectrum(config::Flavor flavor, const LightBins& bins) {
  std::vector<double> flux(bins.size());
  if (flavor == config::Flavor::arc) {
    for (const ArcLine& line : arc_lines()) add_line(bins, line.wave, arc_sigma, line.strength, flux);
    return flux;
  }
  const auto black_body = [](double wave) {  // h c / k = 1.4388e8 Angstrom K
    return std::pow(wave / 6500, -5) / std::expm1(1.4388e8 / (wave * lamp_temperature));
  };
  for (std::size_t i = 0; i < flux.size(); ++i) flux[i] = continuum * black_body(bins.wave[i]) / black_body(6500);
  return flux;
}

}  // namespace zspex::simulate
