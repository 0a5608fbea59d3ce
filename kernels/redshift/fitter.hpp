/// \file
/// The redshift scan of a set of targets, and the refinement of its minima. No MPI: slices of rebinned templates and
/// packed spectra are plain memory, which the caller may make here, get from another rank, or share. Source: Bolton et
/// al. 2012, AJ 144, 144, sec. 3; the rules of Redrock 0.22 (Guy et al. 2023, AJ 165, 144, sec. 4.9).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/base/session.hpp"
#include "kernels/redshift/coarse_scan.hpp"
#include "kernels/redshift/fit_backend.hpp"
#include "kernels/redshift/fit_settings.hpp"
#include "kernels/redshift/packed_targets.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Threads of the host that fits use.
std::size_t host_concurrency();
/// Bytes of a GPU that fits work with, beside targets and slices: fine scans, and two scans of `npair` pairs of a
/// target and a redshift, or as many at a time as the workspace holds.
std::size_t device_workspace_bytes(int nbasis, std::size_t npair);

/// Templates on the pixels of spectra, and the fits made with them by one of two backends. Targets are packed by the
/// caller into memory of its own.
class RedshiftFitter {
 public:
  /// \param wave       [nband] grids of the bands, Angstrom, increasing
  /// \param templates  in scan order
  /// \param archetypes at most one set of a type; they refit the minima of that type's templates
  /// \throws NumericsError when a template doesn't cover a band at all its redshifts, or has too many basis vectors;
  ///         the same for archetypes
  RedshiftFitter(std::vector<std::vector<double>> wave, std::vector<Template> templates, const FitSettings& settings,
                 const std::vector<Archetypes>& archetypes = {});
  ~RedshiftFitter();
  RedshiftFitter(RedshiftFitter&&) noexcept;
  RedshiftFitter& operator=(RedshiftFitter&&) noexcept;

  const std::vector<Template>& templates() const;
  /// Pixels of all bands together; diagonals of R at most, also of other ranks' targets.
  std::size_t npixel() const;
  int max_ndiag() const;

  /// Bytes of the tables of a template, on each backend.
  std::size_t table_bytes(int itemplate) const;
  /// Of a packed spectrum of a band, whose R has so many diagonals.
  SpectraSize spectrum_size(int band, int ndiag) const;
  /// Values of a slice of nz redshifts of a template, and their bytes.
  std::size_t slice_size(int itemplate, int nz) const;
  std::size_t slice_bytes(int itemplate, int nz) const;
  std::size_t value_bytes() const { return mixed() ? sizeof(float) : sizeof(double); }
  bool mixed() const;
  /// Values of R x basis vectors of a target with one spectrum of each band at nz redshifts; and of one of the targets.
  std::size_t columns_size(int itemplate, int nz) const;
  std::size_t columns_size_of(std::size_t itarget, int itemplate, int nz) const;

  /// Packs a target's spectra into `arrays` from `at` on, and appends them to `packed`.
  /// \return where they end; spectra without a good pixel are left out
  SpectraSize pack(const Target& target, const SpectraArrays& arrays, SpectraSize at, PackedTargets& packed) const;
  OwnTargets pack(std::span<const Target> targets) const;
  /// The targets from now on. The arrays stay where they are; a device copies them.
  void set_targets(const PackedTargets& packed, const SpectraArrays& arrays, bool on_device);
  /// Those that are set already, on the device, too.
  void copy_targets_to_device();
  std::size_t ntarget() const;
  /// The device is that of Kokkos' default execution space; without a GPU it is the host, with memory of its own.
  FitBackend& backend(BackendKind kind) const;
  /// R x basis vectors of a target, made on the host: the first half of a scan, FitBackend::fit_columns() is the
  /// second.
  ///   slice    [nz][nbasis][row] on the host
  ///   columns  [nz][nbasis][npixel of all its spectra] on the host
  void convolve(int itemplate, int nz, const Values& slice, std::size_t itarget, const Values& columns) const;
  /// Refines the minima of scans; fits are made by a backend. Around each minimum a fine scan, linear in z, and a
  /// parabola through its lowest point and the two neighbors (minima.hpp); archetypes, if there are any, then replace
  /// the fit. A device is kept busy by all templates at once.
  /// \return [scan] as RefinedFits
  std::vector<RefinedFits> refine(BackendKind kind, std::span<const CoarseScan> scans) const;

  /// Pixels with ivar > 0 over all spectra of a target.
  int npixels(std::size_t itarget) const;

  /// The model of a fit at its redshift, R x T c, on the pixels of each band; with archetypes and polynomials, if it
  /// has them.
  /// \return [nband][nwave] in the unit of the flux; zeros in bands of which the target has no good pixel; of several
  ///         spectra of a band the last one's resolution
  std::vector<std::vector<float>> model(std::size_t itarget, const Zfit& fit) const;
  std::vector<std::vector<float>> model(const Target& target, const Zfit& fit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zspex::kernels
