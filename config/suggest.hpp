/// \file
/// "Did you mean": the nearest of the words that would have been right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zspex::config {

/// Letters to insert, delete, replace or swap with their neighbor to make one word the other (optimal string
/// alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest candidate, whatever case and whether with - or _; the first of equals. Empty if none is near enough to
/// be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "did you mean nspec?", or "valid are a, b, c" if none is near.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace zspex::config
