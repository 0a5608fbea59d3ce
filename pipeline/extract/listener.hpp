/// \file
/// What the user sees while frames are extracted.
#pragma once

#include <iosfwd>

#include "pipeline/extract/frame_runner.hpp"
#include "pipeline/terminal/progress.hpp"

namespace zspex::pipeline {

/// Errors and warnings on `err`, a line for each frame and the progress of all on `out`.
/// \param nframe  frames of this group
/// \param mode    silent for groups other than the first: lines of two would mix
/// \param talk    false: only errors and warnings
Listener make_listener(std::ostream& out, std::ostream& err, std::size_t nframe, const terminal::Progress::Style& style,
                       bool talk);

}  // namespace zspex::pipeline
