#include "io/reading.hpp"

#include <algorithm>
#include <vector>

namespace zspex::io {
namespace {

thread_local std::vector<const std::string*> open_files;  // NOLINT: of this thread, as crashes are
thread_local const char* newest = nullptr;                // NOLINT: what a signal handler may look at

void tell() { newest = open_files.empty() ? nullptr : open_files.back()->c_str(); }

}  // namespace

const char* file_being_read() noexcept { return newest; }

ReadingNote::ReadingNote(const std::string& path) : path_(path) {
  open_files.push_back(&path_);
  tell();
}

ReadingNote::~ReadingNote() {
  const auto mine = std::find(open_files.begin(), open_files.end(), &path_);
  if (mine != open_files.end()) open_files.erase(mine);
  tell();
}

}  // namespace zspex::io
