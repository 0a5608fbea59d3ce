#include "io/detail/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/format.hpp"
#include "core/real_path.hpp"
#include "io/detail/gzip.hpp"
#include "io/detail/leftovers.hpp"
#include "io/output.hpp"

namespace zspex::io {
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

template <class... Args>
[[noreturn]] void refuse(const std::string& path, fmt::format_string<Args...> what, Args&&... args) {
  throw FileError(path, "", fmt::format(what, std::forward<Args>(args)...), ExitCode::output);
}

}  // namespace

void check_output(const std::string& path) {
  if (path.empty()) refuse("(no name)", "expected the name of an output file, found an empty one. Give -o FILE.");
  const std::string target = real_path(path);
  std::string folder = folder_of(target);
  struct stat status {};
  // A folder that is not there yet is made in the first one above it that is.
  while (stat(folder.c_str(), &status) != 0) {
    if (errno != ENOENT || folder == folder_of(folder))
      refuse(path, "expected the folder {}, found: {}. Choose another output.", folder, std::strerror(errno));
    folder = folder_of(folder);
  }
  if (!S_ISDIR(status.st_mode))
    refuse(path, "expected {} to be a folder, found a file. Choose another output.", folder);
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    refuse(path,
           "expected a folder that can be written, found {}: {}. Change its permissions, or choose another output.",
           folder, std::strerror(errno));
  if (stat(target.c_str(), &status) != 0) {
    if (errno != ENOENT)
      refuse(path, "expected a name that the file system takes, found: {}. Choose another output.",
             std::strerror(errno));
  } else if (!S_ISREG(status.st_mode)) {
    refuse(path, "expected a regular file or nothing, found {}. Choose another output.",
           S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
  }
}

OutputFolders::~OutputFolders() {
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    (void)rmdir(folder->c_str());  // not if something is in it
    detail::forget(*folder);
  }
}

void OutputFolders::make_for(const std::string& path) {
  std::vector<std::string> missing;
  struct stat status {};
  for (std::string folder = folder_of(real_path(path)); stat(folder.c_str(), &status) != 0;
       folder = folder_of(folder)) {
    if (errno != ENOENT || folder == folder_of(folder)) break;  // mkdir tells why
    missing.push_back(folder);
  }
  for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
    if (detail::make_live(*folder, [&] { return mkdir(folder->c_str(), 0777) == 0; }))
      made_.push_back(*folder);
    else if (errno != EEXIST)  // another program was faster
      refuse(*folder, "expected to make this folder, found: {}. Check the folder above it, or choose another output.",
             std::strerror(errno));
  }
}

void OutputFolders::make_for_all(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) try {
      make_for(path);
    } catch (const FileError&) {
    }
}

void write_file(const std::string& path, std::string_view bytes) {
  detail::AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace zspex::io

namespace zspex::io::detail {

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(path) {
  check_output(path);
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) target_ = real_path(path);
  temporary_ = temporary_name(target_);
  const bool made = make_live(temporary_, [&] {
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return descriptor_ >= 0;
  });
  if (!made) {
    const int code = errno;
    temporary_.clear();
    fail("make a file in its folder", code);
  }
  (void)flock(descriptor_, LOCK_EX | LOCK_NB);  // clear_leftovers() looks; not all file systems can
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::write(std::span<const std::byte> bytes) {
  // Linux writes at most 2 GiB - 4 KiB a call.
  constexpr std::size_t largest = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), std::min(bytes.size(), largest));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("write it", n < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP) fail("write it to the disk", errno);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  // Network file systems report a full disk or quota here at the latest.
  if (close(descriptor) != 0 && errno != EINTR) fail("close it", errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("give it its name", errno);
  forget(temporary_);
  temporary_.clear();
  // Makes the new name durable. Not all file systems can; the file itself is safe by now.
  const std::string folder = folder_of(target_);
  const int handle = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    (void)fsync(handle);
    (void)close(handle);
  }
}

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) (void)close(descriptor_);
  descriptor_ = -1;
  if (temporary_.empty()) return;
  (void)unlink(temporary_.c_str());
  forget(temporary_);
  temporary_.clear();
}

void AtomicFile::fail(const std::string& doing, int error) {
  discard();
  std::string todo = " Nothing was left behind.";
  if (error == ENOSPC || error == EDQUOT)
    todo += " Free some space in " + folder_of(target_) + ", or choose another output.";
  else if (error == EFBIG)
    todo += " Raise the limit on file sizes (ulimit -f), or choose another output.";
  else
    todo += " Check " + folder_of(target_) + ", or choose another output.";
  throw FileError(path_, "", fmt::format("expected to {}, found: {}.{}", doing, std::strerror(error), todo),
                  ExitCode::output);
}

void write_whole(const std::string& path, std::span<const std::byte> bytes, WriteOptions options) {
  AtomicFile file(path);
  if (path.ends_with(".gz"))
    gzip(path, bytes, options, [&](std::span<const std::byte> piece) { file.write(piece); });
  else
    file.write(bytes);
  file.commit();
}

}  // namespace zspex::io::detail
