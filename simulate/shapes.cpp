#include "simulate/shapes.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "simulate/random.hpp"

namespace zspex::simulate {
namespace {

constexpr double lyman_alpha = 1215.67;

/// A line at rest: vacuum wavelength and strength, whose unit the list says.
struct RestLine {
  double wave, strength;
};

// Gas of high and low excitation shines in other lines: metals cool it. The exponents are ours; from the poorest to the
// richest gas [OIII]/H beta falls and [NII]/H alpha grows by factors of 8, as along the sequence of star-forming galaxies.
constexpr double of_hydrogen = 0.5, of_doubly_ionized = -1.6, of_nitrogen = 2.6, of_sulfur = 0.8;

struct NebularLine {
  double wave, strength;  // relative to [OII] 3727+3730 together, for gas of middling metallicity
  double metal_slope;     // of ln(strength) with the metallicity
};
constexpr NebularLine nebular_lines[] = {{1640.42, 0.02, of_doubly_ionized},
                                         {1664.00, 0.02, of_doubly_ionized},
                                         {1907.71, 0.08, of_doubly_ionized},
                                         {2326.00, 0.04, of_sulfur},
                                         {2471.03, 0.03, 0},
                                         {2626.45, 0.02, of_sulfur},
                                         {3727.09, 0.42, 0},
                                         {3729.88, 0.58, 0},
                                         {3869.86, 0.09, of_doubly_ionized},
                                         {3889.75, 0.06, of_hydrogen},
                                         {3970.08, 0.07, of_hydrogen},
                                         {4102.89, 0.11, of_hydrogen},
                                         {4341.68, 0.20, of_hydrogen},
                                         {4862.68, 0.43, of_hydrogen},
                                         {4960.30, 0.21, of_doubly_ionized},
                                         {5008.24, 0.63, of_doubly_ionized},
                                         {5877.25, 0.05, of_hydrogen},
                                         {6302.05, 0.04, of_sulfur},
                                         {6549.86, 0.12, of_nitrogen},
                                         {6564.61, 1.35, of_hydrogen},
                                         {6585.27, 0.36, of_nitrogen},
                                         {6718.29, 0.24, of_sulfur},
                                         {6732.67, 0.18, of_sulfur},
                                         {9071.10, 0.12, of_sulfur},
                                         {9533.20, 0.30, of_sulfur}};

// Depths of an old stellar population: Ca K and H, G band, H beta, Mg b, Fe, Na D, the Ca triplet.
constexpr RestLine stellar_lines[] = {{3934.78, 0.50}, {3969.59, 0.48}, {4102.89, 0.10}, {4227.9, 0.15},
                                      {4305.6, 0.22},  {4384.8, 0.14},  {4862.68, 0.12}, {5176.6, 0.20},
                                      {5270.9, 0.13},  {5336.7, 0.11},  {5891.6, 0.12},  {5897.6, 0.10},
                                      {8500.4, 0.16},  {8544.4, 0.27},  {8664.5, 0.23}};

// Depths of interstellar gas in a young galaxy: Si II, C IV, Fe II, Al II, Al III, Mg II, Mg I.
constexpr RestLine gas_lines[] = {{1393.76, 0.30}, {1402.77, 0.25}, {1526.71, 0.40}, {1549.06, 0.35},
                                  {1608.45, 0.25}, {1670.79, 0.40}, {1854.72, 0.20}, {1862.79, 0.15},
                                  {2344.21, 0.30}, {2374.46, 0.22}, {2382.77, 0.34}, {2586.65, 0.26},
                                  {2600.17, 0.35}, {2796.35, 0.45}, {2803.53, 0.40}, {2852.96, 0.15}};

constexpr double balmer_lines[] = {6564.61, 4862.68, 4341.68, 4102.89, 3971.20, 3890.15, 3836.47, 3798.98, 3771.70};

/// Broad lines of quasars: equivalent width (Angstrom) and sigma (km/s). Beyond 5000 km/s they stand for many blended
/// lines: the iron humps and the Balmer continuum.
struct BroadLine {
  double wave, width, sigma_km_s;
};
constexpr double blend_km_s = 5000;
constexpr BroadLine broad_lines[] = {
    {1025.72, 9, 2200},  {1215.67, 75, 1900}, {1240.81, 20, 2100}, {1305.53, 4, 1900},  {1396.76, 9, 2300},
    {1549.06, 30, 2300}, {1640.42, 5, 2600},  {1663.48, 3, 2400},  {1857.40, 4, 2400},  {1908.73, 22, 2900},
    {2326.44, 3, 2400},  {2500.00, 14, 9000}, {2798.75, 33, 2000}, {3700.00, 8, 9000},  {4102.89, 7, 1900},
    {4341.68, 14, 1900}, {4570.00, 12, 6000}, {4862.68, 46, 1900}, {5250.00, 14, 6500}, {6564.61, 190, 1700}};
constexpr RestLine quasar_narrow[] = {{3426.84, 1.2}, {3728.48, 1.6}, {3869.86, 1.4}, {4960.30, 4.5}, {5008.24, 13.5}};

double step(double x) { return 1 / (1 + std::exp(-x)); }

/// Absorption of depth `depth` by a Gaussian line at bin `wave`, as a factor.
double absorb(double wave, double center, double sigma, double depth) {
  const double x = (wave - center) / sigma;
  return std::abs(x) > 6 ? 1.0 : 1 - depth * std::exp(-0.5 * x * x);
}

/// Part of the light that dust lets through: an optical depth of `dust` at 5500 Angstrom, as wavelength^-0.7 (the slope of
/// Charlot & Fall 2000, ApJ 539, 718).
double through_dust(double rest, double dust) { return std::exp(-dust * std::pow(rest / 5500, -0.7)); }

/// Continuum of a galaxy at rest, 1 near 4500 Angstrom. age: 0 = young, 1 = old.
double galaxy_continuum(double rest, double age) {
  if (rest < 912) return 0;
  const double young =
      std::pow(rest / 4500, -1.3) * (0.72 + 0.28 * step((rest - 3680) / 45)) * (rest < lyman_alpha ? 0.4 : 1.0);
  // The 4000 Angstrom break: a factor of two within 200 Angstrom, then the slow fall of old stars to the ultraviolet.
  const double old = (0.40 + 0.60 * step((rest - 3990) / 35)) * std::exp(-std::pow(2500 / rest, 4)) *
                     std::pow(rest / 4500, 0.35) * 1.1 / (1 + std::pow(rest / 9500, 4));
  return (1 - age) * young + age * old;
}

void shape_galaxy(const Target& target, const LightBins& bins, std::span<double> flux) {
  const double stretch = 1 + target.z, age = target.shape;
  const double narrow = target.sigma_km_s / light_speed_km_s;  // sigma / wavelength
  const double stellar = std::hypot(std::max(target.sigma_km_s, 150.0) / light_speed_km_s, 6.0 / 5000);
  const double wind = 1 - (50 + 80 * target.lines) / light_speed_km_s;  // what drives out gas makes it shine
  for (std::size_t i = 0; i < flux.size(); ++i) {
    const double rest = bins.wave[i] / stretch;
    double value = galaxy_continuum(rest, age);
    for (const RestLine& line : stellar_lines)
      value *= absorb(rest, line.wave, line.wave * stellar, age * line.strength);
    for (double line : balmer_lines)
      value *= absorb(rest, line, line * 9 / 4000, (1 - age) * (line < 4000 ? 0.14 : 0.08));
    if (rest < 3000)
      for (const RestLine& line : gas_lines)
        value *= absorb(rest, line.wave * wind, line.wave * 180 / light_speed_km_s,
                        (1 - age) * (0.4 + 1.2 * target.metals) * line.strength);
    flux[i] = value;
  }
  // [OII] rest equivalent width: 60 Angstrom for the youngest, below 1 for the oldest; observed, the line's integral
  // grows by 1+z.
  const double oii = 60 * target.lines * std::pow(1 - age, 2.5) * galaxy_continuum(3728, age) * stretch;
  for (const NebularLine& line : nebular_lines)
    add_line(bins, line.wave * stretch, line.wave * stretch * narrow,
             line.strength * std::exp(line.metal_slope * (target.metals - 0.5)) * oii, flux);
}

/// Lyman alpha forest: one random absorber every few Angstrom, denser to high redshift (Faucher-Giguere et al. 2008:
/// mean optical depth 0.0018 (1+z)^3.92).
void absorb_forest(const Target& target, std::uint64_t seed, const LightBins& bins, std::span<double> flux) {
  Random random(seed, Purpose::target, 1, 0, static_cast<std::uint32_t>(target.targetid & 0xffffffff));
  for (double wave = 3000; wave < lyman_alpha * (1 + target.z) - 5; wave += random.exponential(4.0)) {
    const double mean = 0.0018 * std::pow(wave / lyman_alpha, 3.92),
                 sigma = wave * random.uniform(22, 70) / light_speed_km_s;
    // Mean effective depth of a line of peak tau is about tau * sigma * 2.5 / 4 Angstrom: choose tau to give `mean` on
    // average.
    const double tau = random.exponential(mean * 4.0 / (2.5 * sigma));
    const auto low = std::lower_bound(bins.wave.begin(), bins.wave.end(), wave - 5 * sigma) - bins.wave.begin();
    for (auto i = static_cast<std::size_t>(low); i < flux.size() && bins.wave[i] < wave + 5 * sigma; ++i) {
      const double x = (bins.wave[i] - wave) / sigma;
      flux[i] *= std::exp(-tau * std::exp(-0.5 * x * x));
    }
  }
}

void shape_quasar(const Target& target, std::uint64_t seed, const LightBins& bins, std::span<double> flux) {
  const double stretch = 1 + target.z, slope = -1.9 + 0.8 * target.shape;
  const auto continuum = [&](double rest) { return std::pow(rest / 3000, slope); };
  for (std::size_t i = 0; i < flux.size(); ++i) flux[i] = continuum(bins.wave[i] / stretch);
  // Quasars with much iron have weak [OIII], and the other way round: Boroson & Green 1992, ApJS 80, 109.
  const double iron = 0.3 + 1.4 * target.metals, narrow = 1.7 - 1.4 * target.metals;
  for (const BroadLine& line : broad_lines) {
    const double at = line.wave * stretch;
    const bool blend = line.sigma_km_s > blend_km_s;
    const double sigma_km_s = line.sigma_km_s * (blend ? 1 : target.sigma_km_s / 2000);
    add_line(bins, at, at * sigma_km_s / light_speed_km_s,
             target.lines * (blend ? iron : 1) * line.width * stretch * continuum(line.wave), flux);
  }
  for (const RestLine& line : quasar_narrow) {
    const double at = line.wave * stretch;
    add_line(bins, at, at * 250 / light_speed_km_s,
             target.lines * narrow * line.strength * stretch * continuum(line.wave), flux);
  }
  absorb_forest(target, seed, bins, flux);
  for (std::size_t i = 0; i < flux.size(); ++i)
    if (bins.wave[i] < 912 * stretch) flux[i] *= 0.1;
}

void shape_star(const Target& target, const LightBins& bins, std::span<double> flux) {
  const double stretch = 1 + target.z, t = target.temperature;
  const bool dwarf = target.kind == TargetKind::white_dwarf;
  // Hydrogen is strongest near 9500 K; metals grow towards cool stars; molecules below 4000 K.
  const double hydrogen = dwarf ? 0.55 : 0.65 * std::exp(-std::pow((t - 9500) / 2600, 2)) + 0.06;
  const double metals = dwarf ? 0 : (0.7 + 0.6 * target.metals) * std::clamp((7600 - t) / 3400, 0.0, 1.0),
               wings = 0.75 + 0.5 * target.shape,  // of the hydrogen lines: pressure broadens them
      molecules = dwarf ? 0 : step((3850 - t) / 180);
  for (std::size_t i = 0; i < flux.size(); ++i) {
    const double rest = bins.wave[i] / stretch;
    double value = std::pow(rest / 5000, -5) / std::expm1(1.43878e8 / (rest * t));  // Planck; c2 in Angstrom K
    for (double line : balmer_lines) {                                              // a narrow core in wide wings
      value *= absorb(rest, line, wings * (dwarf ? 22 : 9), 0.5 * hydrogen);
      value *= absorb(rest, line, dwarf ? wings * 55 : 2.2, 0.4 * hydrogen);
    }
    value *= 1 - 0.35 * hydrogen * (1 - step((rest - 3700) / 40));  // Balmer jump
    for (const RestLine& line : stellar_lines)
      value *= absorb(rest, line.wave, line.wave * 90 / light_speed_km_s, std::min(0.95, 1.7 * metals * line.strength));
    value *= 1 - 0.30 * metals * (1 - step((rest - 3990) / 60));
    for (double head :
         {4761.0, 4955.0, 5167.0, 5448.0, 5847.0, 6158.0, 6651.0, 7053.0, 7589.0, 8432.0})  // TiO, degraded to the red
      if (rest > head && rest < head + 900) value *= 1 - 0.45 * molecules * std::exp(-(rest - head) / 140);
    flux[i] = value;
  }
}

}  // namespace

void shape_spectrum(const Target& target, std::uint64_t seed, const LightBins& bins, std::span<double> flux) {
  std::fill(flux.begin(), flux.end(), 0.0);
  switch (target.kind) {
    case TargetKind::sky:
      return;
    case TargetKind::elg:
    case TargetKind::lrg:
    case TargetKind::bgs:
      shape_galaxy(target, bins, flux);
      break;
    case TargetKind::qso:
      shape_quasar(target, seed, bins, flux);
      break;
    default:
      shape_star(target, bins, flux);
  }
  if (target.dust > 0)
    for (std::size_t i = 0; i < flux.size(); ++i) flux[i] *= through_dust(bins.wave[i] / (1 + target.z), target.dust);
}

double nanomaggies(const std::vector<double>& flux, const LightBins& bins) {
  double photons = 0, reference = 0;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    const double wave = bins.wave[i];
    photons += flux[i] * wave;
    // 3.631e-29 * c / wave^2 in 1e-17 erg/s/cm2/Angstrom, c = 2.99792458e18 Angstrom/s
    reference += 3.631e-12 * 2.99792458e18 / (wave * wave) * wave;
  }
  return photons / reference;
}

LightBins broad_band(double wavemin, double wavemax) {
  std::vector<double> wave;
  for (double at = wavemin; at < wavemax; at += 2) wave.push_back(at);
  return make_light_bins(wave, 2.0, 0, 0, 1);
}

std::vector<double> target_flux(const Target& target, std::uint64_t seed, const LightBins& bins) {
  std::vector<double> flux(bins.size());
  if (target.kind == TargetKind::sky || target.kind == TargetKind::lamp) return flux;
  static const LightBins r_band = broad_band(5650, 7150);
  std::vector<double> in_r(r_band.size());
  shape_spectrum(target, seed, r_band, in_r);
  shape_spectrum(target, seed, bins, flux);
  const double scale = std::pow(10, -0.4 * (target.magnitude - 22.5)) / nanomaggies(in_r, r_band);
  for (double& value : flux) value *= scale;
  return flux;
}

}  // namespace zspex::simulate
