/// \file
/// Small values as bytes, so that one rank can hand them to the others. Both ends run the same program on the same kind
/// of machine, so numbers travel as they lie in memory.
///
/// A struct takes part by naming its fields once, in its own namespace:
///
///     template <class Archive> void fields(Archive& archive, MyStruct& value) { archive(value.a, value.b); }
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/array.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::comm {

template <class T>
inline constexpr bool travels_as_is = std::is_arithmetic_v<T> || std::is_enum_v<T>;

/// Appends values to a buffer.
class ByteWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void put_raw(const void* data, std::size_t nbytes) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + nbytes);
  }
  template <class T>
  void put(const T& value) {
    if constexpr (travels_as_is<T>) {
      put_raw(&value, sizeof value);
    } else {
      fields(*this, const_cast<T&>(value));  // one list of fields serves both directions; a writer only reads them
    }
  }
  void put(const std::string& text) {
    put(text.size());
    put_raw(text.data(), text.size());
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    if constexpr (travels_as_is<T>) {
      if (!values.empty()) put_raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class T, std::size_t N>
  void put(const Array<T, N>& values) {
    for (const std::size_t extent : values.shape()) put(extent);
    put_raw(values.data(), values.size() * sizeof(T));
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }

  std::vector<std::byte> bytes_;
};

/// Takes values from a buffer in the order in which they were written.
class ByteReader {
 public:
  explicit ByteReader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  void get_raw(void* data, std::size_t nbytes) {
    need(nbytes);
    if (nbytes > 0) std::memcpy(data, bytes_.data() + at_, nbytes);
    at_ += nbytes;
  }
  void need(std::size_t nbytes) const {
    if (nbytes > bytes_.size() - at_) {
      throw CommError("unpack a message",
                      fmt::format("expected {} more bytes, found {}. This is a defect of zspex; please report it.",
                                  nbytes, bytes_.size() - at_));
    }
  }
  template <class T>
  void get(T& value) {
    if constexpr (travels_as_is<T>) {
      get_raw(&value, sizeof value);
    } else {
      fields(*this, value);
    }
  }
  std::size_t get_size() {
    std::size_t size = 0;
    get(size);
    need(size);  // each element takes a byte at least: refuse before allocating
    return size;
  }
  void get(std::string& text) {
    text.resize(get_size());
    get_raw(text.data(), text.size());
  }
  template <class T>
  void get(std::vector<T>& values) {
    values.resize(get_size());
    if constexpr (travels_as_is<T>) {
      get_raw(values.data(), values.size() * sizeof(T));
    } else {
      for (T& value : values) get(value);
    }
  }
  template <class T, std::size_t N>
  void get(Array<T, N>& values) {
    typename Array<T, N>::Shape shape{};
    std::size_t nbytes = sizeof(T);
    for (std::size_t& extent : shape) {
      get(extent);
      nbytes *= extent;
    }
    need(nbytes);
    values = Array<T, N>(shape);
    get_raw(values.data(), nbytes);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  }

  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

template <class T>
std::vector<std::byte> to_bytes(const T& value) {
  ByteWriter writer;
  writer(value);
  return writer.take();
}

template <class T>
T from_bytes(const std::vector<std::byte>& bytes) {
  T value{};
  ByteReader reader(bytes);
  reader(value);
  return value;
}

}  // namespace zspex::comm
