/// \file
/// The redshift scan of a set of targets, and the refinement of its minima. No MPI: a slice of rebinned templates is
/// plain memory, which the caller may make here, get from another rank, or share.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// How archetypes are fitted: some of them, each with a coefficient >= 0, and Legendre polynomials of the observed
/// wavelength for what calibration and dust do to a spectrum.
struct ArchetypeSettings {
  int nnearest = 0;        ///< that are fitted together, those of least chi^2 alone; 0: the best one only
  int degree = 2;          ///< number of polynomials, P_0 to P_(degree - 1), on each band's wavelengths
  bool per_camera = true;  ///< each band has its own coefficients
  double prior = 0.1;      ///< sigma of these, around 0; 0: none. Not for coefficients that all bands share
};

struct FitSettings {
  bool mixed = true;   ///< R x basis of the scan in float; sums, solutions and the refinement are always in double
  int max_ndiag = 11;  ///< of all targets, also those of other ranks
  int nminima = 3;     ///< of each target and template
  int npoints = 15;    ///< of a fine scan, at least 3
  /// Before minima are refined, look at more of them with a third of the scan's step, and refine the lowest of those:
  /// where a template has narrow lines, the true minimum may lie between two points of the scan and look shallow there.
  bool adaptive = false;
  int ncandidates = 60;  ///< that are looked at, if so
  ArchetypeSettings archetypes{};
};

/// The coarse scan of one template, for the targets of a batch.
struct Zscan {
  Array2<double> chi2;     ///< [ntarget][nz] without penalty; no_chi2 where there is no fit
  Array2<double> penalty;  ///< [ntarget][nz] for negative [OII] emission; GALAXY only, else 0
  Array3<float> coeff;     ///< [ntarget][nz][nbasis]; empty unless wanted
};

class RedshiftFitter {
 public:
  /// \param wave       [nband] grids of the bands, Angstrom, increasing
  /// \param templates  in scan order
  /// \param archetypes at most one set of a type; they refit the minima of that type's templates
  /// \throws NumericsError when a template doesn't cover a band at all its redshifts, or has too many basis vectors; the
  ///         same for archetypes
  RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
                 const std::vector<Archetypes>& archetypes = {});
  ~RedshiftFitter();
  RedshiftFitter(RedshiftFitter&&) noexcept;

  const std::vector<Template>& templates() const;

  /// The targets from now on. They are copied.
  /// \param batch  so many at a time are scanned and refined, to bound the memory of scans; 0 = all
  void set_targets(std::span<const Target> targets, std::size_t batch = 0);
  /// Targets [first, first + n) of a batch; none beyond the last one.
  struct Range {
    std::size_t first = 0, n = 0;
  };
  Range batch(std::size_t ibatch) const;
  /// Bytes that one target takes, for plans.
  std::size_t target_bytes() const;

  /// Bytes of a slice of nz redshifts of a template.
  std::size_t slice_bytes(int itemplate, int nz) const;
  /// Rebins the redshifts [first, first + nz) of a template, times the transmission of the intergalactic medium.
  void rebin(int itemplate, int first, int nz, std::span<std::byte> slice) const;
  /// Fits the targets of a batch at the redshifts of a slice; fills columns [first, first + nz) of `scan`, which has room
  /// for all redshifts of these targets.
  void scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan,
            std::size_t ibatch = 0) const;

  /// Refines the minima of the targets of a batch in one template.
  /// \param chi2  [ntarget of the batch][nz] with penalty and prior
  /// \return [ntarget of the batch] at most nminima each, the least chi^2 first; neither ranked nor named yet. None for a
  ///         target without data.
  std::vector<std::vector<Zfit>> refine(int itemplate, const Array2<double>& chi2, std::size_t ibatch = 0) const;

  /// Pixels with ivar > 0 over all spectra of a target.
  int npixels(int itarget) const;

  /// The model of a fit at its redshift, R x T c, on the pixels of each band.
  /// \return [nband][nwave]; zeros in bands that the target doesn't have; of several spectra of a band the last one's resolution
  std::vector<std::vector<float>> model(const Target& target, const Zfit& fit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zspex::kernels
