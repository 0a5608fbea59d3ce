/// \file
/// Which files are being read, for the last words of a program that a library kills.
#pragma once

#include <string>

namespace zspex::io {

/// The file that this thread began to read last and still reads; nothing if there is none. Safe in a signal handler.
const char* file_being_read() noexcept;

/// Notes a file while it lives. \param path  outlives the note
class ReadingNote {
 public:
  explicit ReadingNote(const std::string& path);
  ~ReadingNote();
  ReadingNote(const ReadingNote&) = delete;
  ReadingNote& operator=(const ReadingNote&) = delete;

 private:
  const std::string& path_;
};

}  // namespace zspex::io
