// What the extraction takes, against what it says; and that it takes it once.
#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "kernels/extract/detail/backend.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

/// The most bytes that are held of Kokkos' allocations while it lives, and their number. One at a time.
class CountAllocations {
 public:
  CountAllocations() {
    held_ = most_ = count_ = 0;
    before_ = Kokkos::Tools::Experimental::get_callbacks();
    Kokkos::Tools::Experimental::set_allocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char*, const void*, std::uint64_t size) {
          held_ += static_cast<std::int64_t>(size);
          most_ = std::max(most_, held_);
          ++count_;
        });
    Kokkos::Tools::Experimental::set_deallocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle space, const char* label, const void* at, std::uint64_t size) {
          held_ -= static_cast<std::int64_t>(size);
          if (before_.deallocate_data != nullptr) before_.deallocate_data(space, label, at, size);
        });
  }
  ~CountAllocations() {  // an emulated device goes on to listen
    Kokkos::Tools::Experimental::set_allocate_data_callback(before_.allocate_data);
    Kokkos::Tools::Experimental::set_deallocate_data_callback(before_.deallocate_data);
  }
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  double nbytes() const { return static_cast<double>(most_); }
  std::int64_t count() const { return count_; }

 private:
  static inline std::int64_t held_, most_, count_;
  static inline Kokkos::Tools::Experimental::EventSet before_;
};

class ExtractMemory : public testing::TestWithParam<std::pair<SolverKind, DecorrelationKind>> {
 protected:
  ExtractMemory() {
    test::Camera camera;
    camera.nspec = 20;
    camera.nx = 163;
    camera.nwave = 91;
    camera.ny = 231;
    psf = test::invent_psf(camera);
    settings = test::settings_for(camera, 10, 5, GetParam().first, GetParam().second);
    test::Random random(71);
    if (settings.solver == SolverKind::bundle) make_bundles_singular();
    pixels = test::expose(psf, settings.wave, test::invent_spectra(20, 91, 200, random), random, 1e4);
  }

  /// The most that a bundle takes: two fibers of each are on one trace and the prior of 1e-15 is lost in their weights,
  /// so that patches take its kind.
  void make_bundles_singular() {
    std::vector<Legendre*> all{&psf.x, &psf.y, &psf.sigmax, &psf.sigmay};
    for (Legendre& term : psf.gh) all.push_back(&term);
    for (Legendre* one : all)
      for (const int ispec : {7, 17}) {
        const auto from = one->coeff.begin() + static_cast<std::ptrdiff_t>(ispec) * one->ncoeff();
        std::copy_n(from, one->ncoeff(), from + one->ncoeff());
      }
  }

  /// What a memory plan says beside Kokkos' arrays: plans of blocks, the largest one on the host, all on a device.
  double plan_bytes(bool on_device) const {
    double all = 0, most = 0;
    for (const auto& [plan, beside] : plans_of<Host>()) {
      all += static_cast<double>(plan.bytes());
      most = std::max(most, static_cast<double>(plan.bytes()));
    }
    return on_device ? all : most;
  }

  /// The plans of all blocks, and the arrays that stay beside each: a bundle's own where patches take its place.
  template <class Exec>
  std::vector<std::pair<BlockPlan, ArrayBytes>> plans_of() const {
    std::vector<std::pair<BlockPlan, ArrayBytes>> plans;
    for (const FiberBlock& block : plan_blocks(settings, false)) {
      plans.emplace_back(plan_block(psf, settings, block, settings.solver), ArrayBytes());
      if (settings.solver == SolverKind::bundle)
        plans.emplace_back(plan_block(psf, settings, block, SolverKind::patch),
                           Solver<Exec>::bytes_of_whole(plans.back().first, spot_stride(psf.nspotx())));
    }
    return plans;
  }

  /// What all arrays take, each as large as the plan that wants most of it: of a bundle's windows or the patches in their
  /// place, neither wants more of all.
  template <class Exec>
  double most_of_arrays(const Exec& exec) const {
    const int stride = spot_stride(psf.nspotx());
    std::array<ArrayBytes, 10> most{};
    for (const auto& [plan, beside] : plans_of<Exec>()) {
      const typename Solver<Exec>::Shape shape(exec, settings, plan, stride);
      const std::size_t n = shape.sizes.n, ld = band_stride(shape.sizes.band), npatch = plan.patches.size();
      const auto slots = [&](std::size_t doubles) { return ArrayBytes{0, shape.nslot * doubles * sizeof(double)}; };
      ArrayBytes whole = plan.whole ? Solver<Exec>::bytes_of_whole(plan, stride) : ArrayBytes();
      whole += beside;
      const std::array<ArrayBytes, 10> arrays = {
          BlockInput<Exec>::bytes(psf, plan),
          BlockOutput<Exec>::bytes(psf, settings, plan),
          whole,
          slots(n * ld),
          slots(shape.parts.rows ? round_up(shape.sizes.n, row_tile) * ld : 0),
          slots(shape.parts.matrix ? n * ld : 0),
          slots(3 * n),
          slots(shape.sizes.model),
          ArrayBytes{0, shape.nteam * shape.scratch * sizeof(double)},
          ArrayBytes{npatch * ((1 + shape.sizes.keep) * sizeof(int) + sizeof(PatchShape) + sizeof(int)), 0}};
      for (std::size_t i = 0; i < arrays.size(); ++i)
        most[i] = {std::max(most[i].mirrored, arrays[i].mirrored), std::max(most[i].own, arrays[i].own)};
    }
    double sum = 0;  // a device has two streams, and the host a copy of what is mirrored
    for (const ArrayBytes& array : most)
      sum += static_cast<double>(on_host<Exec> ? array.mirrored + array.own : 4 * array.mirrored + 2 * array.own);
    return sum;
  }

  template <class Exec>
  void expect_as_planned(Extractor& backend, const Exec& exec) {
    const bool on_device = !on_host<Exec>;
    const Extractor::Memory plan = backend.memory(false);
    const CountAllocations taken;
    const ExtractedBlock found = test::extract_all(backend, psf, settings, pixels.view());
    EXPECT_EQ(found.npatch, 10 * 7);  // of the patch solver
    // Streams take turns: after one block more, each has had the largest.
    backend.extract(pixels.view(), plan_blocks(settings, false).front());
    test::extract_all(backend, psf, settings, pixels.view());
    const double arrays = static_cast<double>(plan.host + plan.device) - plan_bytes(on_device);
    const double most = most_of_arrays(exec),
                 rounding = 8.0 * static_cast<double>(taken.count());  // to 8 bytes per array
    EXPECT_GE(taken.nbytes(), arrays);
    EXPECT_GE(taken.nbytes(), most);
    EXPECT_LE(taken.nbytes(), most + rounding);
    if (settings.solver == SolverKind::patch) {
      EXPECT_EQ(arrays, most);
    }
    EXPECT_EQ(plan.device > 0, on_device);
    const std::int64_t count = taken.count();
    for (int frame = 0; frame < 2; ++frame) test::extract_all(backend, psf, settings, pixels.view());
    EXPECT_EQ(taken.count(), count);
  }

  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnTheHost) {
  expect_as_planned(*make_extractor(psf, settings, BackendKind::host), Host());
}
TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnADevice) {
  ExtractBackend<EmulatedDevice> backend(psf, settings);
  expect_as_planned(backend, EmulatedDevice());
}

TEST_P(ExtractMemory, OfFineBlocksIsLessWherePatchesAreSolved) {
  for (const BackendKind kind : {BackendKind::host, BackendKind::device}) {
    const auto extractor = make_extractor(psf, settings, kind);
    const Extractor::Memory coarse = extractor->memory(false), fine = extractor->memory(true);
    if (settings.solver == SolverKind::patch) {
      EXPECT_LT(fine.host + fine.device, coarse.host + coarse.device);
    } else {
      EXPECT_EQ(fine.host + fine.device, coarse.host + coarse.device) << "the blocks are the same";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Solvers, ExtractMemory,
                         testing::Values(std::pair{SolverKind::patch, DecorrelationKind::signal},
                                         std::pair{SolverKind::patch, DecorrelationKind::noise},
                                         std::pair{SolverKind::bundle, DecorrelationKind::signal}),
                         [](const auto& info) { return test::solver_name(info.param); });

}  // namespace
}  // namespace zspex::kernels
