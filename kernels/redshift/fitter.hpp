/// \file
/// The redshift scan of a set of targets, and the refinement of its minima. No MPI: slices of rebinned templates and packed
/// spectra are plain memory, which the caller may make here, get from another rank, or share.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/base/session.hpp"
#include "kernels/redshift/fit_site.hpp"
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
  /// A GPU's kernels at the device's site also where that is the host: slower there, but they can be tested.
  bool teams = false;
};

/// The coarse scan of one template, for the targets of a batch.
struct Zscan {
  Array2<double> chi2;     ///< [ntarget][nz] without penalty; no_chi2 where there is no fit
  Array2<double> penalty;  ///< [ntarget][nz] for negative [OII] emission; GALAXY only, else 0
  Array3<float> coeff;     ///< [ntarget][nz][nbasis]; empty unless wanted
};

/// Threads of the host that fits use.
std::size_t host_concurrency();
/// Bytes of a GPU that fits work with, beside targets and slices: fine scans, and two scans of `npair` pairs of a target and
/// a redshift, or as many at a time as there is room for.
std::size_t device_workspace_bytes(int nbasis, std::size_t npair);

/// Templates on the pixels of spectra, and the fits made with them. Targets are either copied here, and then scanned
/// and refined on the host in batches; or packed by the caller into memory of its own, and fitted at one of two sites.
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
  /// Pixels of all bands, and diagonals of R at most.
  std::size_t npixel() const;
  int max_ndiag() const;

  /// Bytes of a packed spectrum.
  std::size_t spectrum_bytes(int band, int ndiag) const;
  /// Bytes of a slice of nz redshifts of a template.
  std::size_t slice_bytes(int itemplate, int nz) const;
  /// Bytes of R x basis vectors of a target with `nspectrum` spectra of each band at nz redshifts; and of one of the targets.
  std::size_t columns_bytes(int itemplate, int nz, int nspectrum = 1) const;
  std::size_t columns_bytes_of(std::size_t itarget, int itemplate, int nz) const;

  // --- targets in the caller's memory, fitted at sites

  /// Packs a target's spectra into `memory` from offset `at` (a multiple of 64) on, and appends them to `packed`.
  /// \return the offset behind them; spectra without a good pixel are left out
  std::size_t pack(const Target& target, std::span<std::byte> memory, std::size_t at, PackedTargets& packed) const;
  /// The targets from now on. `memory` stays where it is; a device copies it.
  void set_targets(PackedTargets packed, std::span<const std::byte> memory, bool on_device);
  /// Those that are set already, on the device, too.
  void copy_targets_to_device();
  std::size_t ntarget() const;
  /// The device is that of Kokkos' default execution space; without a GPU it is the host, with memory of its own.
  FitSite& site(Place place);
  /// Refines the minima of some targets in one template, fits made at a site.
  /// \param chi2  [range.n][nz] with penalty and prior
  /// \return [range.n] at most nminima each, the least chi^2 first; neither ranked nor named yet. None for a target
  ///         without data.
  std::vector<std::vector<Zfit>> refine(Place place, int itemplate, TargetRange range, const Array2<double>& chi2);

  // --- targets that are copied, on the host

  /// The targets from now on.
  /// \param batch  so many at a time are scanned and refined, to bound the memory of scans; 0 = all
  void set_targets(std::span<const Target> targets, std::size_t batch = 0);
  /// The targets of a batch; none beyond the last one.
  TargetRange batch(std::size_t ibatch) const;
  /// Rebins the redshifts [first, first + nz) of a template, times the transmission of the intergalactic medium.
  void rebin(int itemplate, int first, int nz, std::span<std::byte> slice) const;
  /// Fits the targets of a batch at the redshifts of a slice; fills columns [first, first + nz) of `scan`, which has room
  /// for all redshifts of these targets.
  void scan(int itemplate, int first, int nz, std::span<const std::byte> slice, Zscan& scan,
            std::size_t ibatch = 0) const;
  /// Refines the minima of the targets of a batch in one template.
  std::vector<std::vector<Zfit>> refine(int itemplate, const Array2<double>& chi2, std::size_t ibatch = 0) const;

  /// Pixels with ivar > 0 over all spectra of a target.
  int npixels(std::size_t itarget) const;

  /// The model of a fit at its redshift, R x T c, on the pixels of each band.
  /// \return [nband][nwave]; zeros in bands of which the target has no good pixel; of several spectra of a band the last
  ///         one's resolution
  std::vector<std::vector<float>> model(std::size_t itarget, const Zfit& fit) const;
  std::vector<std::vector<float>> model(const Target& target, const Zfit& fit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zspex::kernels
