#include "io/detail/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::io::detail {

FileSource::FileSource(const std::string& path, const std::string& kind) : path_(path) {
  const std::string expected = "expected " + kind + ", found ";
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    throw FileError(
        path, "",
        fmt::format("{}: {}. Check the name.", expected.substr(0, expected.size() - 1), std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) throw FileError(path, "", expected + "a folder or device. Check the name.");
  if (status.st_size == 0)
    throw FileError(path, "", expected + "an empty file. Copy the file again, or make it again.");
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0)
    throw FileError(
        path, "",
        std::string("expected a file that can be read, found: ") + std::strerror(errno) + ". Check its permissions.");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

FileSource::~FileSource() {
  if (descriptor_ >= 0) (void)close(descriptor_);
}

std::size_t FileSource::read(std::uint64_t offset, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw FileError(
          path_, "",
          std::string("expected a file that can be read, found: ") + std::strerror(errno) + ". Copy the file again.");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::size_t MemorySource::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= bytes_.size()) return 0;
  const std::size_t n = std::min<std::size_t>(out.size(), bytes_.size() - offset);
  std::memcpy(out.data(), bytes_.data() + offset, n);
  return n;
}

}  // namespace zspex::io::detail
