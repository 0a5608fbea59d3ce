#include "simulate/instrument.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"
#include "simulate/random.hpp"

namespace zspex::simulate {
namespace {

constexpr int trace_coeffs = 7, shape_coeffs = 4, hermite_degree = 6;
constexpr double fiber_pitch = 7.3, bundle_gap = 17.5;  // pixels
constexpr std::uint64_t optics_seed = 0x7a73706578;     // the instrument does not change with the simulation's seed

/// One band's optics. Polynomials are Legendre coefficients in u, -1 at wavemin and 1 at wavemax.
struct BandDesign {
  char band;
  int npix_x, npix_y;
  double wavemin, wavemax;                          // of the traces, Angstrom; the CCD ends a little inside
  std::array<double, trace_coeffs> y;               // row of the central fiber, pixels
  std::array<double, 3> smile;                      // rows by which the slit's ends lie above its middle
  std::array<double, trace_coeffs> magnify;         // relative change of the slit's length along the CCD
  double shift_x, tilt_y;                           // pixels: center of the slit, rise from end to end
  std::array<double, shape_coeffs> sigmax, sigmay;  // pixels, in the middle of the slit
};

// The dispersion grows along the CCD by 15 %; a bin of 0.8 Angstrom is 1.3 to 1.65 rows.
constexpr std::array<BandDesign, 3> designs = {{
    {'b',
     4096,
     4096,
     3538,
     5904,
     {1941.0, 1998.5, 44.2, 6.9, 1.05, -0.52, -0.11},
     {108, 6.5, -1.8},
     {0.00035, -0.00190, -0.00290, 0.00031, -0.00081, -0.00006, 0.00009},
     -6.3,
     1.4,
     {0.985, 0.018, 0.046, -0.016},
     {1.13, -0.062, 0.021, 0.012}},
    {'r',
     4114,
     4128,
     5649,
     7757,
     {1981.0, 2053.0, 57.4, 5.8, 0.87, -0.91, -0.17},
     {113, 5.2, -2.3},
     {-0.00022, -0.00240, -0.00310, 0.00019, -0.00093, 0.00011, 0.00013},
     4.7,
     -1.9,
     {0.995, -0.021, 0.041, 0.019},
     {1.11, -0.074, 0.016, -0.014}},
    {'z',
     4114,
     4128,
     7430,
     9957,
     {1982.0, 2043.5, 61.1, 4.4, 1.21, -0.74, -0.23},
     {117, 7.4, -1.5},
     {0.00018, -0.00270, -0.00260, -0.00027, -0.00077, 0.00008, -0.00012},
     9.1,
     2.3,
     {1.005, 0.024, 0.038, 0.013},
     {1.14, 0.058, 0.024, -0.011}},
}};

const BandDesign& design_of(char band) {
  return *std::find_if(designs.begin(), designs.end(), [&](const BandDesign& d) { return d.band == band; });
}

Legendre make_series(double wavemin, double wavemax, int nspec, int ncoeff) {
  return {wavemin, wavemax, Array2<double>({static_cast<std::size_t>(nspec), static_cast<std::size_t>(ncoeff)})};
}

/// A fiber's place in the slit, and how far it and its block sit from their nominal places.
struct SlitPosition {
  double offset;                                            // pixels from the slit's middle
  double s;                                                 // the same, -1 ... 1
  double jitter_x, jitter_y, block_x, block_y, block_tilt;  // pixels
  double block_shape;                                       // -1 ... 1, how far the block is out of focus
};

SlitPosition slit_position(const Camera& camera, int ispec) {
  constexpr int nbundle = petal_fibers / bundle_size;
  constexpr double half = (petal_fibers - 1) * fiber_pitch / 2 + (nbundle - 1) * (bundle_gap - fiber_pitch) / 2;
  const int bundle = ispec / bundle_size;
  SlitPosition p;
  p.offset = ispec * fiber_pitch + bundle * (bundle_gap - fiber_pitch) - half;
  p.s = p.offset / half;
  Random fiber(optics_seed, Purpose::optics, camera.code(), 0, static_cast<std::uint32_t>(ispec));
  Random block(optics_seed, Purpose::optics, camera.code(), 1, static_cast<std::uint32_t>(bundle));
  p.jitter_x = 0.03 * std::clamp(fiber.normal(), -3.0, 3.0);
  p.jitter_y = 0.05 * std::clamp(fiber.normal(), -3.0, 3.0);
  p.block_x = block.uniform(-0.4, 0.4);
  p.block_y = block.uniform(-0.8, 0.8);
  p.block_tilt = block.uniform(-0.02, 0.02);  // rows per fiber
  p.block_shape = block.uniform(-1, 1);
  return p;
}

void lay_traces(const BandDesign& design, const SlitPosition& p, int ispec, io::PsfFile& psf) {
  const double s2 = p.s * p.s, in_block = ispec % bundle_size - (bundle_size - 1) / 2.0;
  for (int k = 0; k < trace_coeffs; ++k) {
    psf.x.coeff(ispec, k) = p.offset * design.magnify[static_cast<std::size_t>(k)];
    psf.y.coeff(ispec, k) = design.y[static_cast<std::size_t>(k)];
  }
  psf.x.coeff(ispec, 0) +=
      design.npix_x / 2.0 + design.shift_x + p.offset + 1.7 * p.s * (1 - s2) + p.block_x + p.jitter_x;
  psf.x.coeff(ispec, 1) += 0.45 - 0.9 * s2;  // the dispersion direction is not quite along the columns
  psf.x.coeff(ispec, 2) += 0.8 * p.s * s2;   // field distortion
  for (std::size_t k = 0; k < design.smile.size(); ++k) psf.y.coeff(ispec, k) += design.smile[k] * s2 * (1 - 0.03 * s2);
  psf.y.coeff(ispec, 0) += design.tilt_y * p.s + p.block_y + p.jitter_y + p.block_tilt * in_block;
  psf.y.coeff(ispec, 1) += 0.7 * p.s;
}

void shape_core(const BandDesign& design, const SlitPosition& p, int ispec, io::PsfFile& psf) {
  const double s2 = p.s * p.s;
  for (std::size_t k = 0; k < shape_coeffs; ++k) {
    psf.sigmax.coeff(ispec, k) = design.sigmax[k];
    psf.sigmay.coeff(ispec, k) = design.sigmay[k];
  }
  psf.sigmax.coeff(ispec, 0) += 0.024 * p.s + 0.019 * s2 + 0.012 * p.block_shape;
  psf.sigmax.coeff(ispec, 2) += 0.010 * s2;
  psf.sigmay.coeff(ispec, 0) += -0.021 * p.s + 0.016 * s2 + 0.012 * p.block_shape;
  psf.sigmay.coeff(ispec, 1) += 0.009 * p.s;
}

/// How large GH-i-j is on average, and by how much it varies over slit and wavelength. Odd terms are not zero on
/// average: a spot that is symmetric, or the same in x and y, would hide a transposition.
struct HermiteScale {
  double mean, spread;
};

HermiteScale hermite_scale(int i, int j) {
  struct Special {
    int i, j;
    HermiteScale scale;
  };
  static constexpr Special special[] = {{1, 0, {0.004, 0.018}},  {0, 1, {-0.003, 0.022}},  {1, 1, {0.031, 0.060}},
                                        {2, 0, {-0.006, 0.011}}, {0, 2, {0.024, 0.026}},   {2, 1, {0.014, 0.017}},
                                        {1, 2, {-0.009, 0.016}}, {3, 0, {0.010, 0.009}},   {0, 3, {-0.015, 0.013}},
                                        {2, 2, {-0.007, 0.017}}, {4, 0, {-0.003, 0.006}},  {0, 4, {0.007, 0.007}},
                                        {3, 1, {0.003, 0.006}},  {1, 3, {-0.004, 0.007}},  {4, 2, {0.010, 0.002}},
                                        {2, 4, {0.011, 0.003}},  {6, 0, {0.0047, 0.0006}}, {0, 6, {0.0055, 0.0007}}};
  for (const Special& term : special)
    if (term.i == i && term.j == j) return term.scale;
  return {0, 0.003 * std::pow(0.45, i + j - 5)};
}

/// GH-i-j over the slit: each Legendre coefficient in wavelength is a parabola in s of our own choice, plus a step from
/// block to block.
void shape_wings(const Camera& camera, const std::vector<SlitPosition>& slit, io::PsfFile& psf) {
  const std::size_t nspec = slit.size();
  static constexpr std::array<double, shape_coeffs> share = {0.40, 0.30, 0.25, 0.12};  // of the spread, by degree
  for (int i = 0; i <= hermite_degree; ++i)
    for (int j = 0; j <= hermite_degree; ++j) {
      Legendre& term = psf.gh[static_cast<std::size_t>(i * (hermite_degree + 1) + j)];
      if (i == 0 && j == 0) {  // not 1 everywhere, as in the files that specex writes
        for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
          const std::array<double, shape_coeffs> c = {1.0, 0.055 - 0.02 * slit[ispec].s, -0.013, 0.009 * slit[ispec].s};
          std::copy(c.begin(), c.end(), term.coeff.row(ispec).begin());
        }
        continue;
      }
      const HermiteScale scale = hermite_scale(i, j);
      Random random(optics_seed, Purpose::optics, camera.code(), 2, static_cast<std::uint32_t>(i * 16 + j));
      for (std::size_t k = 0; k < shape_coeffs; ++k) {
        const double q0 = random.uniform(-1, 1), q1 = random.uniform(-1, 1), q2 = random.uniform(-1, 1);
        for (std::size_t ispec = 0; ispec < nspec; ++ispec) {
          const SlitPosition& p = slit[ispec];
          term.coeff(ispec, k) =
              (k == 0 ? scale.mean : 0.0) +
              scale.spread * share[k] *
                  (0.5 * q0 + 0.5 * q1 * p.s + 0.5 * q2 * (1.5 * p.s * p.s - 0.5) + 0.1 * p.block_shape);
        }
      }
    }
}

}  // namespace

io::PsfFile invent_psf(const Camera& camera, int nspec) {
  if (nspec <= 0 || nspec > petal_fibers || nspec % bundle_size != 0)
    throw ConfigError("simulate", "nspec",
                      fmt::format("expected a multiple of {} from {} to {}, found {}. Whole bundles are simulated, "
                                  "because the fibers of a bundle share pixels.",
                                  bundle_size, bundle_size, petal_fibers, nspec));
  const BandDesign& design = design_of(camera.band);
  io::PsfFile psf;
  psf.camera = camera.name();
  psf.nspec = nspec;
  psf.npix_x = design.npix_x;
  psf.npix_y = design.npix_y;
  psf.hsizex = 8;
  psf.hsizey = 5;
  psf.ghdegx = psf.ghdegy = hermite_degree;
  psf.wavemin = design.wavemin;
  psf.wavemax = design.wavemax + 1;  // three ranges that differ, as in real files: one range for all would show
  psf.x = psf.y = make_series(design.wavemin, design.wavemax, nspec, trace_coeffs);
  psf.sigmax = psf.sigmay = make_series(psf.wavemin, psf.wavemax, nspec, shape_coeffs);
  psf.gh.assign((hermite_degree + 1) * (hermite_degree + 1), psf.sigmax);
  std::vector<SlitPosition> slit;
  double rightmost = 0;
  for (int ispec = 0; ispec < nspec; ++ispec) {
    const SlitPosition p = slit.emplace_back(slit_position(camera, ispec));
    lay_traces(design, p, ispec, psf);
    shape_core(design, p, ispec, psf);
    for (int step = 0; step <= 64; ++step)
      rightmost =
          std::max(rightmost, evaluate(psf.x, ispec, design.wavemin + (design.wavemax - design.wavemin) * step / 64.0));
  }
  shape_wings(camera, slit, psf);
  // TAILAMP, TAILCORE, TAILXSCA, TAILYSCA, TAILINDE: no light in the tails, as in the survey's files.
  psf.tail.assign(5, make_series(psf.wavemin, psf.wavemax, nspec, shape_coeffs));
  for (int ispec = 0; ispec < nspec; ++ispec) {
    for (std::size_t parameter : {1u, 2u, 3u}) psf.tail[parameter].coeff(ispec, 0) = 1;
    psf.tail[4].coeff(ispec, 0) = 2;
  }
  psf.has_tail = false;
  if (nspec < petal_fibers) psf.npix_x = std::min(design.npix_x, static_cast<int>(rightmost) + 4 * psf.hsizex);
  psf.header.set("ORIGIN", "zspex simulate", "an invented instrument");
  return psf;
}

}  // namespace zspex::simulate
