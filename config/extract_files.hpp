/// \file
/// The frames of a list.
#pragma once

#include <string>
#include <vector>

#include "config/extract_config.hpp"

namespace zspex::config {

/// The same with the frames of its list (config/work_list.hpp), if it has one, as input, psf, output and model.
/// \param where  gets the line of each frame, "frames.txt:12"; empty without a list
/// \throws ConfigError for a list that can't be read, says something else, or leaves out what is not given beside it
ExtractConfig with_all_frames(const ExtractConfig& config, std::vector<std::string>* where = nullptr);

/// The same with those frames alone that belong to its part.
ExtractConfig with_frames_of_list(const ExtractConfig& config);

}  // namespace zspex::config
