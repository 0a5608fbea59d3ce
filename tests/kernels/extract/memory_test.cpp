// What the extraction takes, against what it says; and that it takes it once.
#include <gtest/gtest.h>

#include "kernels/extract/engine.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"

namespace zspex::kernels {
namespace {

/// Bytes and number of Kokkos' allocations while it lives.
class CountAllocations {
 public:
  CountAllocations() {
    nbytes_ = count_ = 0;
    Kokkos::Tools::Experimental::set_allocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char*, const void*, std::uint64_t size) {
          nbytes_ += size;
          ++count_;
        });
  }
  ~CountAllocations() { Kokkos::Tools::Experimental::set_allocate_data_callback(nullptr); }
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  double nbytes() const { return static_cast<double>(nbytes_); }
  std::uint64_t count() const { return count_; }

 private:
  static inline std::uint64_t nbytes_, count_;
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
    pixels = test::expose(psf, settings.wave, test::invent_spectra(20, 91, 200, random), random);
  }

  /// Plans are not Kokkos' arrays; they are a few percent here.
  void expect_as_planned(Extractor& engine, bool on_device) {
    const Extractor::Memory plan = engine.memory(false);
    const CountAllocations taken;
    test::extract_all(engine, psf, settings, pixels.view());
    EXPECT_NEAR(taken.nbytes(), static_cast<double>(plan.host + plan.device), 0.1 * taken.nbytes());
    EXPECT_EQ(plan.device > 0, on_device);
    const CountAllocations more;
    for (int frame = 0; frame < 2; ++frame) test::extract_all(engine, psf, settings, pixels.view());
    EXPECT_EQ(more.count(), 0u);
  }

  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnTheHost) {
  expect_as_planned(*make_extractor(psf, settings, Place::host), false);
}
TEST_P(ExtractMemory, IsAsPlannedAndTakenOnceOnADevice) {
  Engine<EmulatedDevice> engine(psf, settings);
  expect_as_planned(engine, true);
}

INSTANTIATE_TEST_SUITE_P(Solvers, ExtractMemory,
                         testing::Values(std::pair{SolverKind::patch, DecorrelationKind::signal},
                                         std::pair{SolverKind::patch, DecorrelationKind::noise},
                                         std::pair{SolverKind::bundle, DecorrelationKind::signal}),
                         [](const auto& info) { return test::solver_name(info.param); });

}  // namespace
}  // namespace zspex::kernels
