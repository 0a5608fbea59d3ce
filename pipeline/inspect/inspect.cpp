#include "pipeline/inspect/inspect.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/harmless.hpp"
#include "io/results.hpp"
#include "io/truth.hpp"
#include "pipeline/inspect/detail/parts.hpp"
#include "pipeline/inspect/detail/print.hpp"
#include "pipeline/inspect/statistics.hpp"
#include "pipeline/terminal/text_plot.hpp"

namespace zspex::pipeline {
namespace {

using detail::need_row;
using detail::number;
using detail::plot_style;
using detail::print_statistics;
using detail::print_table;
using detail::row_text;

constexpr const char* frame_unit = "electron/Angstrom";

std::string shape_text(const std::vector<std::size_t>& shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

void print_contents(const io::ResultsSummary& summary, const Screen& screen, std::ostream& out) {
  out << summary.path << "\n  " << io::to_string(summary.kind) << ", " << format_bytes(summary.file_bytes) << "\n";
  for (const io::FrameInfo& frame : summary.frames) {
    out << "  frame " << (frame.name.empty() ? "(unnamed)" : frame.name) << ": " << frame.nspec << " spectra, "
        << frame.nwave << " bins, " << number(frame.wavemin, "{:.1f}") << " to " << number(frame.wavemax, "{:.1f}")
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

void print_provenance(const Provenance& provenance, bool with_config, std::ostream& out) {
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

void print_timing(const std::vector<Timing>& timing, const Screen& screen, std::ostream& out) {
  out << "\ntiming\n";
  std::vector<std::vector<std::string>> rows = {
      {"stage", "step", "fastest", "median", "slowest", "read", "written", "memory"}};
  const auto bytes = [](std::uint64_t n) { return n == 0 ? std::string("-") : format_bytes(n); };
  for (const Timing& step : timing)
    rows.push_back({step.stage, step.step, format_duration(step.min_seconds), format_duration(step.median_seconds),
                    format_duration(step.max_seconds), bytes(step.bytes_read), bytes(step.bytes_written),
                    bytes(step.peak_memory)});
  print_table(rows, {1, 1, -1, -1, -1, -1, -1, -1}, screen.width, out);
}

/// Columns of a table under other names: one line per row, up to a number of them.
using Headings = std::vector<std::pair<const char*, const char*>>;
void print_rows(const io::Table& table, const Headings& headings, const Screen& screen, std::ostream& out) {
  constexpr std::size_t most = 64;
  const std::size_t nrow = std::min(table.nrow, most);
  out << "\n" << table.name << "\n";
  std::vector<std::vector<std::string>> rows(nrow + 1);
  std::vector<int> align;
  for (const auto& [name, heading] : headings) {
    const io::Column* column = table.find(name);
    if (!column || column->values_per_row() != 1) continue;
    align.push_back(std::holds_alternative<std::vector<std::string>>(column->values) ? 1 : -1);
    rows.front().push_back(heading);
    for (std::size_t i = 0; i < nrow; ++i) rows[i + 1].push_back(detail::cell_text(*column, i, "{:.4g}"));
  }
  print_table(rows, align, screen.width, out);
  if (table.nrow > most) out << "  and " << table.nrow - most << " more\n";
}

/// What is told of the run: which rank did what, and what was predicted.
void print_run(const std::vector<io::Table>& run, const Screen& screen, std::ostream& out) {
  static const Headings ranks = {{"node", "node"},
                                 {"device", "GPU"},
                                 {"targets", "targets"},
                                 {"busy", "busy (s)"},
                                 {"idle", "idle (s)"},
                                 {"memory_planned", "planned (MiB)"},
                                 {"memory_peak", "peak (MiB)"}};
  static const Headings strategies = {{"strategy", "strategy"},      {"chosen", "chosen"},   {"total", "predicted (s)"},
                                      {"actual_total", "taken (s)"}, {"node", "node (MiB)"}, {"gpu", "GPU (MiB)"},
                                      {"rounds", "rounds"}};
  for (const io::Table& table : run) print_rows(table, table.name == "ranks" ? ranks : strategies, screen, out);
}

void draw_frame_row(const io::Frame& frame, int row, const Screen& screen, std::ostream& out) {
  const auto ispec = static_cast<std::size_t>(row);
  out << "\nspectrum " << row << "\n";
  if (frame.fibermap)
    out << "  "
        << row_text(*frame.fibermap, ispec, {"TARGETID", "FIBER", "OBJTYPE", "FIBERSTATUS", "TARGET_RA", "TARGET_DEC"},
                    screen.width - 2)
        << "\n";
  print_statistics(frame_statistics(frame, ispec, 1), frame_unit, !frame.chi2pix.empty(), out);
  const auto flux = frame.flux.row(ispec);
  std::vector<std::uint8_t> good(flux.size());
  for (std::size_t i = 0; i < good.size(); ++i) good[i] = is_good(frame, ispec, i);
  out << "\n"
      << terminal::text_plot(frame.wave, std::vector<double>(flux.begin(), flux.end()), good,
                             plot_style(screen, frame_unit));
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

/// Kinds that io::read_spectra() reads.
bool has_spectra(io::FileKind kind) {
  using io::FileKind;
  return kind == FileKind::coadd || kind == FileKind::spectra || kind == FileKind::cframe || kind == FileKind::sdss;
}

/// What a file holds, as far as it is shown.
struct Contents {
  io::ResultsSummary summary;
  std::optional<io::Frame> frame;
  std::optional<io::Truth> truth;
  std::optional<detail::SpectraView> spectra;
  std::optional<detail::RedshiftView> redshifts;
};

/// All that can be wrong is found here, before the first line is printed.
Contents load(const config::InspectConfig& config) {
  Contents out;
  out.summary = io::read_summary(config.file);
  out.frame = load_frame(out.summary, config.frame);
  if (out.summary.kind == io::FileKind::truth) out.truth = io::read_truth(config.file);
  if (has_spectra(out.summary.kind)) out.spectra.emplace(config.file, config.row);
  if (out.summary.has_redshifts) out.redshifts.emplace(config.file, config.row);
  if (!config.row) return out;
  if (out.frame || out.truth)
    need_row(config.file, *config.row, out.frame ? out.frame->flux.extent(0) : out.truth->flux.extent(0));
  else if (!out.spectra && !out.redshifts)
    throw ConfigError(
        "inspect", "row",
        fmt::format("expected a file with spectra or redshifts, found {}: {}. Leave out --row, or give another file.",
                    config.file, io::to_string(out.summary.kind)));
  return out;
}

}  // namespace

void run_inspect(const config::InspectConfig& config, const config::JobConfig& job, const Screen& screen,
                 std::ostream& out) {
  Screen shown = screen;
  if (config.width > 0) shown.width = config.width;
  io::need_harmless(config.file, [&] { (void)load(config); });
  const auto [summary, frame, truth, spectra, redshifts] = load(config);
  const bool has_rows = frame || truth || spectra || redshifts;

  if (job.verbosity >= 0) {
    print_contents(summary, shown, out);
    for (const std::string& note : summary.notes) out << "warning: " << note << "\n";
    if (summary.provenance) print_provenance(*summary.provenance, job.verbosity > 0, out);
    if (!summary.timing.empty()) print_timing(summary.timing, shown, out);
    print_run(summary.run, shown, out);
    if (frame) {
      out << "\nspectra\n";
      print_statistics(frame_statistics(*frame, 0, frame->flux.extent(0)), frame_unit, !frame->chi2pix.empty(), out);
    }
    if (spectra) spectra->print(out);
    if (redshifts) redshifts->print(shown, out);
    if (!config.row && has_rows) out << "\nTo see one: zspex inspect " << config.file << " --row 0\n";
  }
  if (!config.row) return;
  if (frame) draw_frame_row(*frame, *config.row, shown, out);
  if (truth) draw_truth_row(*truth, *config.row, shown, out);
  if (spectra) spectra->draw(shown, out);
  if (redshifts) redshifts->draw(shown, out);
}

}  // namespace zspex::pipeline
