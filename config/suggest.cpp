#include "config/suggest.hpp"

#include <algorithm>
#include <cctype>

#include "core/array.hpp"

namespace zspex::config {
namespace {

/// Typing differences that are none: case, and - for _.
std::string folded(std::string_view word) {
  std::string result(word);
  for (char& letter : result)
    letter = letter == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  Array2<std::size_t> distance({a.size() + 1, b.size() + 1});
  for (std::size_t i = 0; i <= a.size(); ++i) distance(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) distance(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t best = distance(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      best = std::min({best, distance(i - 1, j) + 1, distance(i, j - 1) + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, distance(i - 2, j - 2) + 1);
      distance(i, j) = best;
    }
  }
  return distance(a.size(), b.size());
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 64;  // no key is near to a page of text, and the table would be large
  if (word.size() > longest) return "";
  std::string result;
  // One in three letters wrong is a slip, more is another word.
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(folded(word), folded(candidate));
    if (distance < best && distance < candidate.size()) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::string near = nearest(word, candidates); !near.empty()) return "did you mean " + near + "?";
  std::string result = "valid are ";
  for (std::size_t i = 0; i < candidates.size(); ++i) result += (i == 0 ? "" : ", ") + candidates[i];
  return result;
}

}  // namespace zspex::config
