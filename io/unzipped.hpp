/// \file
/// Gzipped files in memory, for those who read one more than once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace zspex::io {

class Unzipped {
 public:
  /// All that the file holds; of a file that isn't gzipped its bytes as they are.
  /// \throws FileError (exit code `input`) when it is missing, truncated or damaged
  explicit Unzipped(const std::string& path);
  ~Unzipped();
  Unzipped(Unzipped&&) noexcept;
  Unzipped& operator=(Unzipped&&) noexcept;

  std::span<const std::byte> bytes() const;

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace zspex::io
