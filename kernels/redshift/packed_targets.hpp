/// \file
/// The spectra of targets as kernels read them, in arrays that the caller holds: its own, or some that ranks of a node
/// share. Where each spectrum lies in them are plain numbers, so that ranks can tell each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace zspex::kernels {

/// So much of each array.
struct SpectraSize {
  std::size_t npixel = 0, nrow = 0;

  SpectraSize& operator+=(const SpectraSize& other) {
    npixel += other.npixel;
    nrow += other.nrow;
    return *this;
  }
  std::size_t bytes() const { return npixel * 2 * sizeof(double) + nrow * sizeof(float); }
};

/// All spectra one after the other, each padded to whole strips of pixels without weight.
struct SpectraArrays {
  std::span<double> root_ivar, scaled_flux;  ///< [npixel] sqrt(ivar), and flux * sqrt(ivar)
  std::span<float> rows;                     ///< [nrow] resolution matrices, strip by strip; see row_index()
};

struct PackedTargets {
  struct Spectrum {
    std::int32_t band = 0, ndiag = 0;
    std::uint64_t pixel = 0, row = 0;  ///< where its values begin
  };
  struct Target {
    std::int32_t nspectrum = 0;  ///< of those with a good pixel
    std::int32_t npixels = 0;    ///< with ivar > 0, over all of them
    double flux_square = 0;      ///< sum of ivar * flux^2: chi^2 of no model at all
  };
  std::vector<Target> targets;
  std::vector<Spectrum> spectra;  ///< of all targets, one after the other
};

/// Targets with arrays of their own.
struct OwnTargets {
  PackedTargets packed;
  std::vector<double> root_ivar, scaled_flux;
  std::vector<float> rows;

  SpectraArrays arrays() { return {root_ivar, scaled_flux, rows}; }
};

}  // namespace zspex::kernels
