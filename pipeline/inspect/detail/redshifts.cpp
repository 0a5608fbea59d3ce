#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <ostream>

#include "core/format.hpp"
#include "io/results.hpp"
#include "pipeline/inspect/detail/parts.hpp"
#include "pipeline/inspect/detail/print.hpp"

namespace zspex::pipeline::detail {
namespace {

/// Redrock's names of the bits of ZWARN.
constexpr std::array<const char*, 12> bit_names = {
    "SKY",           "LITTLE_COVERAGE", "SMALL_DELTA_CHI2",  "NEGATIVE_MODEL",
    "MANY_OUTLIERS", "Z_FITLIMIT",      "NEGATIVE_EMISSION", "UNPLUGGED",
    "BAD_TARGET",    "NODATA",          "BAD_MINFIT",        "POORDATA"};

std::string bits_text(std::int32_t zwarn) {
  std::string out;
  for (int bit = 0; bit < 32; ++bit) {
    if (((static_cast<std::uint32_t>(zwarn) >> bit) & 1u) == 0) continue;
    out += (out.empty() ? "" : " ") +
           (bit < static_cast<int>(bit_names.size()) ? bit_names[bit] : fmt::format("bit{}", bit));
  }
  return out.empty() ? "-" : out;
}

std::string full_type(const io::RedshiftRow& row) {
  return row.subtype.empty() ? row.spectype : row.spectype + ":::" + row.subtype;
}

/// One line per spectral type: how many, how many without warnings, and the range of their redshifts.
void print_types(const std::vector<io::RedshiftRow>& best, int width, std::ostream& out) {
  std::map<std::string, std::vector<const io::RedshiftRow*>> types;
  for (const auto& row : best) types[row.spectype].push_back(&row);
  std::vector<std::vector<std::string>> table = {{"type", "targets", "ZWARN = 0", "their redshifts"}};
  for (const auto& [type, rows] : types) {
    std::vector<double> z;
    for (const auto* row : rows)
      if (row->zwarn == 0) z.push_back(row->z);
    const auto range = std::minmax_element(z.begin(), z.end());
    table.push_back({type.empty() ? "-" : type, std::to_string(rows.size()), std::to_string(z.size()),
                     z.empty() ? "-" : number(*range.first, "{:.4f}") + " to " + number(*range.second, "{:.4f}")});
  }
  print_table(table, {1, -1, -1, 1}, width, out);
}

void print_warnings(const std::vector<io::RedshiftRow>& best, std::ostream& out) {
  std::map<int, int> count;  // by bit
  for (const auto& row : best)
    for (int bit = 0; bit < 32; ++bit)
      count[bit] += static_cast<int>((static_cast<std::uint32_t>(row.zwarn) >> bit) & 1u);
  std::string line;
  for (const auto& [bit, n] : count)
    if (n > 0)
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", bits_text(static_cast<std::int32_t>(1u << bit)), n);
  out << "  ZWARN: " << (line.empty() ? "none" : line) << "\n";
}

}  // namespace

RedshiftView::RedshiftView(const std::string& path, std::optional<int> row) : best_(io::read_redshifts(path)) {
  if (!row) return;
  need_row(path, *row, best_.size());
  row_ = *row;
  const io::RedshiftRow& best = best_[static_cast<std::size_t>(row_)];
  minima_ = {best};
  if (io::read_summary(path).kind == io::FileKind::redshifts_fits) return;
  minima_ = io::read_zfit(path, best.targetid);
  const auto types = io::zscan_types(path);
  // With archetypes the subtype is no template's.
  if (std::find(types.begin(), types.end(), full_type(best)) != types.end())
    scan_ = io::read_zscan(path, full_type(best), {best.targetid});
}

void RedshiftView::print(const Screen& screen, std::ostream& out) const {
  out << "\nredshifts\n";
  print_types(best_, screen.width, out);
  print_warnings(best_, out);
}

void RedshiftView::draw(const Screen& screen, std::ostream& out) const {
  const io::RedshiftRow& best = best_[static_cast<std::size_t>(row_)];
  out << "\nredshifts of row " << row_ << "\n  TARGETID " << best.targetid << ", " << best.npixels << " pixels\n";
  std::vector<std::vector<std::string>> table = {{"z", "zerr", "type", "chi2", "deltachi2", "ZWARN", ""}};
  for (const auto& row : minima_)
    table.push_back({number(row.z, "{:.6f}"), number(row.zerr, "{:.1e}"), full_type(row), number(row.chi2, "{:.1f}"),
                     number(row.deltachi2, "{:.1f}"), std::to_string(row.zwarn), bits_text(row.zwarn)});
  print_table(table, {-1, -1, 1, -1, -1, -1, 1}, screen.width, out);
  if (!scan_) return;
  std::vector<double> chi2;
  std::vector<std::uint8_t> good;
  for (std::size_t iz = 0; iz < scan_->redshifts.size(); ++iz) {
    chi2.push_back(static_cast<double>(scan_->zchi2(0, iz)) + static_cast<double>(scan_->penalty(0, iz)));
    good.push_back(std::isfinite(chi2.back()));
  }
  terminal::PlotStyle style = plot_style(screen, "chi2 of the scan with " + scan_->full_type);
  style.x_label = "redshift";
  out << "\n" << terminal::text_plot(scan_->redshifts, chi2, good, style);
}

}  // namespace zspex::pipeline::detail
