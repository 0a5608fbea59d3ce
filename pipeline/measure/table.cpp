#include "pipeline/measure/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <sstream>

#include "core/format.hpp"

namespace zspex::pipeline::measure {
namespace {

constexpr int name_columns = 29, value_columns = 8, unit_columns = 14, bar_columns = 14;

std::string bar(double part, bool unicode) {
  static constexpr std::array parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(8 * bar_columns * std::clamp(part, 0.0, 1.0)));
  if (!unicode) return std::string(static_cast<std::size_t>((eighths + 4) / 8), '#');
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  return text + parts[static_cast<std::size_t>(eighths % 8)];
}

/// Words in lines that begin with some blanks.
void print_words(const std::string& text, int indent, int width, std::ostream& out) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && indent + static_cast<int>(display_width(line + " " + word)) > width) {
      out << std::string(static_cast<std::size_t>(indent), ' ') << line << "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) out << std::string(static_cast<std::size_t>(indent), ' ') << line << "\n";
}

}  // namespace

std::string digits(double value) {
  if (!std::isfinite(value)) return "?";
  const double size = std::abs(value);
  if (size >= 99.95) return fmt::format("{:.0f}", value);
  if (size > 0 && size < 1e-4) return fmt::format("{:.1e}", value);
  return fmt::format("{:.3g}", value);
}

void print(const Section& section, const Screen& screen, std::ostream& out) {
  out << "\n" << section.title << "\n";
  for (const Row& row : section.rows) {
    std::string line = "  " + padded(row.name, name_columns) + " " +
                       padded((row.scaled ? "~ " : "") + row.value, -value_columns) + " " +
                       padded(row.unit, unit_columns);
    if (row.bar && static_cast<int>(display_width(line)) + 1 + bar_columns <= screen.width)
      line += " " + padded(bar(*row.bar, screen.unicode), bar_columns);
    const bool fits = static_cast<int>(display_width(line + " " + row.note)) <= screen.width;
    if (fits && !row.note.empty()) line += " " + row.note;
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
    if (!fits) print_words(row.note, 6, screen.width, out);
  }
  for (const std::string& remark : section.remarks) print_words(remark, 2, screen.width, out);
  out.flush();
}

}  // namespace zspex::pipeline::measure
