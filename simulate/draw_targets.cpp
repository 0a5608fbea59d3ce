#include "simulate/draw_targets.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "simulate/instrument.hpp"
#include "simulate/random.hpp"
#include "simulate/shapes.hpp"

namespace zspex::simulate {
namespace {

/// Place of a fiber in bundle order of a random permutation: 0 ... 24. Each bundle thus has exactly two sky fibers.
int rank_in_bundle(std::uint64_t seed, int petal, int ispec) {
  const int bundle = ispec / bundle_size;
  const auto key = [&](int fiber) {
    return Random(seed, Purpose::fiber, 0, 0, static_cast<std::uint32_t>(petal * petal_fibers + fiber)).word();
  };
  const std::uint32_t own = key(ispec);
  int rank = 0;
  for (int other = bundle * bundle_size; other < (bundle + 1) * bundle_size; ++other) {
    const std::uint32_t theirs = key(other);
    rank += theirs < own || (theirs == own && other < ispec);
  }
  return rank;
}

/// \param place  0 ... 1, spread evenly over the fibers of a bundle
/// \param u      0 ... 1, chooses within the kind
TargetKind draw_kind(const TargetMix& mix, double place, double u) {
  place *= mix.sky + mix.star + mix.galaxy + mix.qso;
  if ((place -= mix.sky) < 0) return TargetKind::sky;
  if ((place -= mix.star) < 0)
    return u < 0.25 ? TargetKind::standard : u < 0.35 ? TargetKind::white_dwarf : TargetKind::star;
  if ((place -= mix.galaxy) < 0) return u < 0.5 ? TargetKind::elg : u < 0.83 ? TargetKind::lrg : TargetKind::bgs;
  return mix.qso > 0      ? TargetKind::qso
         : mix.galaxy > 0 ? TargetKind::elg
         : mix.star > 0   ? TargetKind::star
                          : TargetKind::sky;
}

void draw_properties(Random& random, Target& target) {
  target.shape = random.uniform();
  const double spread = random.normal();
  switch (target.kind) {
    case TargetKind::sky:
    case TargetKind::lamp:
      return;
    case TargetKind::standard:
      target.temperature = random.uniform(6000, 6900);
      target.magnitude = random.uniform(16.2, 18.0);
      break;
    case TargetKind::star:
      target.temperature = 3100 * std::pow(3.1, random.uniform());
      target.magnitude = random.uniform(16.5, 20.5);
      break;
    case TargetKind::white_dwarf:
      target.temperature = random.uniform(9000, 22000);
      target.magnitude = random.uniform(17.0, 20.0);
      break;
    case TargetKind::elg:
      target.z = random.uniform(0.6, 1.6);
      target.magnitude = random.uniform(22.0, 23.4);
      target.sigma_km_s = random.uniform(50, 120);
      target.shape *= 0.25;
      target.fiber_fraction = 0.45;
      break;
    case TargetKind::lrg:
      target.z = random.uniform(0.4, 1.0);
      target.magnitude = 19.6 + 3.4 * (target.z - 0.4) / 0.6 + 0.3 * spread;
      target.sigma_km_s = random.uniform(180, 320);
      target.shape = 0.85 + 0.15 * target.shape;
      target.fiber_fraction = 0.38;
      break;
    case TargetKind::bgs:
      target.z = random.uniform(0.02, 0.45);
      target.magnitude = random.uniform(17.5, 20.0);
      target.sigma_km_s = random.uniform(80, 200);
      target.shape = 0.3 + 0.6 * target.shape;
      target.fiber_fraction = 0.28;
      break;
    case TargetKind::qso:
      target.z = random.uniform(0.5, 3.4);
      target.magnitude = random.uniform(20.0, 22.8);
      target.sigma_km_s = random.uniform(1400, 2600);
      target.fiber_fraction = 0.58;
      break;
  }
  target.lines = std::exp(0.35 * std::clamp(random.normal(), -3.0, 3.0));
  target.metals = random.uniform();
  target.dust = target.kind == TargetKind::qso   ? std::min(0.6, random.exponential(0.08))
                : target.kind == TargetKind::elg ? random.uniform(0, 0.4)
                : target.kind == TargetKind::bgs ? random.uniform(0, 0.6)
                                                 : 0;
  if (target.temperature > 0) {
    target.z = 80 * random.normal() / light_speed_km_s;
    target.fiber_fraction = 0.60;
  }
}

/// Puts the fibers of a petal on their sector of the focal plane: 36 degrees wide, 410 mm long.
void place_in_focal_plane(Random& random, int petal, const Pointing& pointing, Target& target) {
  constexpr double degree = std::numbers::pi / 180, mm_per_degree = 252;  // 70 micrometers per arcsecond
  const double radius = 410 * std::sqrt(random.uniform(0.01, 1)), angle = (petal * 36 + random.uniform(1, 35)) * degree;
  target.focal_x = radius * std::cos(angle);
  target.focal_y = radius * std::sin(angle);
  target.dec = std::clamp(pointing.dec + target.focal_y / mm_per_degree, -90.0, 90.0);
  target.ra = std::fmod(pointing.ra - target.focal_x / mm_per_degree / std::cos(pointing.dec * degree) + 360, 360);
}

}  // namespace

std::vector<Target> draw_targets(std::uint64_t seed, int petal, int specmin, int nspec, const TargetMix& mix,
                                 const Pointing& pointing) {
  static const LightBins g_band = broad_band(4000, 5400), r_band = broad_band(5650, 7150),
                         z_band = broad_band(8350, 10000);
  std::vector<Target> targets(static_cast<std::size_t>(nspec));
  for (int ispec = specmin; ispec < specmin + nspec; ++ispec) {
    Target& target = targets[static_cast<std::size_t>(ispec - specmin)];
    const int fiber = petal * petal_fibers + ispec;
    const auto tile = static_cast<std::uint32_t>(pointing.tileid);
    Random random(seed, Purpose::target, 0, tile, static_cast<std::uint32_t>(fiber));
    // Like a survey's identifiers: large, unique in the tile, and not exact in a double.
    target.targetid = (std::int64_t{39} << 50) + (static_cast<std::int64_t>(pointing.tileid) << 20) + 5 * fiber + 1;
    place_in_focal_plane(random, petal, pointing, target);
    Random bundle(seed, Purpose::target, 2, tile, static_cast<std::uint32_t>(fiber / bundle_size));
    const double place = (rank_in_bundle(seed, petal, ispec) + bundle.uniform()) / bundle_size;
    target.kind = draw_kind(mix, place, random.uniform());
    draw_properties(random, target);
    if (target.kind == TargetKind::sky) continue;
    target.flux_g = nanomaggies(target_flux(target, seed, g_band), g_band);
    target.flux_r = nanomaggies(target_flux(target, seed, r_band), r_band);
    target.flux_z = nanomaggies(target_flux(target, seed, z_band), z_band);
  }
  return targets;
}

std::vector<Target> lamp_targets(std::vector<Target> targets, int petal) {
  for (std::size_t ispec = 0; ispec < targets.size(); ++ispec) {
    Target lamp;
    lamp.kind = TargetKind::lamp;
    lamp.targetid = -(std::int64_t{petal} * petal_fibers + static_cast<std::int64_t>(ispec) + 1);
    lamp.ra = targets[ispec].ra;
    lamp.dec = targets[ispec].dec;
    lamp.focal_x = targets[ispec].focal_x;
    lamp.focal_y = targets[ispec].focal_y;
    targets[ispec] = lamp;
  }
  return targets;
}

}  // namespace zspex::simulate
