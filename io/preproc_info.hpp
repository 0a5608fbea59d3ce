/// \file
/// What a preproc file holds, without its pixels: for plans and dry runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "io/header.hpp"
#include "io/table.hpp"

namespace zspex::io {

struct PreprocInfo {
  std::string path;
  Header header;       ///< of the IMAGE HDU
  std::string camera;  ///< lower case; empty if absent
  std::size_t nx = 0, ny = 0;
  std::optional<Header> fibermap;  ///< header of FIBERMAP, if there is one
  std::uint64_t bytes = 0;         ///< of the file
};

/// Headers only. \throws FileError as read_preproc() does, but for what only the pixels can show
PreprocInfo read_preproc_info(const std::string& path);

/// The FIBERMAP table of any file.
/// \throws FileError (exit code `input`) when the file or the table is missing or damaged
Table read_fibermap(const std::string& path);

}  // namespace zspex::io
