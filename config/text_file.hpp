/// \file
/// Text files as a whole: configurations and lists.
#pragma once

#include <cstddef>
#include <string>

namespace zspex::config {

/// What a file holds, without a byte order mark. A FITS file that is given by mistake is refused before it fills the memory.
/// \param what     it should be, for messages: "a configuration file"
/// \param largest  bytes that an honest one may have
/// \throws ConfigError when it can't be read, is a folder, a pipe or a device, larger, or no text
std::string read_text_file(const std::string& path, const std::string& what, std::size_t largest);

}  // namespace zspex::config
