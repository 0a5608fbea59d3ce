/// \file
/// HDF5 with handles that close themselves and errors that name the file and the object.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::io::detail {

/// Owns one HDF5 identifier.
class H5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  H5Handle() = default;
  H5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~H5Handle() {
    if (id_ >= 0) (void)close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// Where an HDF5 call happens, for its error. HDF5's own printing to stderr is off while one lives; where the library
/// was not built for threads, one thread at a time has one.
class H5Context {
 public:
  H5Context(std::string path, ExitCode code);
  ~H5Context();
  H5Context(const H5Context&) = delete;
  H5Context& operator=(const H5Context&) = delete;

  /// Takes over a new identifier.
  H5Handle own(hid_t id, H5Handle::Close close, const std::string& part, const std::string& doing) const;
  void check(herr_t status, const std::string& part, const std::string& doing) const;
  [[noreturn]] void refuse(const std::string& part, const std::string& what) const {
    throw FileError(path_, part, what, code_);
  }
  template <class... Args>
  [[noreturn]] void refuse(const std::string& part, fmt::format_string<Args...> what, Args&&... args) const {
    refuse(part, fmt::format(what, std::forward<Args>(args)...));
  }
  const std::string& path() const { return path_; }

 private:
  [[noreturn]] void fail(const std::string& part, const std::string& doing) const;

  std::string path_;
  ExitCode code_;
  std::unique_lock<std::recursive_mutex> lock_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// The type of T in memory, which is also what is stored.
template <class T>
hid_t h5_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::is_same_v<T, std::uint8_t>) return H5T_NATIVE_UINT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return H5T_NATIVE_INT16;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_NATIVE_UINT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::is_same_v<T, std::uint32_t>) return H5T_NATIVE_UINT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5T_NATIVE_UINT64;
}

/// UTF-8 of `size` bytes, or of any number (H5T_VARIABLE).
H5Handle h5_text_type(std::size_t size);

}  // namespace zspex::io::detail
