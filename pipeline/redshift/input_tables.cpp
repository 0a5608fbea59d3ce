#include "pipeline/redshift/input_tables.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>
#include <tuple>

#include "io/spectra.hpp"
#include "pipeline/redshift/coadd_fibermap.hpp"
#include "pipeline/redshift/fibermap_columns.hpp"

namespace zspex::pipeline {
namespace {

using Ids = std::vector<std::int64_t>;

/// A column's integers, or as many of `otherwise`.
Ids integers_or(const io::Table& table, const char* column, const std::string& path, std::int64_t otherwise) {
  return table.find(column) ? table.integers(column, path) : Ids(table.nrow, otherwise);
}

std::vector<std::string> objtypes(const io::Table& fibermap) {
  const io::Column* column = fibermap.find("OBJTYPE");
  if (!column || column->code != 'A') return std::vector<std::string>(fibermap.nrow, kernels::FiberState{}.objtype);
  return std::get<std::vector<std::string>>(column->values);
}

io::Table keep_targets(const io::Table& table, const std::set<std::int64_t>& targets, const std::string& path) {
  const Ids ids = table.integers("TARGETID", path);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (targets.count(ids[i]) != 0) rows.push_back(i);
  return table.pick(rows);
}

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

bool is_tsnr2(const io::Column& column) { return column.name.starts_with("TSNR2_"); }

template <class T>
io::Column column_of(std::string name, char code, std::vector<T> values) {
  return {.name = std::move(name), .code = code, .values = std::move(values)};
}

/// What the headers of a file tell of its exposure, as columns where FIBERMAP hasn't got them.
void name_exposure(io::Table& fibermap, const io::Header& header) {
  const auto number = [&](const char* key) {
    const auto value = header.number(key);
    return value ? value : fibermap.header.number(key);
  };
  for (const char* name : {"NIGHT", "EXPID"})
    if (const auto value = number(name); value && !fibermap.find(name))
      fibermap.columns.push_back(
          column_of(name, 'J', std::vector<std::int32_t>(fibermap.nrow, static_cast<std::int32_t>(*value))));
  const auto begin = number("MJD-OBS"), mjd = begin ? begin : number("MJD");
  if (mjd && !fibermap.find("MJD"))
    fibermap.columns.push_back(column_of("MJD", 'D', std::vector<double>(fibermap.nrow, *mjd)));
  if (const auto tile = number("TILEID"); tile && !fibermap.find("TILEID"))
    fibermap.columns.push_back(
        column_of("TILEID", 'J', std::vector<std::int32_t>(fibermap.nrow, static_cast<std::int32_t>(*tile))));
  if (const auto seconds = number("EXPTIME"); seconds && !fibermap.find("EXPTIME"))
    fibermap.columns.push_back(column_of("EXPTIME", 'D', std::vector<double>(fibermap.nrow, *seconds)));
}

/// The rows of exposures of all files, and what becomes of them.
class Exposures {
 public:
  void add(const io::SpectraFile& file, std::vector<std::string>& warnings);
  bool empty() const { return !rows_; }

  /// One row per exposure of a target, though each of its cameras may have a file: the row of the first camera by name, with
  /// the FIBERSTATUS of all.
  io::Table fibermap() const;
  /// One row per target.
  std::optional<io::Table> tsnr2() const;

 private:
  struct Exposure {
    std::size_t row = 0;  ///< of rows_
    std::string camera;   ///< it is from
    std::int64_t status = 0;
  };
  /// A target, an exposure of it, and which of a file's rows of that exposure.
  using Key = std::tuple<std::int64_t, std::int64_t, int>;
  void add_scores(const io::Table& scores, const io::SpectraFile& file);

  std::optional<io::Table> rows_;
  std::vector<Exposure> exposures_;                              ///< as they come
  std::map<Key, std::size_t> seen_;                              ///< place in exposures_
  Ids order_;                                                    ///< targets as they come
  std::map<std::int64_t, std::map<std::string, float>> scores_;  ///< sums, in single precision as desispec's
  std::vector<std::string> score_names_;                         ///< as they come
};

void append(std::optional<io::Table>& to, const io::Table& more, const std::string& path,
            std::vector<std::string>& warnings) {
  if (!to) {
    to = more;
    return;
  }
  if (const auto names = to->append(more); !names.empty())
    warnings.push_back(fmt::format("{}: expected the same columns in all files, found others in {}; left out: {}",
                                   to->name, path, fmt::join(names, ", ")));
}

void Exposures::add(const io::SpectraFile& file, std::vector<std::string>& warnings) {
  io::Table fibermap = file.fibermap;
  name_exposure(fibermap, file.header);
  const Ids status = integers_or(fibermap, "FIBERSTATUS", file.path, 0);
  Ids expid;
  if (fibermap.find("EXPID")) expid = fibermap.integers("EXPID", file.path);
  const std::string camera = file.header.text("CAMERA").value_or("").substr(0, 1);
  const std::size_t before = rows_ ? rows_->nrow : 0, seen_before = seen_.size();
  std::map<std::pair<std::int64_t, std::int64_t>, int> in_file;
  for (std::size_t i = 0; i < fibermap.nrow; ++i) {
    const std::int64_t id = file.targetid[i];
    // Without a number of its own each row of a file is an exposure.
    const std::int64_t exposure = expid.empty() ? -static_cast<std::int64_t>(seen_before + i) - 1 : expid[i];
    const auto [at, is_new] = seen_.emplace(Key(id, exposure, in_file[{id, exposure}]++), exposures_.size());
    if (scores_.try_emplace(id).second) order_.push_back(id);
    if (is_new) exposures_.push_back({before + i, camera, 0});
    Exposure& known = exposures_[at->second];
    known.status |= status[i];  // another camera may know more
    if (lower(camera) >= lower(known.camera)) continue;
    known.row = before + i;
    known.camera = camera;
  }
  if (file.scores) add_scores(*file.scores, file);
  append(rows_, fibermap, file.path, warnings);
}

void Exposures::add_scores(const io::Table& scores, const io::SpectraFile& file) {
  for (const io::Column& column : scores.columns) {
    if (!is_tsnr2(column)) continue;
    if (std::find(score_names_.begin(), score_names_.end(), column.name) == score_names_.end())
      score_names_.push_back(column.name);
    const auto values = scores.numbers(column.name, file.path);
    for (std::size_t i = 0; i < values.size(); ++i)
      scores_.at(file.targetid[i])[column.name] += static_cast<float>(values[i]);
  }
}

io::Table Exposures::fibermap() const {
  std::vector<std::size_t> rows;
  Ids status;
  bool is_wide = false;
  for (const Exposure& exposure : exposures_) {
    rows.push_back(exposure.row);
    status.push_back(exposure.status);
    is_wide = is_wide || exposure.status > std::numeric_limits<std::int32_t>::max();
  }
  io::Table table = rows_->pick(rows);
  if (!table.find("FIBERSTATUS")) table.columns.push_back({.name = "FIBERSTATUS"});
  io::Column& column = *table.find("FIBERSTATUS");
  column = is_wide ? column_of(column.name, 'K', std::move(status))
                   : column_of(column.name, 'J', std::vector<std::int32_t>(status.begin(), status.end()));
  return table;
}

std::optional<io::Table> Exposures::tsnr2() const {
  if (score_names_.empty()) return std::nullopt;
  io::Table table;
  table.name = "TSNR2";
  table.nrow = order_.size();
  table.columns.push_back(column_of("TARGETID", 'K', order_));
  const auto add = [&](const std::string& name, std::vector<float> values) {
    table.columns.push_back(column_of(name, 'E', std::move(values)));
  };
  // Sums over the cameras, TSNR2_<T> of TSNR2_<T>_<B>, come last.
  std::vector<std::pair<std::string, std::vector<float>>> totals, own;
  for (const std::string& name : score_names_) {
    std::vector<float> values;
    for (const std::int64_t id : order_) {
      const auto& sums = scores_.at(id);
      const auto at = sums.find(name);
      values.push_back(at == sums.end() ? 0.0F : at->second);
    }
    if (name.ends_with("_B") || name.ends_with("_R") || name.ends_with("_Z")) {
      const std::string type = name.substr(0, name.size() - 2);
      auto total = std::ranges::find(totals, type, [](const auto& one) { return one.first; });
      if (total == totals.end()) total = totals.insert(total, {type, std::vector<float>(values.size())});
      for (std::size_t i = 0; i < values.size(); ++i) total->second[i] += values[i];
      add(name, std::move(values));
    } else {
      own.emplace_back(name, std::move(values));
    }
  }
  for (auto& total : own)
    if (std::ranges::find(totals, total.first, [](const auto& one) { return one.first; }) == totals.end())
      totals.push_back(std::move(total));
  for (auto& [name, values] : totals) add(name, std::move(values));
  return table;
}

io::Table tsnr2_of(const io::Table& scores) {
  io::Table table;
  table.name = "TSNR2";
  table.nrow = scores.nrow;
  for (const io::Column& column : scores.columns)
    if (column.name == "TARGETID" || is_tsnr2(column)) table.columns.push_back(column);
  return table;
}

void add_states(const io::Table& fibermap, const std::string& path, InputTables& tables) {
  const Ids targetid = fibermap.integers("TARGETID", path),
            status = integers_or(fibermap, fibermap.find("COADD_FIBERSTATUS") ? "COADD_FIBERSTATUS" : "FIBERSTATUS",
                                 path, 0);
  const auto objtype = objtypes(fibermap);
  for (std::size_t i = 0; i < targetid.size(); ++i)
    tables.states.emplace(targetid[i], kernels::FiberState{objtype[i], status[i]});
}

void add_coadds(const io::SpectraFile& file, const std::set<std::int64_t>& wanted, InputTables& tables,
                std::optional<io::Table>& fibermap) {
  add_states(file.fibermap, file.path, tables);
  append(fibermap, file.fibermap, file.path, tables.warnings);
  if (file.exp_fibermap)
    append(tables.exp_fibermap, keep_targets(*file.exp_fibermap, wanted, file.path), file.path, tables.warnings);
  if (file.scores && file.scores->find("TARGETID"))
    append(tables.tsnr2, tsnr2_of(*file.scores), file.path, tables.warnings);
}

}  // namespace

InputTables read_input_tables(const config::RedshiftConfig& config, const TargetList& targets) {
  const std::set<std::int64_t> wanted(targets.targetid.begin(), targets.targetid.end());
  InputTables tables;
  Exposures exposures;
  std::optional<io::Table> fibermap;
  bool first = true;
  for (std::size_t ifile = 0; ifile < config.input.size(); ++ifile) {
    const std::string& path = config.input[ifile];
    const auto rows = targets.rows_of(static_cast<int>(ifile));
    if (rows.empty()) continue;
    const auto file = io::read_spectra_tables(path, rows);
    if (first) tables.header = file.header;
    first = false;
    const bool uncoadded = file.kind == io::SpectraKind::spectra || file.kind == io::SpectraKind::cframe;
    if (uncoadded)
      exposures.add(file, tables.warnings);
    else
      add_coadds(file, wanted, tables, fibermap);
  }
  if (!exposures.empty()) {
    const CoaddedFibermap coadded = coadd_fibermap(exposures.fibermap(), config.input.front());
    add_states(coadded.fibermap, config.input.front(), tables);
    append(fibermap, coadded.fibermap, "the files of exposures", tables.warnings);
    append(tables.exp_fibermap, coadded.exp_fibermap, "the files of exposures", tables.warnings);
    if (const auto tsnr2 = exposures.tsnr2()) append(tables.tsnr2, *tsnr2, "the files of exposures", tables.warnings);
  }
  tables.fibermap = std::move(*fibermap);
  annotate_fibermap(tables.fibermap);
  if (tables.exp_fibermap) annotate_fibermap(*tables.exp_fibermap);
  return tables;
}

}  // namespace zspex::pipeline
