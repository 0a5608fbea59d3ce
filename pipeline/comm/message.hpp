/// \file
/// Plain values at the end and from the front of a message, a row of bytes between ranks that know what is in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace zspex::comm {

/// Appends values as they lie in memory.
template <class T>
void append(std::span<const T> values, std::vector<std::byte>& message) {
  const auto bytes = std::as_bytes(values);
  message.insert(message.end(), bytes.begin(), bytes.end());
}

/// Takes as many from the front as there is room for.
template <class T>
void take(std::span<const std::byte>& message, std::span<T> values) {
  const auto bytes = std::as_writable_bytes(values);
  std::copy_n(message.begin(), bytes.size(), bytes.begin());
  message = message.subspan(bytes.size());
}

}  // namespace zspex::comm
