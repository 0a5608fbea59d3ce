// What the emulated device does to those who forget a fence or a copy.
#include "kernels/base/emulated_device.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/base/launch.hpp"
#include "kernels/base/session.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define ZSPEX_SEES_ACCESSES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZSPEX_SEES_ACCESSES 1
#endif
#endif

namespace zspex::kernels {
namespace {

using Device = EmulatedDevice;
using Array = DeviceView<double*, Device>;
constexpr int n = 1000;

/// i -> factor i
struct Scale {
  Array array;
  double factor;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { array(i) = factor * static_cast<double>(i); }
};

/// A stream by itself, late or not.
Device stream(Device::When when) { return Device(when); }

std::vector<double> read(const Device& exec, const Array& array) {
  const auto host = pinned_array<double, Device>("zspex::test::host", array.extent(0));
  copy(exec, host, array);
  fence(exec, "the test reads");
  return {host.data(), host.data() + host.extent(0)};
}

class Emulated : public testing::Test {
 protected:
  void SetUp() override {
    if (needs_device()) GTEST_SKIP() << "a GPU needs no emulation";
  }
};

TEST_F(Emulated, NewArraysHoldNothingThatPassesForAResult) {
  const Device exec;
  for (const double value : read(exec, device_array<double, Device>("zspex::test::array", n)))
    ASSERT_TRUE(std::isnan(value));
}

TEST_F(Emulated, KernelsAndCopiesOfAStreamRunInTheirOrder) {
  for (const auto when : {Device::When::at_once, Device::When::late}) {
    const Device exec = stream(when);
    std::vector<double> ones(n, 1.0);
    const Array array = upload(exec, "zspex::test::array", ones);
    launch(exec, "zspex::test::scale", n, Scale{array, 2});
    launch(exec, "zspex::test::scale", n / 2, Scale{array, 3});
    const auto found = read(exec, array);
    for (int i = 0; i < n; ++i) ASSERT_EQ(found[static_cast<std::size_t>(i)], (i < n / 2 ? 3.0 : 2.0) * i);
  }
}

TEST_F(Emulated, AnotherStreamDoesNotWaitForALateOne) {
  const Device late = stream(Device::When::late), other = stream(Device::When::at_once);
  const Array array = device_array<double, Device>("zspex::test::array", n);
  launch(late, "zspex::test::scale", n, Scale{array, 2});
  EXPECT_TRUE(std::isnan(read(other, array)[1])) << "nobody has waited for it";
  fence(late, "the other stream reads");
  EXPECT_EQ(read(other, array)[1], 2);
}

TEST_F(Emulated, StreamsAreLateWhereABitIsSet) {
  Device::set_late_streams(0b10);
  const auto streams = make_streams<Device>(2);
  Device::set_late_streams(0);
  const Array array = device_array<double, Device>("zspex::test::array", n);
  const Device reader;
  launch(streams[1], "zspex::test::scale", n, Scale{array, 2});
  EXPECT_TRUE(std::isnan(read(reader, array)[1]));
  launch(streams[0], "zspex::test::scale", n, Scale{array, 5});
  EXPECT_EQ(read(reader, array)[1], 5);
}

#ifdef ZSPEX_SEES_ACCESSES
using EmulatedDeathTest = Emulated;

TEST_F(EmulatedDeathTest, TheHostCannotReadADevicesArray) {
  const Array array = device_array<double, Device>("zspex::test::array", n);
  EXPECT_DEATH(std::accumulate(array.data(), array.data() + n, 0.0), "use-after-poison");
}

/// Reads where it should not.
struct ReadHost {
  Array array;
  const double* host;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { array(i) = host[i]; }
};

TEST_F(EmulatedDeathTest, AKernelCannotReadAPinnedArrayOfTheHost) {
  const auto host = pinned_array<double, Device>("zspex::test::host", n);
  const Array array = device_array<double, Device>("zspex::test::array", n);
  EXPECT_DEATH(launch(Device(), "zspex::test::read", n, ReadHost{array, host.data()}), "use-after-poison");
}

TEST_F(EmulatedDeathTest, MemoryCanBeUsedAgainWhenItsArrayIsGone) {
  for (int turn = 0; turn < 3; ++turn) device_array<double, Device>("zspex::test::array", n);
  const std::vector<double> host(n, 1.0);
  EXPECT_EQ(std::accumulate(host.begin(), host.end(), 0.0), n);
}
#endif

}  // namespace
}  // namespace zspex::kernels
