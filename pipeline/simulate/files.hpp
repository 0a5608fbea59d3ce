/// \file
/// Small files, and names of files in YAML.
#pragma once

#include <filesystem>
#include <string>

namespace zspex::pipeline::simulate {

/// Where a file is written before it gets its name. Like the names of io's writers, so that an interrupt removes it,
/// too.
std::filesystem::path aside_of(const std::filesystem::path& path);

/// A text file, whole or not at all. \throws FileError (exit code `output`)
void write_text(const std::string& path, const std::string& text);

/// A path as YAML writes it.
std::string quoted(const std::string& path);

}  // namespace zspex::pipeline::simulate
