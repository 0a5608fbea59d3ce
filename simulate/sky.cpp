#include "simulate/sky.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace zspex::simulate {
namespace {

/// Rotational constant of OH X2Pi by vibrational level, 1/cm: near Be = 18.91, alpha = 0.714, to which the published
/// values of the levels agree within 1 %.
constexpr std::array<double, 10> oh_rotation = {18.53, 17.82, 17.11, 16.41, 15.70, 14.98, 14.27, 13.54, 12.80, 12.02};
constexpr double oh_spin_orbit = -139.5;  // 1/cm

/// Energy of a rotational level above the band's zero, 1/cm. Hill & Van Vleck 1928, Phys. Rev. 32, 250, for a 2Pi
/// state. \param ladder  1 = 2Pi(3/2), the lower one, 2 = 2Pi(1/2)
double oh_energy(int level, int ladder, double j) {
  const double b = oh_rotation[static_cast<std::size_t>(level)], y = oh_spin_orbit / b, n = (j + 0.5) * (j + 0.5);
  const double root = 0.5 * std::sqrt(4 * n + y * (y - 4));
  return b * (n - 1 + (ladder == 1 ? -root : root));
}

struct OhBand {
  int upper, lower;
  double q1_air;    // wavelength of the line Q1(3/2), Angstrom
  double strength;  // of the whole band, 1e-17 erg/s/cm2/arcsec2
};

// Wavelengths are those of the well-known Q1 heads of the atlases. Strengths grow to the red and add up to a sky
// of 20.1 mag in I and 18.9 mag in z (AB, a square arcsecond).
constexpr OhBand oh_bands[] = {
    {9, 2, 5273.3, 6},   {6, 0, 5342.0, 3.6},  {7, 1, 5562.2, 9.6},  {8, 2, 5886.3, 21.6}, {5, 0, 6168.6, 13.2},
    {9, 3, 6256.9, 42},  {6, 1, 6498.7, 45.6}, {7, 2, 6863.9, 90},   {8, 3, 7276.4, 156},  {4, 0, 7524.8, 60},
    {9, 4, 7750.6, 168}, {5, 1, 7913.7, 264},  {6, 2, 8344.6, 504},  {7, 3, 8827.1, 840},  {8, 4, 9375.9, 900},
    {3, 0, 9788.0, 600}, {9, 5, 9914.0, 540},  {4, 1, 10213.0, 960},
};

void add_oh_band(const OhBand& band, std::vector<SkyLine>& lines) {
  constexpr double boltzmann = 0.6950348, temperature = 195;  // 1/cm/K, K
  const double origin =
      1e8 / vacuum_from_air(band.q1_air) - oh_energy(band.upper, 1, 1.5) + oh_energy(band.lower, 1, 1.5);
  const std::size_t first = lines.size();
  double total = 0;
  for (int ladder : {1, 2})
    for (double j = ladder == 1 ? 1.5 : 0.5; j < 7; j += 1)  // of the upper level
      for (int step : {-1, 0, 1}) {                          // lower minus upper: R, Q, P
        const double lower = j + step;
        if (lower < (ladder == 1 ? 1.5 : 0.5)) continue;
        const double energy = oh_energy(band.upper, ladder, j);
        const double wavenumber = origin + energy - oh_energy(band.lower, ladder, lower);
        // Hoenl-London factors of a 2Pi-2Pi band in Hund's case a, Omega = 3/2 or 1/2.
        const double omega = ladder == 1 ? 1.5 : 0.5;
        double line_strength;
        if (step == 0)
          line_strength = (2 * j + 1) * omega * omega / (j * (j + 1));
        else if (step == 1)
          line_strength = ((j + 1) * (j + 1) - omega * omega) / (j + 1);
        else
          line_strength = (j * j - omega * omega) / j;
        const double population = std::exp(-(energy - oh_energy(band.upper, 1, 1.5)) / (boltzmann * temperature));
        lines.push_back({1e8 / wavenumber, line_strength * population});
        total += lines.back().strength;
      }
  for (std::size_t i = first; i < lines.size(); ++i) lines[i].strength *= band.strength / total;
}

// Continuum between the lines: scattered starlight, zodiacal light and airglow, about 21.7 AB mag/arcsec2 in V.
constexpr std::array<double, 12> continuum_wave = {3400, 3800, 4100, 4500, 5000, 5500,
                                                   6000, 6700, 7400, 8200, 9000, 10500};
constexpr std::array<double, 12> continuum_value = {0.78, 0.80, 0.84, 0.78, 0.73, 0.75,
                                                    0.82, 0.74, 0.70, 0.68, 0.72, 0.78};

}  // namespace

std::vector<SkyLine> night_sky_lines() {
  std::vector<SkyLine> lines;
  for (const OhBand& band : oh_bands) add_oh_band(band, lines);
  struct Atomic {
    double wave_air, strength;
  };
  for (const Atomic& line : {Atomic{5577.338, 130},
                             {6300.304, 55},
                             {6363.776, 18},
                             {5197.9, 0.9},
                             {5200.26, 0.6},
                             {5889.951, 11},
                             {5895.924, 6},
                             {6562.80, 0.7},
                             {4046.56, 0.5},
                             {4358.34, 1.3},
                             {5460.74, 1.6},
                             {5769.60, 0.3},
                             {5790.66, 0.35}})
    lines.push_back({vacuum_from_air(line.wave_air), line.strength});
  // O2 b-X (0-1): a P and an R branch of many weak lines around 8645 Angstrom, alternate rotational levels only.
  for (int n = 1; n < 30; n += 2) {
    const double population = n * std::exp(-1.42 * n * (n + 1) / (0.6950348 * 190));
    lines.push_back({8649.0 - 2.05 * n + 0.012 * n * n, 1.6 * population});
    lines.push_back({8651.0 + 2.20 * n + 0.017 * n * n, 1.8 * population});
  }
  // O2 Herzberg bands: weak structure all over the blue, without which b has nothing but the continuum.
  for (double wave = 3410, step = 17; wave < 4900; wave += step, step = 11 + std::fmod(step * 1.37, 13))
    lines.push_back({wave, 0.05 + 0.12 * std::fmod(wave * 0.317, 1) * std::exp(-std::pow((wave - 3700) / 500, 2))});
  std::sort(lines.begin(), lines.end(), [](const SkyLine& a, const SkyLine& b) { return a.wave < b.wave; });
  return lines;
}

std::vector<double> night_sky(const LightBins& bins, double line_factor) {
  constexpr double sigma = 0.03;  // Angstrom: Doppler width of OH at 195 K; a line falls into one or two bins
  std::vector<double> density(bins.size());
  const Curve continuum{continuum_wave, continuum_value};
  for (std::size_t ibin = 0; ibin < bins.size(); ++ibin) density[ibin] = continuum(bins.wave[ibin]);
  for (const SkyLine& line : night_sky_lines()) add_line(bins, line.wave, sigma, line_factor * line.strength, density);
  return density;
}

}  // namespace zspex::simulate
