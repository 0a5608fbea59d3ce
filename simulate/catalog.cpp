#include "simulate/catalog.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/format.hpp"
#include "simulate/random.hpp"

namespace zspex::simulate {
namespace {

constexpr double gaia_limit = 21;  // magnitudes

bool is_star(TargetKind kind) {
  return kind == TargetKind::star || kind == TargetKind::standard || kind == TargetKind::white_dwarf;
}

double ab_magnitude(double nanomaggies) { return 22.5 - 2.5 * std::log10(std::max(nanomaggies, 1e-6)); }

/// Name of the brick that holds a place: rows of 0.25 degrees in declination, each cut into an even number of equal
/// bricks no wider than that on the sky. The name is the center, cut to tenths of degrees.
std::string brick_name(double ra, double dec) {
  constexpr double size = 0.25, degree = std::numbers::pi / 180;
  const double row = std::clamp(std::floor((dec + 90 + size / 2) / size), 0.0, 180 / size);
  const double center_dec = -90 + size * row;
  const double nearest = std::max(0.0, std::abs(center_dec) - size / 2);  // the row's widest circle
  const double ncolumn = std::max(1.0, std::ceil(360 / size * std::cos(nearest * degree) / 2) * 2);
  const double width = 360 / (row == 0 || row == 180 / size ? 1 : ncolumn);
  const double center_ra = (std::floor(ra / width) + 0.5) * width;
  const auto tenths = [](double degrees) { return static_cast<int>(std::lround(degrees * 1e4) / 1000); };
  return fmt::format("{:04}{}{:03}", tenths(center_ra), center_dec < 0 ? 'm' : 'p', tenths(std::abs(center_dec)));
}

/// Coordinates cut, not rounded, to 1e-4 degrees, as names by IAU's rules are.
std::string place_name(double ra, double dec) {
  const double cut_ra = std::floor(ra * 1e4 + 1e-6) / 1e4, cut_dec = std::floor(std::abs(dec) * 1e4 + 1e-6) / 1e4;
  return fmt::format("DESI J{:08.4f}{}{:07.4f}", cut_ra, dec < 0 ? '-' : '+', cut_dec);
}

/// Flux in W1 (3.4 micrometers) and W2 (4.6) over that in z (0.92). Stars are black bodies; the others typical colors.
std::array<double, 2> infrared_colors(const Target& target) {
  switch (target.kind) {
    case TargetKind::elg:
      return {1.3, 1.0};
    case TargetKind::lrg:
      return {3.5, 2.4};
    case TargetKind::bgs:
      return {1.5, 1.1};
    case TargetKind::qso:
      return {2.2, 3.3};
    case TargetKind::sky:
    case TargetKind::lamp:
      return {0, 0};
    default: {
      const double t = target.temperature;  // h c / k = 1.4388e8 Angstrom K; f_nu is as wave^-3 / (exp - 1)
      const auto f_nu = [t](double wave) { return std::pow(wave, -3) / std::expm1(1.4388e8 / (wave * t)); };
      return {f_nu(33526) / f_nu(9200), f_nu(46028) / f_nu(9200)};
    }
  }
}

void add_shape(Random& random, const Target& target, CatalogEntry& entry) {
  switch (target.kind) {
    case TargetKind::sky:
    case TargetKind::lamp:
      return;
    case TargetKind::elg:
      entry.morphtype = "REX";  // round: no ellipticity
      entry.sersic = 1;
      entry.shape_r = static_cast<float>(random.uniform(0.3, 0.7));
      return;
    case TargetKind::lrg:
      entry.morphtype = "DEV";
      entry.sersic = 4;
      entry.shape_r = static_cast<float>(random.uniform(0.6, 1.4));
      break;
    case TargetKind::bgs:
      entry.morphtype = "SER";
      entry.sersic = static_cast<float>(random.uniform(1, 4));
      entry.shape_r = static_cast<float>(random.uniform(1, 3));
      break;
    default:
      entry.morphtype = "PSF";
      return;
  }
  entry.shape_e1 = static_cast<float>(random.uniform(-0.3, 0.3));
  entry.shape_e2 = static_cast<float>(random.uniform(-0.3, 0.3));
}

/// Magnitudes of Gaia's broad bands from g, r, z: good to a tenth of a magnitude for stars like the Sun.
void add_gaia(const Target& target, CatalogEntry& entry) {
  const double g = ab_magnitude(target.flux_g), r = ab_magnitude(target.flux_r), z = ab_magnitude(target.flux_z);
  if (!(is_star(target.kind) || target.kind == TargetKind::qso) || r > gaia_limit) return;
  entry.ref_id = target.targetid ^ (std::int64_t{1} << 60);
  entry.ref_cat = "G2";
  entry.gaia_g = static_cast<float>(r - 0.05);
  entry.gaia_bp = static_cast<float>(g - 0.1);
  entry.gaia_rp = static_cast<float>(z - 0.35);
  if (is_star(target.kind)) entry.parallax = static_cast<float>(std::pow(10, -0.2 * (r - 14)));  // r = 4 at 10 pc
}

std::int32_t priority_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::qso:
      return 3400;
    case TargetKind::lrg:
      return 3200;
    case TargetKind::elg:
      return 3100;
    case TargetKind::bgs:
      return 2100;
    case TargetKind::sky:
    case TargetKind::lamp:
      return 0;
    default:
      return 1500;
  }
}

}  // namespace

CatalogEntry catalog_entry(const Target& target) {
  CatalogEntry entry;
  entry.desiname = place_name(target.ra, target.dec);
  entry.brickname = brick_name(target.ra, target.dec);
  if (target.kind == TargetKind::lamp) return entry;
  // desitarget's TARGETID: 22 bits of the object, 20 of the brick, 16 of the release.
  entry.brick_objid = static_cast<std::int32_t>(target.targetid & 0x3fffff);
  entry.brickid = static_cast<std::int32_t>(target.targetid >> 22 & 0xfffff);
  entry.release = static_cast<std::int16_t>(target.targetid >> 42 & 0xffff);
  Random random(static_cast<std::uint64_t>(target.targetid), Purpose::target, 1, 0, 0);
  entry.subpriority = random.uniform();
  entry.priority = priority_of(target.kind);
  const std::array<double, 2> infrared = infrared_colors(target);
  entry.flux_w1 = static_cast<float>(infrared[0] * target.flux_z);
  entry.flux_w2 = static_cast<float>(infrared[1] * target.flux_z);
  add_shape(random, target, entry);
  add_gaia(target, entry);
  return entry;
}

}  // namespace zspex::simulate
