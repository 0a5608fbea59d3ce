/// \file
/// Both solvers of a block. `patch`: sub-bundles and wavelength steps with padding, as the reference cuts them.
/// `bundle`: one banded system for all fibers of a bundle over the whole wavelength range, so that no flux depends on
/// where a patch ends. What is needed of the resolution is local (correlations between bins fall below 1e-4 within 14
/// bins, between fibers at once), so each fiber's R comes from short windows of the same matrix: the fiber, its
/// neighbors, some bins more on both sides.
#pragma once

#include <numeric>

#include "kernels/extract/detail/block_plan.hpp"
#include "kernels/extract/detail/factor.hpp"
#include "kernels/extract/detail/normal.hpp"
#include "kernels/extract/detail/residuals.hpp"
#include "kernels/extract/detail/resolution.hpp"

namespace zspex::kernels::detail {

/// A device gets a team for so many of its threads: of a multiprocessor's 2048, registers leave room for 5 teams of 96
/// that hold 128 each, and for 2 of 256. More teams than run at once would only wait, and each has scratch memory.
inline constexpr int threads_a_signal_team = 410, threads_a_noise_team = 1024;

template <class Exec>
class Solver {
 public:
  explicit Solver(const ExtractSettings& settings) : settings_(settings) {}

  /// Starts to solve all patches of a block, a batch at a time. Nothing may be at work with the last block.
  void start(const Exec& exec, const BlockPlan& plan, const BlockData<Exec>& data, const BlockResults<Exec>& results) {
    plan_ = &plan;
    data_ = data;
    results_ = results;
    whole_slots_ = {};
    allocate(exec);
    const int npatch = static_cast<int>(plan.patches.size());
    order_.resize(npatch);
    std::iota(order_.begin(), order_.end(), 0);
    if (plan.whole) solve_whole(exec);
    solve(exec, settings_.regularize);
    if (plan.whole)
      weigh_residuals<Exec>(exec, data_, whole_batch_, whole_sizes_.row, settings_.psferr, whole_slots_, results_);
    memory_.tell_host(exec);
  }

  /// Whether the system of the whole bundle was factorized, where there is one: else the patches mean nothing. After a
  /// fence.
  bool whole_is_solved() const { return !plan_->whole || whole_memory_.factorized(0); }

  /// Tries once more those patches that failed, with the prior's weight at 1e-4 at least; a retry concerns that patch
  /// alone. What fails again is marked in `out.failed`. After a fence; fences where there is something to do.
  /// \return whether there was
  bool retry(const Exec& exec, ExtractedBlock& out) {
    out.npatch = static_cast<int>(plan_->patches.size());
    keep_failed();
    out.nretried = static_cast<int>(order_.size());
    if (order_.empty()) return false;
    solve(exec, std::max(settings_.regularize, 1e-4));
    memory_.tell_host(exec);
    fence(exec, "host reads what became of the second try");
    keep_failed();
    out.nfailed = static_cast<int>(order_.size());
    for (const int i : order_) mark_failed(plan_->patches[i], out);
    return true;
  }

  /// How many patches are solved in one launch, and how many teams find roots: one of each where a core's cache is what
  /// counts, many where thousands of threads wait for work.
  struct Shape {
    PatchSizes sizes;
    SlotParts parts;
    int nslot = 1, nteam = 1;
    std::size_t scratch = 0;  ///< doubles per team

    Shape() = default;
    Shape(const Exec& exec, const ExtractSettings& settings, const BlockPlan& plan, int stride)
        : sizes(sizes_of(plan.patches, stride)) {
      // Patches that take the place of a bundle are rare, and all plans count their workspace.
      const bool instead = settings.solver == SolverKind::bundle && !plan.whole;
      const int device_batch = instead ? 32 : 512;
      constexpr std::size_t most_scratch = std::size_t{1} << 27;  // doubles (1 GiB): 'noise' takes 6 MB per team
      const bool noise = settings.decorrelation == DecorrelationKind::noise;
      const int threads = resident_threads(exec), npatch = static_cast<int>(plan.patches.size());
      const int wish = settings.batch > 0 ? settings.batch
                       : !on_host<Exec>   ? device_batch
                       : threads == 1     ? 1
                                          : 8 * threads;
      nslot = std::max(1, std::min(wish, npatch));
      scratch = noise ? noise_scratch<Exec>(sizes.n) : signal_scratch<Exec>(sizes.n, sizes.wave);
      const int fit = static_cast<int>(std::max<std::size_t>(1, most_scratch / scratch));
      const int teams = on_host<Exec> ? threads : threads / (noise ? threads_a_noise_team : threads_a_signal_team);
      nteam = std::max(1, std::min({nslot * (noise ? 1 : sizes.keep), teams, fit}));
      parts = {true, noise};
    }
  };

  static ArrayBytes bytes(const Exec& exec, const ExtractSettings& settings, const BlockPlan& plan, int stride) {
    const Shape shape(exec, settings, plan, stride);
    const std::size_t npatch = plan.patches.size();
    ArrayBytes bytes = SlotMemory<Exec>::bytes(shape.nslot, static_cast<int>(npatch), shape.sizes, shape.parts);
    bytes += {npatch * (sizeof(PatchShape) + sizeof(int)), shape.nteam * shape.scratch * sizeof(double)};
    if (plan.whole) bytes += bytes_of_whole(plan, stride);
    return bytes;
  }
  /// The part that the system of the whole bundle takes.
  static ArrayBytes bytes_of_whole(const BlockPlan& plan, int stride) {
    const PatchSizes whole = sizes_of({*plan.whole}, stride);
    ArrayBytes bytes = SlotMemory<Exec>::bytes(1, 1, whole, {false, false});
    bytes += {sizeof(PatchShape) + sizeof(int),
              static_cast<std::size_t>(whole.n) * coupling_size(*plan.whole) * sizeof(double)};
    return bytes;
  }

 private:
  bool noise() const { return settings_.decorrelation == DecorrelationKind::noise; }

  void allocate(const Exec& exec) {
    const int npatch = static_cast<int>(plan_->patches.size());
    shape_ = Shape(exec, settings_, *plan_, data_.stride);
    slots_ = memory_.shape(shape_.nslot, npatch, shape_.sizes, shape_.parts);
    scratch_ = scratch_memory_.template shaped<DeviceView<double**, Exec>>("zspex::extract::root_scratch", shape_.nteam,
                                                                           shape_.scratch);
    patches_on_device_ = patches_.set(exec, "zspex::extract::patches", plan_->patches);
  }

  /// The system of the whole bundle: its flux, and what its windows need of its matrix.
  void solve_whole(const Exec& exec) {
    const Region region("zspex::extract::bundle");
    const PatchShape& whole = *plan_->whole;
    whole_sizes_ = sizes_of({whole}, data_.stride);
    whole_slots_ = whole_memory_.shape(1, 1, whole_sizes_, {false, false});
    couplings_ = couplings_memory_.template shaped<DeviceView<double**, Exec>>("zspex::extract::couplings",
                                                                               whole_sizes_.n, coupling_size(whole));
    whole_batch_ = {whole_patch_.set(exec, "zspex::extract::whole", {whole}),
                    whole_order_.set(exec, "zspex::extract::whole_order", {0}), 1};
    form_normal_equations<Exec>(exec, data_, whole_batch_, whole_sizes_.n, whole_slots_);
    regularize_patches<Exec>(exec, whole_batch_, settings_.regularize, settings_.nwavestep / 2 + settings_.wavepad,
                             whole_slots_);
    keep_couplings<Exec>(exec, whole, whole_slots_, couplings_);
    factor_patches<Exec>(exec, whole_batch_, true, false, whole_slots_, {});
    whole_memory_.tell_host(exec);
  }

  /// The patches of order_.
  void solve(const Exec& exec, double regularize) {
    const Region region("zspex::extract::patches");
    const DeviceView<const int*, Exec> order = order_on_device_.set(exec, "zspex::extract::order", order_);
    const int n = static_cast<int>(order_.size());
    for (int first = 0; first < n; first += shape_.nslot) {
      const int count = std::min(shape_.nslot, n - first);
      solve_batch(exec, {patches_on_device_, Kokkos::subview(order, std::make_pair(first, first + count)), count},
                  regularize);
    }
  }

  void solve_batch(const Exec& exec, const Batch<Exec>& batch, double regularize) {
    const bool windows = plan_->whole.has_value();
    if (windows) {  // the matrix has the first try's prior already
      const double prior = regularize > settings_.regularize ? regularize * regularize : 0.0;
      cut_matrices<Exec>(exec, batch, couplings_, plan_->whole->nspec, prior, slots_);
    } else {
      form_normal_equations<Exec>(exec, data_, batch, shape_.sizes.n, slots_);
      regularize_patches<Exec>(exec, batch, regularize, 0, slots_);
    }
    if (noise()) {
      const auto used = std::make_pair(0, batch.n);
      copy(exec, Kokkos::subview(slots_.matrix, used, Kokkos::ALL), Kokkos::subview(slots_.band, used, Kokkos::ALL));
    }
    factor_patches<Exec>(exec, batch, !windows, !noise(), slots_, whole_slots_.status);
    resolve(exec, batch);
    if (!windows) weigh_residuals<Exec>(exec, data_, batch, shape_.sizes.row, settings_.psferr, slots_, results_);
  }

  void resolve(const Exec& exec, const Batch<Exec>& batch) {
    const bool windows = plan_->whole.has_value();
    const PatchSlots<Exec>& solved = windows ? whole_slots_ : slots_;
    const PatchFlux<Exec> solution{solved.flux, solved.good, windows, windows ? plan_->whole->nspec : 0};
    report_bins<Exec>(exec, batch, solution, results_);
    if (noise())
      resolve_noise<Exec>(exec, batch, slots_, solution, scratch_, results_);
    else
      resolve_signal<Exec>(exec, batch, shape_.sizes.keep, shape_.sizes.wave, slots_, solution, scratch_, results_);
  }

  void keep_failed() {
    order_.erase(std::remove_if(order_.begin(), order_.end(), [&](int i) { return memory_.solved(i); }), order_.end());
  }

  static void mark_failed(const PatchShape& patch, ExtractedBlock& out) {
    for (int s = 0; s < patch.nkeep; ++s)
      for (int w = 0; w < patch.nwavekeep; ++w) out.failed(patch.outspec + s, patch.outwave + w) = 1;
  }

  ExtractSettings settings_;
  const BlockPlan* plan_ = nullptr;
  BlockData<Exec> data_;
  BlockResults<Exec> results_;
  Shape shape_;
  PatchSlots<Exec> slots_, whole_slots_;
  PatchSizes whole_sizes_;
  Batch<Exec> whole_batch_;
  DeviceView<double**, Exec> scratch_, couplings_;

  std::vector<int> order_;  ///< patches that are to be solved
  DeviceView<const PatchShape*, Exec> patches_on_device_;

  SlotMemory<Exec> memory_, whole_memory_;
  ReusedList<PatchShape, Exec> patches_, whole_patch_;
  ReusedList<int, Exec> order_on_device_, whole_order_;
  Reused<double, Exec> scratch_memory_, couplings_memory_;
};

}  // namespace zspex::kernels::detail
