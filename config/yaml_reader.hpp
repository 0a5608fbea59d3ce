/// \file
/// Reads configuration files and single values. Everything unknown is refused with its line and the nearest valid key.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace zspex::config {

/// Sets what the file says and leaves the rest. Sections of all jobs are read and checked.
/// \throws ConfigError "file:line: section.key: ..." when the file can't be read, is no YAML, holds an unknown or
///         repeated section or key, or a value of another type or range
void read_yaml_file(const std::string& path, Settings& settings);

/// The same for YAML text. \param name  stands for the file in messages
void read_yaml_text(const std::string& text, const std::string& name, Settings& settings);

/// All that a YAML text holds, with its lines. \param name  stands for the file in messages
Value parse_yaml_document(const std::string& text, const std::string& name);

/// One value in YAML's notation: `12`, `[a, b]`, `"text"`. Empty text is empty text.
Value parse_yaml_value(const std::string& text, const std::string& where);

}  // namespace zspex::config
