/// \file
/// Names of files in YAML.
#pragma once

#include <string>

namespace zspex::simulate {

/// A path as YAML writes it.
std::string quoted(const std::string& path);

}  // namespace zspex::simulate
