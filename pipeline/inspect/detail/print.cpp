#include "pipeline/inspect/detail/print.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <variant>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline::detail {

std::string number(double value, fmt::format_string<double> format) {
  return fmt::vformat(format, fmt::make_format_args(value));
}

void print_table(const std::vector<std::vector<std::string>>& rows, const std::vector<int>& align, int width,
                 std::ostream& out) {
  std::vector<std::size_t> widths(align.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && i + 1 == row.size() && static_cast<int>(display_width(line + " " + row[i])) > width) break;
      line += " " + padded(row[i], align[i] * static_cast<int>(widths[i])) + " ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    // Names come from the file and may be long; a line that wraps is worse than one that is cut.
    if (static_cast<int>(display_width(line)) > width) line = line.substr(0, static_cast<std::size_t>(width));
    out << line << "\n";
  }
}

std::string cell_text(const io::Column& column, std::size_t row, fmt::format_string<double> format) {
  return std::visit(
      [&](const auto& values) -> std::string {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, std::string>) {
          return values[row].empty() ? "-" : values[row];
        } else if constexpr (std::is_floating_point_v<T>) {
          return std::isnan(values[row]) ? "-" : number(static_cast<double>(values[row]), format);
        } else {
          return std::to_string(values[row]);
        }
      },
      column.values);
}

std::string row_text(const io::Table& table, std::size_t row, const std::vector<const char*>& columns, int width) {
  std::string out;
  for (const char* name : columns) {
    const io::Column* column = table.find(name);
    if (!column || row >= table.nrow || column->values_per_row() != 1) continue;
    const std::string more = fmt::format("{}{} {}", out.empty() ? "" : ", ", name, cell_text(*column, row));
    if (static_cast<int>(out.size() + more.size()) > width) break;
    out += more;
  }
  return out;
}

void need_row(const std::string& path, int row, std::size_t nrow) {
  if (row >= 0 && static_cast<std::size_t>(row) < nrow) return;
  if (nrow == 0) throw FileError(path, "", fmt::format("expected a row, found --row {}. The file has none.", row));
  throw FileError(path, "",
                  fmt::format("expected a row from 0 to {}, found --row {}. The first is row 0.", nrow - 1, row));
}

terminal::PlotStyle plot_style(const Screen& screen, const std::string& unit) {
  terminal::PlotStyle style;
  style.width = screen.width;
  style.unicode = screen.unicode;
  style.x_label = "wavelength (Angstrom)";
  style.y_label = unit.empty() ? "flux" : unit;
  return style;
}

void print_statistics(const FrameStatistics& statistics, const std::string& unit, bool has_chi2pix, std::ostream& out) {
  out << "  median flux " << number(statistics.median_flux) << " " << unit << ", median S/N of a bin "
      << number(statistics.median_snr, "{:.3g}")
      << (has_chi2pix ? ", median chi2pix " + number(statistics.median_chi2pix, "{:.3f}") : "") << "\n  masked "
      << number(100 * statistics.masked_fraction, "{:.2f}") << " % of " << statistics.nbin
      << " bins, without information " << number(100 * statistics.empty_fraction, "{:.2f}") << " %";
  if (statistics.ndead > 0) out << ", " << statistics.ndead << " spectra without a good bin";
  out << "\n";
}

}  // namespace zspex::pipeline::detail
