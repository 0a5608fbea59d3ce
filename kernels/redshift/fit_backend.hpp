/// \file
/// Who makes fits: the host's cores, or a device, each with memory of its own. A strategy may have one of them rebin
/// and the other fit. A fit minimizes chi^2 = sum of ivar (flux - R T c)^2 over the coefficients c of the basis vectors
/// T at a redshift (Bolton et al. 2012, AJ 144, 144, sec. 3).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "kernels/redshift/coarse_scan.hpp"
#include "kernels/redshift/redshift.hpp"

namespace zspex::kernels {
namespace detail {
struct HostTargets;
}

/// Where a scan of one template puts its results, in the host's memory. All arrays are overwritten where they are
/// fitted.
struct ScanRows {
  std::size_t first = 0;      ///< target of the first row
  std::size_t nz = 0;         ///< of the template: the length of a row
  double* chi2 = nullptr;     ///< [ntarget][nz] without penalty; no_chi2 where there is no fit
  double* penalty = nullptr;  ///< [ntarget][nz] for negative [OII] emission; of PCA templates of galaxies, else 0
  float* coeff = nullptr;     ///< [ntarget][nz][nbasis], 0 where there is no fit; null if they aren't wanted
};

/// Targets that are fitted at the same redshifts, all in double, and their fits.
struct FitGroup {
  int itemplate = 0;
  std::vector<double> redshifts;     ///< [nz]
  std::vector<std::size_t> targets;  ///< [n]
  std::vector<double> chi2;   ///< [n][nz] made: without penalty; where the template doesn't reach, that of no model
  std::vector<double> coeff;  ///< [n][nz][nbasis] made; 0 where there is no fit
};

/// Numbers in the memory of a backend, in a row: floats or doubles, as the settings want for what the scan reads. A
/// handle, as a pointer is: copies are handles to the same numbers, and memory that has an owner is freed with the last
/// of them.
class Values {
 public:
  Values() = default;
  /// \param owner  of the memory, if there is one
  template <class Real>
  Values(Real* data, std::size_t size, std::shared_ptr<void> owner = nullptr)
      : data_(data), size_(size), owner_(std::move(owner)) {}

  std::size_t size() const { return size_; }
  /// Those from `first` on.
  Values from(std::size_t first) const { return from(first, size_ - first); }
  Values from(std::size_t first, std::size_t n) const {
    return std::visit([&](auto* data) { return Values(data + first, n, owner_); }, data_);
  }
  /// The first one. \throws std::bad_variant_access when they are of another kind
  template <class Real>
  Real* as() const {
    return std::get<Real*>(data_);
  }
  /// f(pointer to the first one)
  template <class F>
  decltype(auto) visit(const F& f) const {
    return std::visit(f, data_);
  }

 private:
  std::variant<float*, double*> data_ = static_cast<float*>(nullptr);
  std::size_t size_ = 0;
  std::shared_ptr<void> owner_;
};

/// The fits of a RedshiftFitter on one execution space. Results are those of any other backend but for rounding. It
/// uses all processors of its kind that the process has, and is not thread-safe.
class FitBackend {
 public:
  virtual ~FitBackend() = default;

  /// "host", or the device's name.
  virtual const char* name() const = 0;
  /// So many zeros. \throws std::exception when there is no memory for them
  virtual Values allocate(std::size_t n) const = 0;
  /// From the host's memory, as many as there are in `from`.
  virtual void copy_in(const Values& to, const Values& from) const = 0;
  /// The same into the host's memory, once all that was to be done to `from` is done.
  virtual void copy_out(const Values& to, const Values& from) const = 0;

  /// The targets from now on, whose arrays stay where they are. A device copies them. \throws std::exception when there
  /// is no memory for that
  virtual void set_targets(std::shared_ptr<const detail::HostTargets> targets) = 0;

  /// Rebins a template at the redshifts [first, first + nz) of its grid: means over the pixels of all bands, times the
  /// transmission of the intergalactic medium. It is done when the next scan reads the slice, or at finish().
  ///   slice  [nz][nbasis][row] in its memory; what lies between the bands stays as it is, zero
  virtual void rebin(int itemplate, int first, int nz, const Values& slice) const = 0;
  /// Fits targets at the redshifts of a slice, which lies in its memory; fills columns [first, first + nz) of their
  /// rows, target i in row i - rows.first. They are there after finish(). A slice that was just rebinned is read by the
  /// next scan; by others after finish(). It may be written again after finish(), or when the next scan has been
  /// called.
  virtual void scan(int itemplate, int first, int nz, const Values& slice, TargetRange targets,
                    const ScanRows& rows) const = 0;
  /// The same for one target from R x basis vectors that the host has made (RedshiftFitter::convolve).
  ///   host_slice  the slice in the host's memory, for the few chi^2 that are summed from residuals
  ///   columns     [nz][nbasis][npixel of all its spectra] in its memory
  virtual void fit_columns(int itemplate, int first, int nz, const Values& host_slice, const Values& columns,
                           std::size_t itarget, const ScanRows& rows) const = 0;
  /// Waits for the results of scan() and fit_columns().
  virtual void finish() const = 0;

  /// Fits groups of targets, those of a template one after the other; the template is rebinned once per group. Fills
  /// chi2 and coeff of each. Also finish().
  virtual void fit_groups(std::span<FitGroup> groups) const = 0;
};

}  // namespace zspex::kernels
