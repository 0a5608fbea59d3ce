/// \file
/// Seals of zspex's HDF5 files: their last 24 bytes, behind the end that HDF5 knows, hold their length and CRC-32. The HDF5
/// library trusts what it reads and dies of some damaged files; a seal tells before the library opens one. Programs that
/// change a file cut its seal off with the rest behind its end.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace zspex::io {

enum class Seal {
  none,    ///< another program's file, or one that was changed or cut off
  whole,   ///< each byte is as it was written
  broken,  ///< damaged
};

/// Reads the whole file; remembers what it found as long as size and time of the file stay.
/// \throws FileError when it is missing or can't be read
Seal read_seal(const std::string& path);

/// What follows `bytes` in the file.
std::array<std::byte, 24> seal_of(std::span<const std::byte> bytes);

}  // namespace zspex::io
