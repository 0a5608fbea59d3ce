// What a profile would show, by Kokkos' own hooks: every kernel, array and fence has a name, work is given to streams and not to
// the default one, and nothing is allocated once a run is under way.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/base/emulated_device.hpp"
#include "kernels/extract/detail/backend.hpp"
#include "kernels/redshift/fitter.hpp"
#include "tests/kernels/support/compare.hpp"
#include "tests/kernels/support/invented.hpp"
#include "tests/kernels/support/invented_redshift.hpp"

namespace zspex::kernels {

using namespace detail;

namespace {

namespace tools = Kokkos::Tools::Experimental;
using Work = EmulatedDevice::Work;

/// What Kokkos did.
struct Seen {
  struct Event {
    std::string label;
    Work work;      ///< of an emulated device's streams
    bool default_;  ///< on the default instance, as far as that can be told
  };
  std::vector<Event> kernels,
      copies;  ///< those in copies and of arrays' making and end, which are Kokkos' own, left out
  std::vector<std::string> arrays, fences;
  int ncopying = 0;
};

/// Notes it while it lives.
class Watch {
 public:
  Watch() {
    seen_ = Seen();
    tools::set_begin_parallel_for_callback(note_kernel);
    tools::set_begin_parallel_reduce_callback(note_kernel);
    tools::set_begin_parallel_scan_callback(note_kernel);
    tools::set_allocate_data_callback([](Kokkos::Profiling::SpaceHandle, const char* label, const void*,
                                         std::uint64_t) { seen_.arrays.emplace_back(label); });
    tools::set_begin_deep_copy_callback([](Kokkos::Profiling::SpaceHandle, const char* to, const void*,
                                           Kokkos::Profiling::SpaceHandle, const char* from, const void*,
                                           std::uint64_t) {
      seen_.copies.push_back({std::string(to) + " <- " + from, EmulatedDevice::at_work(), false});
      ++seen_.ncopying;
    });
    tools::set_end_deep_copy_callback([] { --seen_.ncopying; });
    tools::set_begin_fence_callback(
        [](const char* label, std::uint32_t, std::uint64_t*) { seen_.fences.emplace_back(label); });
  }
  ~Watch() {
    tools::set_begin_parallel_for_callback(nullptr);
    tools::set_begin_parallel_reduce_callback(nullptr);
    tools::set_begin_parallel_scan_callback(nullptr);
    tools::set_allocate_data_callback(nullptr);
    tools::set_begin_deep_copy_callback(nullptr);
    tools::set_end_deep_copy_callback(nullptr);
    tools::set_begin_fence_callback(nullptr);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  const Seen& seen() const { return seen_; }

 private:
  static void note_kernel(const char* text, std::uint32_t device, std::uint64_t*) {
    const std::string label = text;
    if (seen_.ncopying > 0 || label.starts_with("Kokkos::View::")) return;
    const bool is_default = device == Kokkos::Profiling::Experimental::device_id(Device());
    seen_.kernels.push_back({label, EmulatedDevice::at_work(), is_default});
  }
  static inline Seen seen_;
};

/// Loops over the host's threads beside a device, and host arrays: they have no stream.
bool is_hosts(const std::string& kernel) { return kernel == "zspex::redshift::archetypes"; }

void expect_names(const Seen& seen) {
  EXPECT_FALSE(seen.kernels.empty());
  for (const auto& kernel : seen.kernels) EXPECT_TRUE(kernel.label.starts_with("zspex::")) << kernel.label;
  for (const std::string& label : seen.arrays)
    EXPECT_TRUE(label.starts_with("zspex::") || label.starts_with("Kokkos::")) << "an array '" << label << "'";
  // Kokkos before 3.7 doesn't tell of fences.
  for (const std::string& label : seen.fences) EXPECT_EQ(label.find("Unnamed"), std::string::npos) << label;
#if KOKKOS_VERSION >= 30700
  EXPECT_FALSE(seen.fences.empty());
#endif
}

/// On an emulated device, which knows whose work is done.
void expect_streams(const Seen& seen) {
  EXPECT_FALSE(seen.copies.empty());
  for (const auto& kernel : seen.kernels) {
    if (is_hosts(kernel.label)) continue;
    EXPECT_EQ(kernel.work, Work::of_stream) << kernel.label;
  }
  for (const auto& copy : seen.copies) EXPECT_EQ(copy.work, Work::of_stream) << copy.label;
}

/// On a GPU, where Kokkos makes streams.
void expect_instances(const Seen& seen) {
#if KOKKOS_VERSION >= 40200
  if (!needs_device()) return;
  for (const auto& kernel : seen.kernels) {
    if (is_hosts(kernel.label)) continue;
    EXPECT_FALSE(kernel.default_) << kernel.label;
  }
#else
  (void)seen;
#endif
}

void expect_no_arrays(const Seen& seen) {
  for (const std::string& label : seen.arrays) ADD_FAILURE() << label << " is allocated again";
}

class ExtractHooks : public testing::TestWithParam<SolverKind> {
 protected:
  ExtractHooks() {
    test::Camera camera;
    camera.nspec = 20;
    camera.nx = 163;
    camera.nwave = 41;
    psf = test::invent_psf(camera);
    settings = test::settings_for(camera, 10, 5, GetParam(), DecorrelationKind::signal);
    settings.model = ModelKind::deconvolved;
    test::Random random(71);
    pixels = test::expose(psf, settings.wave, test::invent_spectra(20, 41, 200, random), random);
  }
  Psf psf;
  ExtractSettings settings;
  test::Pixels pixels{1, 1};
};

TEST_P(ExtractHooks, AllIsNamedAndOnStreams) {
  const Watch watch;
  ExtractBackend<EmulatedDevice> emulated(psf, settings);
  test::extract_all(emulated, psf, settings, pixels.view());
  expect_names(watch.seen());
  expect_streams(watch.seen());
  const Watch again;
  test::extract_all(emulated, psf, settings, pixels.view());
  expect_names(again.seen());
  expect_streams(again.seen());
  expect_no_arrays(again.seen());
}

TEST_P(ExtractHooks, AllIsNamedAndOnInstancesOfTheDevice) {
  const auto backend = make_extractor(psf, settings, BackendKind::device);
  test::extract_all(*backend, psf, settings, pixels.view());
  const Watch watch;
  test::extract_all(*backend, psf, settings, pixels.view());
  expect_names(watch.seen());
  expect_instances(watch.seen());
  expect_no_arrays(watch.seen());
}

INSTANTIATE_TEST_SUITE_P(Solvers, ExtractHooks, testing::Values(SolverKind::patch, SolverKind::bundle),
                         [](const auto& info) { return info.param == SolverKind::patch ? "Patch" : "Bundle"; });

/// Scans and refinements of some targets in one template.
class ScanHooks : public testing::TestWithParam<bool> {
 protected:
  ScanHooks() : random_(73) {
    tmpl_ = test::invent_template("QSO", FitMethod::pca, 5, test::even_redshifts(2.6, 0.0101, 7), random_,
                                  IgmModel::kamble20);
    for (int i = 0; i < 5; ++i)
      targets_.push_back(test::invent_target({{0, 5}, {1, 7}, {2, 3}}, test::invent_grids(), tmpl_,
                                             test::invent_coeff(5, random_), tmpl_.redshifts[2] + 0.002, random_));
  }
  RedshiftFitter make(bool teams) const {
    RedshiftFitter fitter(test::invent_grids(), {tmpl_}, {.mixed = GetParam(), .teams = teams});
    return fitter;
  }
  void set_targets(RedshiftFitter& fitter) {
    packed_ = fitter.pack(targets_);
    fitter.set_targets(packed_.packed, packed_.arrays(), true);
  }
  void scan_and_refine(const RedshiftFitter& fitter, BackendKind kind, const Values& slice) const {
    const FitBackend& backend = fitter.backend(kind);
    const std::size_t n = targets_.size(), nz = tmpl_.redshifts.size();
    Array2<double> chi2({n, nz}), penalty({n, nz});
    backend.rebin(0, 0, static_cast<int>(nz), slice);
    backend.scan(0, 0, static_cast<int>(nz), slice, {0, n}, {0, nz, chi2.data(), penalty.data(), nullptr});
    backend.finish();
    const std::vector<CoarseScan> scans{{0, {0, n}, chi2}};
    EXPECT_EQ(fitter.refine(kind, scans)[0].size(), n);
  }
  test::Random random_;
  Template tmpl_;
  std::vector<Target> targets_;
  OwnTargets packed_;
};

TEST_P(ScanHooks, AllIsNamedAndAllocatedOnce) {
  for (const bool teams : {false, true})
    for (const BackendKind kind : {BackendKind::host, BackendKind::device}) {
      SCOPED_TRACE((teams ? "teams, " : "") + std::string(kind == BackendKind::host ? "host" : "device"));
      const Watch first;
      RedshiftFitter fitter = make(teams);
      set_targets(fitter);
      const Values slice =
          fitter.backend(kind).allocate(fitter.slice_size(0, static_cast<int>(tmpl_.redshifts.size())));
      constexpr int nround = 2;  // launches alternate between two streams; after this each has had each kind
      for (int round = 0; round < nround; ++round) scan_and_refine(fitter, kind, slice);
      expect_names(first.seen());
      const Watch again;
      for (int round = 0; round < nround; ++round) scan_and_refine(fitter, kind, slice);
      expect_names(again.seen());
      expect_no_arrays(again.seen());
      const bool emulated = teams && kind == BackendKind::device && !needs_device();
      if (emulated) expect_streams(again.seen());
      if (kind == BackendKind::device) expect_instances(again.seen());
    }
}

INSTANTIATE_TEST_SUITE_P(Precision, ScanHooks, testing::Bool(),
                         [](const auto& info) { return info.param ? "Mixed" : "Double"; });

}  // namespace
}  // namespace zspex::kernels
