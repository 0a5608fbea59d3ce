/// \file
/// The bytes of a file by position, as they are, or as they come out of gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace zspex::io::detail {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Bytes [offset, offset + out.size()); returns how many of them there are: fewer at the end. \throws FileError
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> out) = 0;
  /// True if there are bytes up to `end`. A compressed file is decompressed so far, and no farther.
  virtual bool reaches(std::uint64_t end) = 0;
};

/// A regular file that stays open.
class FileSource : public ByteSource {
 public:
  /// \throws FileError (exit code `input`) when it is missing, not a regular file, empty or not readable.
  FileSource(const std::string& path, const std::string& kind);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::size_t read(std::uint64_t offset, std::span<std::byte> out) override;
  bool reaches(std::uint64_t end) override { return end <= size_; }
  std::uint64_t size() const { return size_; }
  int descriptor() const { return descriptor_; }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Bytes that lie in memory.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) override;
  bool reaches(std::uint64_t end) override { return end <= bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace zspex::io::detail
