// What the extraction takes, against what it says; and that it takes it once.
#include <gtest/gtest.h>

#include "kernels/extract/detail/backend.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

/// The most bytes that are held of Kokkos' allocations while it lives, and their number.
class CountAllocations {
 public:
  CountAllocations() {
    held_ = most_ = count_ = 0;
    Kokkos::Tools::Experimental::set_allocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char*, const void*, std::uint64_t size) {
          held_ += static_cast<std::int64_t>(size);
          most_ = std::max(most_, held_);
          ++count_;
        });
    Kokkos::Tools::Experimental::set_deallocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char*, const void*, std::uint64_t size) {
          held_ -= static_cast<std::int64_t>(size);
        });
  }
  ~CountAllocations() {
    Kokkos::Tools::Experimental::set_allocate_data_callback(nullptr);
    Kokkos::Tools::Experimental::set_deallocate_data_callback(nullptr);
  }
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  double nbytes() const { return static_cast<double>(most_); }
  std::int64_t count() const { return count_; }

 private:
  static inline std::int64_t held_, most_, count_;
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
  /// so that patches take its place.
  void make_bundles_singular() {
    std::vector<Legendre*> all{&psf.x, &psf.y, &psf.sigmax, &psf.sigmay};
    for (Legendre& term : psf.gh) all.push_back(&term);
    for (Legendre* one : all)
      for (const int ispec : {7, 17}) {
        const auto from = one->coeff.begin() + static_cast<std::ptrdiff_t>(ispec) * one->ncoeff();
        std::copy_n(from, one->ncoeff(), from + one->ncoeff());
      }
  }

  /// Plans are not Kokkos' arrays; they are a few percent here.
  void expect_as_planned(Extractor& backend, bool on_device) {
    const Extractor::Memory plan = backend.memory(false);
    const CountAllocations taken;
    const ExtractedBlock found = test::extract_all(backend, psf, settings, pixels.view());
    EXPECT_EQ(found.npatch, 10 * 7);  // of the patch solver
    EXPECT_NEAR(taken.nbytes(), static_cast<double>(plan.host + plan.device), 0.1 * taken.nbytes());
    EXPECT_EQ(plan.device > 0, on_device);
    const CountAllocations more;
    for (int frame = 0; frame < 2; ++frame) test::extract_all(backend, psf, settings, pixels.view());
    EXPECT_EQ(more.count(), 0);
  }

  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnTheHost) {
  expect_as_planned(*make_extractor(psf, settings, BackendKind::host), false);
}
TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnADevice) {
  ExtractBackend<EmulatedDevice> backend(psf, settings);
  expect_as_planned(backend, true);
}

INSTANTIATE_TEST_SUITE_P(Solvers, ExtractMemory,
                         testing::Values(std::pair{SolverKind::patch, DecorrelationKind::signal},
                                         std::pair{SolverKind::patch, DecorrelationKind::noise},
                                         std::pair{SolverKind::bundle, DecorrelationKind::signal}),
                         [](const auto& info) { return test::solver_name(info.param); });

}  // namespace
}  // namespace zspex::kernels
