/// \file
/// Places of outputs: checked before the work that fills them, made, and cleared of what dead programs left there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/compress.hpp"

namespace zspex::io {

/// How HDF5 files and those whose names end in .gz are compressed. (Names in .fz are CFITSIO's affair.)
struct WriteOptions {
  Compress compress = Compress::fast;
  int nthread = 0;  ///< that compress; 0: one for each core given, at most 8. The bytes are the same for any number
};

/// Checks that `path` can be written: its folder is writable or can be made, the file system takes the name, and `path`
/// itself is a regular file, nothing, or a link to one of these. Call it before hours of work; the writers call it too.
/// Makes nothing. \throws FileError (exit code `output`)
void check_output(const std::string& path);

/// The folders of outputs. Those that it made and that nothing was written to are removed again at its end.
class OutputFolders {
 public:
  OutputFolders() = default;
  ~OutputFolders();
  OutputFolders(const OutputFolders&) = delete;
  OutputFolders& operator=(const OutputFolders&) = delete;

  /// Makes the folder of an output and those above it, as mkdir -p; of a link, that of the file that it points to.
  /// \param path  a file, or a folder with / at its end \throws FileError (exit code `output`)
  void make_for(const std::string& path);
  /// The same for the outputs of several runs; a folder that can't be made is told by the writer that needs it.
  void make_for_all(const std::vector<std::string>& paths);

 private:
  std::vector<std::string> made_;  ///< the outermost first
};

/// Writes a file, whole or not at all, as all writers do. \throws FileError (exit code `output`)
void write_file(const std::string& path, std::string_view bytes);

/// Removes files that a writer of this program began beside `path` and never ended: of this host, if their process is no
/// more; of another host, where that can't be seen, if nothing was written to them for a day.
/// \return for people: a line for each one that was removed, and for each that was left because its writer may live
std::vector<std::string> clear_leftovers(const std::string& path);

/// Whether a file that one thread began with HDF5 can be ended by another. (Several threads can use files of their own in any case.)
bool hdf5_is_thread_safe();

/// For the last moments of the process: removes the temporary files of its writers and the folders that it made and that
/// are empty. No writer begins or ends a file any more after it: they wait, for ever.
void abandon_outputs();

}  // namespace zspex::io
