/// \file
/// What the tests of io share: a folder of their own, expected errors, a second opinion on FITS bytes.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace zspex::io::test {

/// A folder that is removed with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  /// Names of all that is in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

/// Runs `action`, expects a FileError with this code whose message has all of these words.
void expect_error(const std::function<void()>& action, ExitCode code, const std::vector<std::string>& words);

/// Runs `action` in a child process; true if it returned true. For actions that change the process (limits, user).
bool in_child(const std::function<bool()>& action);

/// ../shared/data, or $ZSPEX_SHARED/data; empty if absent.
std::string shared_data();

/// FITS files made byte by byte, without CFITSIO and without zspex.
class RawFits {
 public:
  /// \param cards of 80 characters at most, without END
  RawFits& hdu(const std::vector<std::string>& cards, const std::string& data = "");
  /// An image with EXTNAME; the first is the primary HDU. Shape: the last index runs fastest.
  RawFits& image(const std::string& name, int bitpix, const std::vector<std::size_t>& shape, const std::string& data,
                 const std::vector<std::string>& more = {});
  void save(const std::string& path) const { write_bytes(path, bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Values as FITS stores them.
template <class T>
std::string big_endian(const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) {
    const char* bytes = reinterpret_cast<const char*>(&value);
    for (std::size_t i = sizeof(T); i-- > 0;) out += bytes[i];
  }
  return out;
}

/// "NAXIS1  =                   13"
std::string card(const std::string& key, const std::string& value);

}  // namespace zspex::io::test
