/// \file
/// Numbers, tables and rows as text, for all kinds of files.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "core/format.hpp"
#include "io/table.hpp"
#include "pipeline/inspect/screen.hpp"
#include "pipeline/inspect/statistics.hpp"
#include "pipeline/terminal/text_plot.hpp"

namespace zspex::pipeline::detail {

std::string number(double value, fmt::format_string<double> format = "{:.4g}");

/// Rows of text in columns as wide as their widest cell; align is 1 (left) or -1 (right). A last cell that does not fit
/// into `width` is left out.
void print_table(const std::vector<std::vector<std::string>>& rows, const std::vector<int>& align, int width,
                 std::ostream& out);

/// A value of a column that has one per row; "-" for one that is empty or not a number.
std::string cell_text(const io::Column& column, std::size_t row, fmt::format_string<double> format = "{:.6g}");

/// Some columns of a table's row, as "TARGETID 3917, FIBER 12". Left out are columns that are not there, and those at the
/// end that make it wider than `width`.
std::string row_text(const io::Table& table, std::size_t row, const std::vector<const char*>& columns, int width);

/// \throws FileError when there is no such row
void need_row(const std::string& path, int row, std::size_t nrow);

/// Of a spectrum, with `unit` on the vertical axis.
terminal::PlotStyle plot_style(const Screen& screen, const std::string& unit);

/// \param unit  of the flux
void print_statistics(const FrameStatistics& statistics, const std::string& unit, bool has_chi2pix, std::ostream& out);

}  // namespace zspex::pipeline::detail
