/// \file
/// What a redshift fit takes: spectra of targets, templates, archetypes, and numbers that have a meaning of their own.
/// What comes out is a Zfit (core/zfit.hpp). No MPI, no files, no Kokkos in this header. Method: chi^2 scans of linear
/// combinations of basis spectra over redshift, Bolton et al. 2012, AJ 144, 144, sec. 3, as Redrock does it (Bailey et
/// al., in prep.; Guy et al. 2023, AJ 165, 144, sec. 4.9).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/array.hpp"
#include "core/mask_bits.hpp"
#include "core/zfit.hpp"

namespace zspex::kernels {

/// chi^2 where there is none: no data, or a singular fit. Redrock's number.
inline constexpr double no_chi2 = 9999999.0;
/// The most that a file's float32 holds.
inline constexpr double most_float = 3.4e38;

/// One spectrum of a target, on the wavelength grid of its band.
struct TargetSpectrum {
  int band = 0;                   ///< index into the grids that the fitter was made with
  std::vector<double> flux;       ///< [nwave] finite; 1e-17 erg/s/cm^2/Angstrom
  std::vector<double> ivar;       ///< [nwave] finite, >= 0; 0 = masked
  int ndiag = 0;                  ///< odd
  std::vector<float> resolution;  ///< [ndiag][nwave] DESI's order: element [k][j] = R[j - ndiag/2 + k][j]
};

/// All spectra that are fitted together with one redshift, in the order in which they are summed.
struct Target {
  std::int64_t targetid = 0;
  std::vector<TargetSpectrum> spectra;
};

/// Absorption that a template is fitted with; igm.hpp has formulas and sources.
enum class IgmModel { none, calura12, kamble20, inoue14 };

/// Redshifts of a spectral type that are closer than this are the same minimum, km/s.
inline double velocity_limit_km_s(std::string_view spectype) { return spectype == "STAR" ? 100 : 1000; }

/// A spectral template: a set of basis vectors, and the redshifts at which it is tried.
struct Template {
  std::string spectype, subtype;  ///< "GALAXY", "QSO", "STAR"; subtype may be empty
  FitMethod method = FitMethod::pca;
  IgmModel igm = IgmModel::none;
  std::vector<double> wave;       ///< [nsample] rest frame, vacuum Angstrom, increasing
  Array2<double> basis;           ///< [nbasis][nsample] flux densities per Angstrom in any unit
  std::vector<double> redshifts;  ///< [nz] increasing

  std::string full_type() const { return subtype.empty() ? spectype : spectype + ":::" + subtype; }
  int nbasis() const { return static_cast<int>(basis.extent(0)); }
};

/// Spectra of real or physical objects of one type; one of them, or a sum of a few, replaces a sum of basis vectors.
struct Archetypes {
  std::string spectype;
  std::vector<std::string> subtypes;  ///< [narchetype]
  std::vector<double> wave;           ///< [nsample] rest frame, vacuum Angstrom, increasing
  Array2<double> flux;                ///< [narchetype][nsample] flux densities per Angstrom in any unit
};

}  // namespace zspex::kernels
