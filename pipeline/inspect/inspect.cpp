#include "pipeline/inspect/inspect.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "config/base/error.hpp"
#include "io/results.hpp"
#include "io/truth.hpp"
#include "pipeline/inspect/statistics.hpp"
#include "pipeline/terminal/format.hpp"
#include "pipeline/terminal/text_plot.hpp"

namespace zspex::pipeline {
namespace {

using terminal::format_bytes;
using terminal::format_duration;
using terminal::padded;

std::string number(double value, const char* format = "%.4g") {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string out;
  for (std::size_t extent : shape) out += (out.empty() ? "" : " x ") + std::to_string(extent);
  return out;
}

/// Rows of text in columns as wide as their widest cell; align is 1 (left) or -1 (right). A last cell that does not fit
/// into `width` is left out.
void print_table(const std::vector<std::vector<std::string>>& rows, const std::vector<int>& align, int width,
                 std::ostream& out) {
  std::vector<std::size_t> widths(align.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], terminal::display_width(row[i]));
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && i + 1 == row.size() && static_cast<int>(terminal::display_width(line + " " + row[i])) > width) break;
      line += " " + padded(row[i], align[i] * static_cast<int>(widths[i])) + " ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    // Names come from the file and may be long; a line that wraps is worse than one that is cut.
    if (static_cast<int>(terminal::display_width(line)) > width) line = line.substr(0, static_cast<std::size_t>(width));
    out << line << "\n";
  }
}

void print_contents(const io::ResultsSummary& summary, const Screen& screen, std::ostream& out) {
  out << summary.path << "\n  " << io::to_string(summary.kind) << ", " << format_bytes(summary.file_bytes) << "\n";
  for (const io::FrameInfo& frame : summary.frames) {
    out << "  frame " << (frame.name.empty() ? "(unnamed)" : frame.name) << ": " << frame.nspec << " spectra, "
        << frame.nwave << " bins, " << number(frame.wavemin, "%.1f") << " to " << number(frame.wavemax, "%.1f")
        << " Angstrom\n";
  }
  if (summary.datasets.empty()) return;
  out << "\ncontents\n";
  std::vector<std::vector<std::string>> rows;
  std::string group;  // of HDF5: named once, above its datasets
  for (const io::DatasetInfo& dataset : summary.datasets) {
    const std::size_t slash = dataset.name.rfind('/');
    const bool inside = slash != std::string::npos && slash > 0;
    const std::string parent = inside ? dataset.name.substr(0, slash + 1) : "";
    if (inside && parent != group) rows.push_back({parent});
    group = parent;
    rows.push_back({inside ? "  " + dataset.name.substr(slash + 1) : dataset.name, shape_text(dataset.shape),
                    dataset.type, format_bytes(dataset.bytes),
                    // "1" is HDF5's word for no unit; tables say theirs in attributes of their own.
                    dataset.units == "1" || dataset.units.starts_with("see ") ? "" : dataset.units});
  }
  print_table(rows, {1, 1, 1, -1, 1}, screen.width, out);
}

void print_provenance(const io::Provenance& provenance, bool with_config, std::ostream& out) {
  out << "\nprovenance\n";
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) rows.push_back({name, value});
  };
  add("program",
      provenance.version.empty()
          ? ""
          : "zspex " + provenance.version + (provenance.revision.empty() ? "" : ", revision " + provenance.revision));
  add("command", provenance.command);
  add("started", provenance.started);
  add("finished", provenance.finished);
  add("host", provenance.host);
  add("ranks", std::to_string(provenance.nranks));
  add("strategy", provenance.strategy);
  add("kokkos", provenance.kokkos);
  add("mpi", provenance.mpi);
  for (const std::string& input : provenance.inputs) add("input", input);
  print_table(rows, {1, 1}, std::numeric_limits<int>::max(),
              out);  // paths and commands are there to be copied: not cut
  if (with_config && !provenance.config.empty()) out << "\nconfiguration\n" << provenance.config << "\n";
}

void print_timing(const std::vector<io::Timing>& timing, const Screen& screen, std::ostream& out) {
  out << "\ntiming\n";
  std::vector<std::vector<std::string>> rows = {
      {"stage", "step", "fastest", "median", "slowest", "read", "written", "memory"}};
  const auto bytes = [](std::uint64_t n) { return n == 0 ? std::string("-") : format_bytes(n); };
  for (const io::Timing& step : timing)
    rows.push_back({step.stage, step.step, format_duration(step.min_seconds), format_duration(step.median_seconds),
                    format_duration(step.max_seconds), bytes(step.bytes_read), bytes(step.bytes_written),
                    bytes(step.peak_memory)});
  print_table(rows, {1, 1, -1, -1, -1, -1, -1, -1}, screen.width, out);
}

void print_statistics(const FrameStatistics& statistics, bool has_chi2pix, std::ostream& out) {
  out << "  median flux " << number(statistics.median_flux) << " electron/Angstrom, median S/N of a bin "
      << number(statistics.median_snr, "%.3g")
      << (has_chi2pix ? ", median chi2pix " + number(statistics.median_chi2pix, "%.3f") : "") << "\n  masked "
      << number(100 * statistics.masked_fraction, "%.2f") << " % of " << statistics.nbin
      << " bins, without information " << number(100 * statistics.empty_fraction, "%.2f") << " %";
  if (statistics.ndead > 0) out << ", " << statistics.ndead << " spectra without a good bin";
  out << "\n";
}

/// Some columns of a fibermap's row, as "TARGETID 3917, FIBER 12". Left out are columns that are not there, and those
/// at the end that make it wider than `width`.
std::string row_text(const io::Table& table, std::size_t row, const std::vector<const char*>& columns, int width) {
  std::string out;
  for (const char* name : columns) {
    const io::Column* column = table.find(name);
    if (!column || row >= table.nrow || column->values_per_row() != 1) continue;
    const std::string value = std::visit(
        [&](const auto& values) -> std::string {
          using T = typename std::decay_t<decltype(values)>::value_type;
          if constexpr (std::is_same_v<T, std::string>)
            return values[row];
          else if constexpr (std::is_floating_point_v<T>)
            return number(static_cast<double>(values[row]), "%.6g");
          else
            return std::to_string(values[row]);
        },
        column->values);
    const std::string more = (out.empty() ? "" : ", ") + std::string(name) + " " + (value.empty() ? "-" : value);
    if (static_cast<int>(out.size() + more.size()) > width) break;
    out += more;
  }
  return out;
}

void need_row(const std::string& path, int row, std::size_t nspec) {
  if (row < 0 || static_cast<std::size_t>(row) >= nspec)
    throw FileError(path, "FLUX",
                    "expected a row from 0 to " + std::to_string(nspec - 1) + ", found --row " + std::to_string(row) +
                        ". The first spectrum is row 0.");
}

terminal::PlotStyle plot_style(const Screen& screen, const std::string& unit) {
  terminal::PlotStyle style;
  style.width = screen.width;
  style.unicode = screen.unicode;
  style.x_label = "wavelength (Angstrom)";
  style.y_label = unit.empty() ? "flux" : unit;
  return style;
}

void draw_frame_row(const io::Frame& frame, int row, const Screen& screen, std::ostream& out) {
  const auto ispec = static_cast<std::size_t>(row);
  out << "\nspectrum " << row << "\n";
  if (frame.fibermap)
    out << "  "
        << row_text(*frame.fibermap, ispec, {"TARGETID", "FIBER", "OBJTYPE", "FIBERSTATUS", "TARGET_RA", "TARGET_DEC"},
                    screen.width - 2)
        << "\n";
  print_statistics(frame_statistics(frame, ispec, 1), !frame.chi2pix.empty(), out);
  const auto flux = frame.flux.row(ispec);
  std::vector<std::uint8_t> good(flux.size());
  for (std::size_t i = 0; i < good.size(); ++i) good[i] = is_good(frame, ispec, i);
  out << "\n"
      << terminal::text_plot(frame.wave, std::vector<double>(flux.begin(), flux.end()), good,
                             plot_style(screen, "electron/Angstrom"));
}

void draw_truth_row(const io::Truth& truth, int row, const Screen& screen, std::ostream& out) {
  const auto ispec = static_cast<std::size_t>(row);
  out << "\nspectrum " << row << "\n";
  if (truth.table)
    out << "  "
        << row_text(*truth.table, ispec, {"TARGETID", "FIBER", "SPECTYPE", "SUBTYPE", "Z", "MAG_R", "OBJTYPE"},
                    screen.width - 2)
        << "\n";
  out << "\n"
      << terminal::text_plot(truth.wave, truth.flux.row(ispec), std::vector<std::uint8_t>(truth.wave.size(), 1),
                             plot_style(screen, "electron/Angstrom, target and sky"));
}

/// The frame that is asked for, or the first of several.
std::optional<io::Frame> load_frame(const io::ResultsSummary& summary, const std::string& name) {
  if (summary.kind == io::FileKind::frame_fits) return io::read_frame_fits(summary.path);
  if (summary.kind != io::FileKind::results_hdf5 || summary.frames.empty()) return std::nullopt;
  return io::read_frame_hdf5(summary.path, name.empty() ? summary.frames.front().name : name);
}

}  // namespace

Screen screen_of_output() { return {terminal::terminal_width(1), terminal::locale_is_utf8()}; }

void run_inspect(const config::InspectConfig& config, const config::JobConfig& job, const Screen& screen,
                 std::ostream& out) {
  Screen shown = screen;
  if (config.width > 0) shown.width = config.width;
  // All that can be wrong is found before the first line is printed.
  const io::ResultsSummary summary = io::read_summary(config.file);
  const std::optional<io::Frame> frame = load_frame(summary, config.frame);
  std::optional<io::Truth> truth;
  if (summary.kind == io::FileKind::truth) truth = io::read_truth(config.file);
  if (config.row) {
    if (!frame && !truth)
      throw ConfigError("inspect", "row",
                        "expected a file with spectra, found " + config.file + ": " + io::to_string(summary.kind) +
                            ". Leave out --row, or give a frame.");
    need_row(config.file, *config.row, frame ? frame->flux.extent(0) : truth->flux.extent(0));
  }

  if (job.verbosity >= 0) {
    print_contents(summary, shown, out);
    if (summary.provenance) print_provenance(*summary.provenance, job.verbosity > 0, out);
    if (!summary.timing.empty()) print_timing(summary.timing, shown, out);
    if (frame) {
      out << "\nspectra\n";
      print_statistics(frame_statistics(*frame, 0, frame->flux.extent(0)), !frame->chi2pix.empty(), out);
    }
    if (!config.row && (frame || truth)) out << "\nTo draw one: zspex inspect " << config.file << " --row 0\n";
  }
  if (config.row && frame) draw_frame_row(*frame, *config.row, shown, out);
  if (config.row && truth) draw_truth_row(*truth, *config.row, shown, out);
}

}  // namespace zspex::pipeline
