#include "core/format.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace zspex {

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || !std::isfinite(seconds)) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  if (seconds < 3599.5) {
    const auto whole = std::lround(seconds);
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  const double minutes = std::round(seconds / 60), hours = std::floor(minutes / 60);
  return fmt::format("{:.0f} h {:02.0f} min", hours, minutes - 60 * hours);
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, units[unit]);
}

std::string counted(std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

std::size_t display_width(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string_view text, int width) {
  const std::size_t wanted = static_cast<std::size_t>(std::abs(width)), has = display_width(text);
  const std::string space(has < wanted ? wanted - has : 0, ' ');
  return width < 0 ? space + std::string(text) : std::string(text) + space;
}

}  // namespace zspex
