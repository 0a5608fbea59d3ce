/// \file
/// A device without a GPU: kernels run on the host's cores as they would on a device, one value per lane, but what a
/// host usually forgives goes wrong here. Streams run when it hurts most: late ones only when somebody waits for them,
/// others at once. New arrays hold NaN. With the address sanitizer the host can't read the device's arrays, and kernels
/// can't read the host's pinned arrays. So a missing copy or fence shows in tests, without a GPU.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/base/kokkos.hpp"

namespace zspex::kernels {

class EmulatedDevice {
 public:
  using Space = Kokkos::DefaultHostExecutionSpace;
  using memory_space = Space::memory_space;

  /// When the work of a stream is done: when it is given, or when somebody waits for the stream.
  enum class When { at_once, late };

  /// The default stream: at once.
  EmulatedDevice();
  explicit EmulatedDevice(When when);
  static const char* name() { return "emulated device"; }

  /// Adds work to the stream. It may read and write the device's arrays.
  void add(std::function<void(const Space&)> work) const;
  /// The same for a copy, which may read and write all arrays.
  void add_copy(std::function<void(const Space&)> work) const;
  /// Returns when all work of this stream is done; that of others may be still to do.
  void fence(const char* why = "") const;

  /// Streams made from now on are late where the bit of their number, counted from 0 for each call of make_streams(),
  /// is set; until the next call.
  static void set_late_streams(unsigned bits);
  static unsigned late_streams();

  /// Whose work is done right now, for tests: that of the default stream, which kernels should leave alone, or of another.
  enum class Work { none, of_default_stream, of_stream };
  static Work at_work();

  enum class Side { host, device };
  /// An array of Kokkos' that was just made: it is filled with NaN, and nobody of the other side can read it from now
  /// on, until Kokkos frees it.
  static void remember_new(Side side, void* data, std::size_t nbytes);
  /// Forgets the arrays in a piece of memory.
  static void forget(const void* data, std::size_t nbytes);

 private:
  struct Stream;
  std::shared_ptr<Stream> stream_;
};

}  // namespace zspex::kernels
