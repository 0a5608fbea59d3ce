/// \file
/// Files that the HDF5 library may crash of, or never come back from.
#pragma once

#include <string>

namespace zspex::io {

/// Lets a child process look at an HDF5 file that has no seal, within a minute of processor time. For programs that may
/// fork: not beside MPI's own communication.
/// \throws FileError when the child dies of it
void need_harmless(const std::string& path);

}  // namespace zspex::io
