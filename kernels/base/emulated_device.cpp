#include "kernels/base/emulated_device.hpp"

#include <cstring>
#include <deque>
#include <map>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

namespace zspex::kernels {
namespace {

void close(const void* data, std::size_t nbytes) {
#ifdef __SANITIZE_ADDRESS__
  ASAN_POISON_MEMORY_REGION(data, nbytes);
#else
  (void)data;
  (void)nbytes;
#endif
}
void open(const void* data, std::size_t nbytes) {
#ifdef __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(data, nbytes);
#else
  (void)data;
  (void)nbytes;
#endif
}

struct Array {
  EmulatedDevice::Side side;
  std::size_t nbytes;
};

/// All arrays of both sides, and whose turn it is.
struct Memory {
  std::map<const void*, Array> arrays;

  void enter(EmulatedDevice::Side side) {
    for (const auto& [data, array] : arrays) array.side == side ? open(data, array.nbytes) : close(data, array.nbytes);
  }
  void open_all() {
    for (const auto& [data, array] : arrays) open(data, array.nbytes);
  }
};

Memory& memory() {
  static Memory all;
  return all;
}

unsigned late_bits = 0;
EmulatedDevice::Work work_now = EmulatedDevice::Work::none;

}  // namespace

struct EmulatedDevice::Stream {
  When when = When::at_once;
  Work kind = Work::of_stream;
  std::deque<std::function<void(const Space&)>> work;

  void add(std::function<void(const Space&)> more) {
    work.push_back(std::move(more));
    if (when == When::at_once) run();
  }
  void run() {
    while (!work.empty()) {
      const auto next = std::move(work.front());
      work.pop_front();
      const Work before = std::exchange(work_now, kind);
      next(Space());
      kernels::fence(Space(), "the emulated device's work is done");
      work_now = before;
    }
    memory().enter(Side::host);
  }
};

EmulatedDevice::EmulatedDevice() : EmulatedDevice(When::at_once) { stream_->kind = Work::of_default_stream; }
EmulatedDevice::EmulatedDevice(When when) : stream_(std::make_shared<Stream>()) { stream_->when = when; }

void EmulatedDevice::add(std::function<void(const Space&)> work) const {
  stream_->add([work = std::move(work)](const Space& space) {
    memory().enter(Side::device);
    work(space);
  });
}

void EmulatedDevice::add_copy(std::function<void(const Space&)> work) const {
  stream_->add([work = std::move(work)](const Space& space) {
    memory().open_all();
    work(space);
  });
}

void EmulatedDevice::fence(const char*) const { stream_->run(); }

void EmulatedDevice::set_late_streams(unsigned bits) { late_bits = bits; }
unsigned EmulatedDevice::late_streams() { return late_bits; }
EmulatedDevice::Work EmulatedDevice::at_work() { return work_now; }

void EmulatedDevice::remember_new(Side side, void* data, std::size_t nbytes) {
  // Kokkos tells where its own header and the array lie.
  static const bool listens = [] {
    Kokkos::Tools::Experimental::set_deallocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char*, const void* at, std::uint64_t size) {
          constexpr std::size_t header = 256;  // at most
          forget(at, size + header);
        });
    return true;
  }();
  (void)listens;
  constexpr int all_ones = 0xff;  // NaN, and -1
  std::memset(data, all_ones, nbytes);
  memory().arrays[data] = {side, nbytes};
  if (side == Side::device) close(data, nbytes);
}

void EmulatedDevice::forget(const void* data, std::size_t nbytes) {
  auto& arrays = memory().arrays;
  const auto first = arrays.lower_bound(data);
  auto last = first;
  for (; last != arrays.end() && last->first < static_cast<const std::byte*>(data) + nbytes; ++last)
    open(last->first, last->second.nbytes);
  arrays.erase(first, last);
}

}  // namespace zspex::kernels
