/// \file
/// A part of the runs of a list: what one of several jobs does.
#pragma once

#include <cstddef>
#include <vector>

namespace zspex::config {

/// The index-th of count parts, from 1: every count-th run of a list, so that neighbors, which often are alike, are dealt out.
struct Part {
  int index = 1, count = 1;

  bool has(std::size_t run) const {
    return run % static_cast<std::size_t>(count) == static_cast<std::size_t>(index - 1);
  }
  /// The place among all runs of one of its own.
  std::size_t place_of(std::size_t own) const {
    return own * static_cast<std::size_t>(count) + static_cast<std::size_t>(index - 1);
  }
  /// Those of all runs that belong to it, in their order.
  template <class Run>
  std::vector<Run> of(const std::vector<Run>& all) const {
    std::vector<Run> mine;
    for (std::size_t run = 0; run < all.size(); ++run)
      if (has(run)) mine.push_back(all[run]);
    return mine;
  }
};

}  // namespace zspex::config
