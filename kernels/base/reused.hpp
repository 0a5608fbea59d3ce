/// \file
/// Memory that is used again and again, and grows when it must.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/base/launch.hpp"

namespace zspex::kernels {

/// An array of a device. What works with it must have ended when it grows.
template <class T, class Exec>
class Reused {
 public:
  /// A view of at least so many values, in the shape wanted; what they are is not known.
  template <class View, class... Extent>
  View shaped(const char* label, Extent... extent) {
    const std::size_t need = (static_cast<std::size_t>(extent) * ... * 1);
    if (need > memory_.extent(0)) {
      memory_ = {};
      memory_ = device_array<T, Exec>(label, need);
    }
    return View(memory_.data(), extent...);
  }
  DeviceView<T*, Exec> array(const char* label, std::size_t n) { return shaped<DeviceView<T*, Exec>>(label, n); }
  std::size_t size() const { return memory_.extent(0); }

 private:
  DeviceView<T*, Exec> memory_;
};

/// The same for an array of the host that a device copies from or to.
template <class T, class Exec>
class ReusedPinned {
 public:
  PinnedView<T*, Exec> array(const char* label, std::size_t n) {
    if (n > memory_.extent(0)) {
      memory_ = {};
      memory_ = pinned_array<T, Exec>(label, n);
    }
    return PinnedView<T*, Exec>(memory_.data(), n);
  }

 private:
  PinnedView<T*, Exec> memory_;
};

/// An array of a device with a copy on the host; where the device is the host, one array.
template <class T, class Exec>
class Mirrored {
 public:
  /// Makes it hold n values. What works with the array must have ended.
  void resize(const char* label, std::size_t n) {
    device_ = memory_.array(label, n);
    if constexpr (on_host<Exec>)
      host_ = device_;
    else
      host_ = pinned_.array(label, n);
  }
  T* host() const { return host_.data(); }
  /// The device's values from `first` on, in the shape wanted.
  template <class View, class... Extent>
  View shaped(std::size_t first, Extent... extent) const {
    return View(device_.data() + first, extent...);
  }
  /// Start to copy all values. The host's must not be touched until that has ended.
  void to_device(const Exec& exec) const {
    if constexpr (!on_host<Exec>) copy(exec, device_, host_);
  }
  void to_host(const Exec& exec) const {
    if constexpr (!on_host<Exec>) copy(exec, host_, device_);
  }

 private:
  Reused<T, Exec> memory_;
  ReusedPinned<T, Exec> pinned_;
  DeviceView<T*, Exec> device_;
  PinnedView<T*, Exec> host_;
};

/// Bytes of arrays that are on the device and on the host, and of those that are on the device alone.
struct ArrayBytes {
  std::size_t mirrored = 0, own = 0;

  ArrayBytes& operator+=(const ArrayBytes& other) {
    mirrored += other.mirrored;
    own += other.own;
    return *this;
  }
};

/// A list that the host makes and kernels read.
template <class T, class Exec>
class ReusedList {
 public:
  /// Starts the copy. The last one must have ended.
  DeviceView<const T*, Exec> set(const Exec& exec, const char* label, const std::vector<T>& values) {
    memory_.resize(label, values.size());
    std::copy(values.begin(), values.end(), memory_.host());
    if (!values.empty()) memory_.to_device(exec);
    return memory_.template shaped<DeviceView<const T*, Exec>>(0, values.size());
  }

 private:
  Mirrored<T, Exec> memory_;
};

}  // namespace zspex::kernels
