/// \file
/// Where fits are made: on the host's cores, or on a device. Each place has its memory; the pieces of a scan can be made at
/// one place or at two.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/redshift/packed_targets.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {

/// Targets [first, first + n).
struct TargetRange {
  std::size_t first = 0, n = 0;
};

/// Where a scan of one template puts its results, in the host's memory.
struct ScanRows {
  std::size_t first = 0;      ///< target of the first row
  std::size_t nz = 0;         ///< of the template: the length of a row
  double* chi2 = nullptr;     ///< [ntarget][nz] without penalty; no_chi2 where there is no fit
  double* penalty = nullptr;  ///< [ntarget][nz] for negative [OII] emission; GALAXY only, else 0
  float* coeff = nullptr;     ///< [ntarget][nz][nbasis], or nothing if they aren't wanted
};

/// Targets that are fitted at the same redshifts, all in double, and their fits.
struct FitGroup {
  std::vector<double> redshifts;     ///< [nz]
  std::vector<std::size_t> targets;  ///< [n]
  std::vector<double> chi2;   ///< [n][nz] made: without penalty; where the template doesn't reach, that of no model
  std::vector<double> coeff;  ///< [n][nz][nbasis] made; 0 where there is no fit
};

/// Memory at a place, freed with its owner.
class SiteMemory {
 public:
  SiteMemory() = default;
  SiteMemory(std::byte* data, std::size_t size, std::shared_ptr<void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::shared_ptr<void> owner_;
};

class FitSite {
 public:
  virtual ~FitSite() = default;

  /// "host", or the device's name.
  virtual const char* name() const = 0;
  /// Zeros, aligned for all kinds of values. \throws std::bad_alloc
  virtual SiteMemory allocate(std::size_t nbytes) const = 0;
  /// From the host's memory to this place.
  virtual void copy_in(std::byte* to, std::span<const std::byte> from) const = 0;

  /// The targets from now on, as they lie in `memory` of the host, which stays. A device copies them.
  virtual void set_targets(const PackedTargets& packed, std::span<const std::byte> memory) = 0;

  /// Rebins the redshifts [first, first + nz) of a template, times the transmission of the intergalactic medium.
  ///   slice  [nz][nbasis][row] at this place; what lies between the bands stays as it is, zero
  virtual void rebin(int itemplate, int first, int nz, std::byte* slice) const = 0;
  /// Fits targets at the redshifts of a slice, which lies at this place; fills columns [first, first + nz) of their rows.
  /// They are there after finish(). A slice that was just rebinned is read by the next scan; by others after finish(). It
  /// may be written again after finish(), or when the next scan has been called.
  virtual void scan(int itemplate, int first, int nz, const std::byte* slice, TargetRange targets,
                    const ScanRows& rows) const = 0;
  /// The first half of that for one target: sqrt(ivar) R x basis vectors, [nz][nbasis][npixel of all its spectra].
  virtual void convolve(int itemplate, int nz, const std::byte* slice, std::size_t itarget,
                        std::byte* columns) const = 0;
  /// And the second half: its fits, from columns at this place.
  ///   host_slice  the slice in the host's memory, for the few chi^2 that are summed from residuals
  virtual void fit_columns(int itemplate, int first, int nz, const std::byte* host_slice, const std::byte* columns,
                           std::size_t itarget, const ScanRows& rows) const = 0;
  /// Waits for the results of scan() and fit_columns().
  virtual void finish() const = 0;

  /// Fits groups of targets; the template is rebinned once a group.
  virtual void fit_groups(int itemplate, std::span<FitGroup> groups) const = 0;
};

}  // namespace zspex::kernels
