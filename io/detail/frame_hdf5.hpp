/// \file
/// Names and small parts of layout version 1, shared by its writer, its reader and the summary.
#pragma once

#include <string>
#include <vector>

#include "io/detail/hdf5_reader.hpp"
#include "io/detail/hdf5_writer.hpp"
#include "io/frame.hpp"

namespace zspex::io::detail {

inline constexpr const char* format_attribute = "zspex_format";
inline constexpr const char* format_name = "results";
inline constexpr const char* version_attribute = "layout_version";
inline constexpr int layout_version = 1;

/// Refuses files that are not zspex's or of a later layout.
void check_layout(const Hdf5Reader& file);

void write_provenance(Hdf5Writer& file, const Provenance& provenance);
Provenance read_provenance(const Hdf5Reader& file);
void write_timing(Hdf5Writer& file, const std::vector<Timing>& timing);
std::vector<Timing> read_timing(const Hdf5Reader& file);

/// Cards as a table of key, value (as in FITS) and comment.
Table header_table(const Header& header);
Header header_from(const Table& table, const std::string& path);

}  // namespace zspex::io::detail
