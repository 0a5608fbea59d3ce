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

/// A list that the host makes and kernels read.
template <class T, class Exec>
class ReusedList {
 public:
  /// Starts the copy. The last one must have ended.
  DeviceView<const T*, Exec> set(const Exec& exec, const char* label, const std::vector<T>& values) {
    const auto from = pinned_.array(label, values.size());
    std::copy(values.begin(), values.end(), from.data());
    const auto to = device_.array(label, values.size());
    if (!values.empty()) copy(exec, to, from);
    return to;
  }

 private:
  ReusedPinned<T, Exec> pinned_;
  Reused<T, Exec> device_;
};

}  // namespace zspex::kernels
