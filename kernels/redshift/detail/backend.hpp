/// \file
/// Fits on any execution space: the host's cores, a GPU, or an emulated one. On a device two scans are under way at a time, so
/// that it has work while the host takes the results of the last one and prepares the next.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "kernels/base/reused.hpp"
#include "kernels/redshift/detail/fit_setup.hpp"
#include "kernels/redshift/detail/scan.hpp"
#include "kernels/redshift/detail/tables.hpp"
#include "kernels/redshift/fit_backend.hpp"

namespace zspex::kernels::detail {

/// Bytes of sums and results of one launch on the host; on a device that is a setting.
inline constexpr std::size_t host_scan_bytes = std::size_t{8} << 20;
/// Rebinned templates of each of two launches of fine scans on a device, and what solvers work with. On the host each
/// thread has one group's.
inline constexpr std::size_t fine_workspace_bytes = std::size_t{128} << 20,
                             solve_workspace_bytes = std::size_t{32} << 20;

/// Basis vectors whose sums of products a thread of a device can hold.
inline constexpr int most_basis_in_registers = 11;

/// Sums and results of a target at one redshift.
inline std::size_t pair_bytes(int nbasis) {
  return sizeof(double) * static_cast<std::size_t>(products_of(nbasis) + fit_record::size(nbasis));
}

/// All pairs of a target and a redshift that are fitted in one go, and the groups in which that is done.
template <class Exec>
struct FitPairs {
  static constexpr int widths[] = {4, 2, 1};  ///< targets that are fitted together
  struct GroupList {
    std::vector<TargetGroup> groups;
    ReusedList<TargetGroup, Exec> memory;
    DeviceView<const TargetGroup*, Exec> on_device;
  };
  std::vector<int> targets, slices;  ///< [pair]
  std::array<GroupList, std::size(widths)> lists;
  int most_nz = 0;  ///< of a group
  ReusedList<int, Exec> target_memory, slice_memory;
  DeviceView<const int*, Exec> device_targets, device_slices;

  int npair() const { return static_cast<int>(targets.size()); }
  void clear() {
    targets.clear();
    slices.clear();
    for (GroupList& list : lists) list.groups.clear();
    most_nz = 0;
  }
  void upload(const Exec& exec) {
    device_targets = target_memory.set(exec, "zspex::redshift::pair_targets", targets);
    device_slices = slice_memory.set(exec, "zspex::redshift::pair_slices", slices);
    for (GroupList& list : lists) list.on_device = list.memory.set(exec, "zspex::redshift::groups", list.groups);
  }
};

template <class Exec>
class RedshiftBackend final : public FitBackend {
 public:
  /// \param apart  the host with copies of its own, as a device would have: the host fallback
  explicit RedshiftBackend(std::shared_ptr<const FitSetup> setup, bool apart = !on_host<Exec>);

  const char* name() const override;
  Values allocate(std::size_t n) const override;
  void copy_in(const Values& to, const Values& from) const override;
  void copy_out(const Values& to, const Values& from) const override;
  void set_targets(std::shared_ptr<const HostTargets> targets) override;
  void rebin(int itemplate, int first, int nz, const Values& slice) const override;
  void scan(int itemplate, int first, int nz, const Values& slice, TargetRange targets,
            const ScanRows& rows) const override;
  void fit_columns(int itemplate, int first, int nz, const Values& host_slice, const Values& columns,
                   std::size_t itarget, const ScanRows& rows) const override;
  void finish() const override;
  void fit_groups(std::span<FitGroup> groups) const override;

 private:
  /// A template on this execution space.
  struct Tables {
    TemplateTable<Exec> samples;
    Absorption<Exec> absorption;
    DeviceView<const double*, Exec> redshifts, oii;
    int nbasis = 0;
    bool nonnegative = false;
  };

  /// A stream with what launches on it need: pairs, sums and results there and, after a copy, on the host; and where the
  /// results go.
  struct Stream {
    Exec exec;
    FitPairs<Exec> pairs;
    std::size_t targets_of_item = 1;
    Reused<double, Exec> product_memory, solve_workspace;
    Mirrored<double, Exec> fit_memory;
    // Of the fits that were launched last: [pair] sums of products and records, and these on the host.
    DeviceView<double**, Exec> products, fits;
    PinnedView<double**, Exec> host_fits;
    // Of fine scans: where their results go, and rebinned templates.
    std::vector<FitGroup*> groups;
    Reused<double, Exec> fine;
    ReusedList<double, Exec> fine_redshifts;
    // A scan's: rows of targets from `target` on, columns [first, first + nz).
    bool waiting = false;
    int nbasis = 0, first = 0, nz = 0;
    std::size_t target = 0;
    ScanRows rows;
  };
  /// What a kernel's threads on the host work with.
  template <class Real>
  struct HostWorkspace {
    Reused<Real, Host> values;
    Reused<LaneSum<Host>, Host> sums;
    DeviceView<int*, Host> next{"zspex::redshift::next", 1};
  };

  /// Calls f with the type in which slices are kept.
  template <class F>
  void with_real(const F& f) const {
    setup_->settings().mixed ? f(float{}) : f(double{});
  }
  template <class Real>
  ConstSlice<Exec, Real> slice_view(const Tables& tmpl, const Values& slice, int nz) const {
    return ConstSlice<Exec, Real>(slice.as<Real>(), nz, tmpl.nbasis, setup_->layout().row);
  }
  template <class Real>
  RebinTemplates<Exec, Real> rebinning(const Tables& tmpl, const DeviceView<const double*, Exec>& redshifts,
                                       const Slice<Exec, Real>& slice) const {
    return {tmpl.samples, tmpl.absorption, edges_, runs_, redshifts, slice};
  }
  /// The stream that is used next.
  Stream& stream() const { return streams_[current_]; }
  template <class Real>
  HostWorkspace<Real>& host_workspace() const {
    if constexpr (std::is_same_v<Real, float>)
      return float_workspace_;
    else
      return double_workspace_;
  }

  /// Adds targets that are fitted at redshifts [slice, slice + nz) to the pairs, in groups of at most `most`.
  void add_pairs(FitPairs<Exec>& pairs, std::span<const std::size_t> targets, int slice, int nz, int most) const;
  /// Launches sums, solutions and chi^2 of the stream's pairs, and copies of the results.
  template <class Real>
  void fit(Stream& stream, const Tables& tmpl, const ConstSlice<Exec, Real>& slice,
           const DeviceView<const Real***, Exec>& columns) const;
  template <class Real, int NT>
  void sum(Stream& stream, const Tables& tmpl, const ConstSlice<Exec, Real>& slice,
           const DeviceView<const Real***, Exec>& columns, const DeviceView<const TargetGroup*, Exec>& groups) const;
  /// Takes the groups of one template from `begin` on, as many as its workspace holds, as pairs and results of a stream.
  /// \return where they end; and their redshifts
  std::size_t take_groups(Stream& stream, std::span<FitGroup> groups, std::size_t begin,
                          std::vector<double>& redshifts) const;
  /// Launches the fits of a stream's groups.
  void fit_fine(Stream& stream, const Tables& tmpl, const std::vector<double>& redshifts) const;
  /// The fit of a pair into the rows of a stream's scan.
  void write_row(const Stream& stream, std::size_t itarget, int iz, int pair, double chi2) const;
  /// Waits for results and puts them where they go.
  void deliver(Stream& stream) const;
  /// After a launch on a stream: takes the results of the other one, while this one goes on.
  void pass_on(Stream& now) const;

  std::shared_ptr<const FitSetup> setup_;
  bool apart_;
  mutable std::array<Stream, 2> streams_;
  mutable int current_ = 0;
  Exec copy_;  ///< copies to the device, beside the streams
  DeviceView<const double*, Exec> edges_;
  DeviceView<const PixelRun*, Exec> runs_;
  DeviceView<const Block*, Exec> float_blocks_, double_blocks_;
  std::vector<Tables> templates_;
  std::shared_ptr<const HostTargets> targets_;
  Spectra<Exec> spectra_;
  mutable HostWorkspace<float> float_workspace_;
  mutable HostWorkspace<double> double_workspace_;
};

}  // namespace zspex::kernels::detail
