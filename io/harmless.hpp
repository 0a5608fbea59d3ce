/// \file
/// Files that the HDF5 library may crash of, or never come back from.
#pragma once

#include <functional>
#include <string>

namespace zspex::io {

/// Where `path` is an HDF5 file without a seal, lets a child process `read` it first, within a minute of processor time;
/// other files are left alone. What `read` throws is left to whoever reads the file in earnest. `read` must not use MPI.
/// \throws FileError when the child dies of it
void need_harmless(const std::string& path, const std::function<void()>& read);

}  // namespace zspex::io
