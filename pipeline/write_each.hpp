/// \file
/// Several outputs of one piece of work: each is written in spite of the others' failures.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace zspex::pipeline {

/// One output of several.
struct Output {
  std::string path;
  std::function<void()> write;  ///< whole or not at all
};

/// Writes them in their order, the small and precious first: where the disk fills up, it is the others that miss.
/// \throws Error with the messages of all that failed and the names of those that are written; the first one's code
void write_each(const std::vector<Output>& outputs);

}  // namespace zspex::pipeline
