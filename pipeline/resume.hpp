/// \file
/// Which outputs of an earlier run `--resume` keeps: those that are whole, and that this run would make again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/frame.hpp"

namespace zspex::pipeline {

/// Files as they are now, for Provenance::sources: a line each with name, bytes and time of change.
std::string describe_sources(const std::vector<std::string>& paths);

/// Why these outputs of one piece of work must be made again, a reason each; none if all may be kept.
/// \param now  version, revision, configuration and sources of this run
std::vector<std::string> reasons_to_redo(const std::vector<std::string>& outputs, const Provenance& now,
                                         std::string_view job);

/// Looks whether files with names of outputs are what others made and jobs read: frames, spectra and PSFs. A list with two inputs on a
/// line where there should be an input and an output would cost the second.
/// \throws FileError (exit code `output`) if there is one
void refuse_to_replace_inputs(const std::vector<std::string>& outputs);

/// Clears what dead writers left beside these outputs. \param notes  what was done, appended to
void clear_leftovers_of(const std::vector<std::string>& outputs, std::vector<std::string>& notes);

}  // namespace zspex::pipeline
