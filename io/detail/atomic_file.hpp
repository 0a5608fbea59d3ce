/// \file
/// Files that appear whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/output.hpp"

namespace zspex::io::detail {

/// Writes under a temporary name in the folder of `path`; commit() makes it durable (fsync) and renames it to `path`.
/// Without commit(), after a failure or in a failed constructor nothing is left, and an older file of that name is
/// untouched. All members throw FileError (exit code `output`); a full disk is named as such.
class AtomicFile {
 public:
  /// Calls check_output(). A symbolic link is followed, also to nothing: what it points to is written, not the link.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();
  const std::string& path() const { return path_; }

 private:
  void discard() noexcept;
  [[noreturn]] void fail(const std::string& doing, int error);

  std::string path_, target_, temporary_;
  int descriptor_ = -1;
};

/// The bytes to `path`, compressed with gzip if `path` ends in ".gz".
void write_whole(const std::string& path, std::span<const std::byte> bytes, WriteOptions options = {});

}  // namespace zspex::io::detail
