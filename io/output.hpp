/// \file
/// Checks of an output's place before the work that fills it.
#pragma once

#include <string>

namespace zspex::io {

/// Checks that `path` can be written: its folder exists and is writable, and `path` itself is a regular file or
/// nothing. Call it before hours of work; the writers call it too. \throws FileError (exit code `output`)
void check_output(const std::string& path);

/// ".HOST.PROCESS.": stands in the names of the writers' temporary files, which start with "." and end in ".tmp". No
/// other process has it, on any node that shares the folder.
std::string temporary_mark();

}  // namespace zspex::io
