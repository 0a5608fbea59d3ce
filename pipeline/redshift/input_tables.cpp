#include "pipeline/redshift/input_tables.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "io/spectra.hpp"

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

template <class T>
io::Column column_of(std::string name, char code, std::vector<T> values, std::string description) {
  io::Column column;
  column.name = std::move(name);
  column.code = code;
  column.values = std::move(values);
  column.description = std::move(description);
  return column;
}

bool is_tsnr2(const io::Column& column) { return column.name.starts_with("TSNR2_"); }

/// The rows of exposures of all files, and what becomes of them.
class Exposures {
 public:
  void add(const io::SpectraFile& file, std::vector<std::string>& warnings);
  bool empty() const { return !rows_; }

  /// One row a target.
  io::Table fibermap() const;
  /// One row an exposure of a target, though each of its cameras may have a file.
  const io::Table& exp_fibermap() const { return *rows_; }
  std::optional<io::Table> tsnr2() const;
  std::multimap<std::int64_t, kernels::FiberState> states() const;

 private:
  struct Target {
    std::size_t first = 0;  ///< row
    Ids status;             ///< of each exposure
    kernels::FiberState state;
    std::map<std::string, double> tsnr2;
  };
  void add_scores(const io::Table& scores, const io::SpectraFile& file);

  std::optional<io::Table> rows_;
  Ids order_;  ///< targets as they come
  std::map<std::int64_t, Target> targets_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> seen_;  ///< target and exposure; its place in `status`
};

void append(std::optional<io::Table>& to, const io::Table& more, const std::string& path,
            std::vector<std::string>& warnings) {
  if (!to) {
    to = more;
    return;
  }
  std::string names;
  for (const std::string& name : to->append(more)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty())
    warnings.push_back(to->name + ": expected the same columns in all files, found others in " + path +
                       "; left out: " + names);
}

void Exposures::add(const io::SpectraFile& file, std::vector<std::string>& warnings) {
  const io::Table& fibermap = file.fibermap;
  const Ids status = integers_or(fibermap, "FIBERSTATUS", file.path, 0);
  const auto objtype = objtypes(fibermap);
  // Without a number of its own each row of a file is an exposure.
  Ids exposure(fibermap.nrow);
  const auto header_expid = file.header.integer("EXPID");
  for (std::size_t i = 0; i < exposure.size(); ++i)
    exposure[i] = header_expid ? *header_expid : -static_cast<std::int64_t>(seen_.size() + i) - 1;
  if (fibermap.find("EXPID")) exposure = fibermap.integers("EXPID", file.path);
  std::vector<std::size_t> fresh;
  const std::size_t nbefore = rows_ ? rows_->nrow : 0;
  for (std::size_t i = 0; i < fibermap.nrow; ++i) {
    const std::int64_t id = file.targetid[i];
    const auto [at, is_new] = targets_.emplace(id, Target{});
    Target& target = at->second;
    if (is_new) {
      order_.push_back(id);
      target.first = nbefore + fresh.size();
      target.state.objtype = objtype[i];
    }
    const auto [seen, is_new_exposure] = seen_.emplace(std::pair(id, exposure[i]), target.status.size());
    if (is_new_exposure) {
      fresh.push_back(i);
      target.status.push_back(0);
    }
    target.status[seen->second] |= status[i];  // another camera may know more
  }
  if (file.scores) add_scores(*file.scores, file);
  append(rows_, fibermap.pick(fresh), file.path, warnings);
}

void Exposures::add_scores(const io::Table& scores, const io::SpectraFile& file) {
  for (const io::Column& column : scores.columns) {
    if (!is_tsnr2(column)) continue;
    const auto values = scores.numbers(column.name, file.path);
    for (std::size_t i = 0; i < values.size(); ++i) targets_.at(file.targetid[i]).tsnr2[column.name] += values[i];
  }
}

io::Table Exposures::fibermap() const {
  std::vector<std::size_t> rows;
  std::vector<std::int16_t> count;
  std::vector<std::int32_t> status;
  for (const std::int64_t id : order_) {
    const Target& target = targets_.at(id);
    rows.push_back(target.first);
    count.push_back(static_cast<std::int16_t>(target.status.size()));
    status.push_back(static_cast<std::int32_t>(coadded_fiberstatus(target.status)));
  }
  io::Table table = rows_->pick(rows);
  std::erase_if(table.columns, [](const io::Column& column) { return column.name == "FIBERSTATUS"; });
  table.columns.push_back(column_of("COADD_NUMEXP", 'I', std::move(count), "exposures of the target"));
  table.columns.push_back(column_of("COADD_FIBERSTATUS", 'J', std::move(status), "bits of its good exposures"));
  return table;
}

std::optional<io::Table> Exposures::tsnr2() const {
  std::set<std::string> names;
  for (const auto& [id, target] : targets_)
    for (const auto& [name, value] : target.tsnr2) names.insert(name);
  if (names.empty()) return std::nullopt;
  io::Table table;
  table.name = "TSNR2";
  table.nrow = order_.size();
  table.columns.push_back(column_of("TARGETID", 'K', order_, ""));
  std::map<std::string, std::vector<float>> over_cameras;  // TSNR2_<T> from TSNR2_<T>_<B>
  for (const std::string& name : names) {
    std::vector<float> values;
    for (const std::int64_t id : order_) {
      const auto& sums = targets_.at(id).tsnr2;
      const auto at = sums.find(name);
      values.push_back(at == sums.end() ? 0.0F : static_cast<float>(at->second));
    }
    if (name.ends_with("_B") || name.ends_with("_R") || name.ends_with("_Z")) {
      auto& total = over_cameras[name.substr(0, name.size() - 2)];
      total.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) total[i] += values[i];
    }
    table.columns.push_back(column_of(name, 'E', std::move(values), ""));
  }
  for (auto& [name, values] : over_cameras)
    if (names.count(name) == 0) table.columns.push_back(column_of(name, 'E', std::move(values), ""));
  return table;
}

std::multimap<std::int64_t, kernels::FiberState> Exposures::states() const {
  std::multimap<std::int64_t, kernels::FiberState> states;
  for (const auto& [id, target] : targets_) {
    kernels::FiberState state = target.state;
    state.status = coadded_fiberstatus(target.status);
    states.emplace(id, std::move(state));
  }
  return states;
}

io::Table tsnr2_of(const io::Table& scores) {
  io::Table table;
  table.name = "TSNR2";
  table.nrow = scores.nrow;
  for (const io::Column& column : scores.columns)
    if (column.name == "TARGETID" || is_tsnr2(column)) table.columns.push_back(column);
  return table;
}

void add_coadds(const io::SpectraFile& file, const std::set<std::int64_t>& wanted, InputTables& tables,
                std::optional<io::Table>& fibermap) {
  const Ids status = integers_or(file.fibermap, "COADD_FIBERSTATUS", file.path, 0);
  const auto objtype = objtypes(file.fibermap);
  for (std::size_t i = 0; i < file.targetid.size(); ++i)
    tables.states.emplace(file.targetid[i], kernels::FiberState{objtype[i], status[i]});
  append(fibermap, file.fibermap, file.path, tables.warnings);
  if (file.exp_fibermap)
    append(tables.exp_fibermap, keep_targets(*file.exp_fibermap, wanted, file.path), file.path, tables.warnings);
  if (file.scores && file.scores->find("TARGETID"))
    append(tables.tsnr2, tsnr2_of(*file.scores), file.path, tables.warnings);
}

}  // namespace

std::int64_t coadded_fiberstatus(const std::vector<std::int64_t>& status) {
  // What desispec's coadds of the cameras b, r and z reject an exposure for.
  constexpr std::array<std::int64_t, 3> bad = {7277316, 11471620, 19860228};
  std::int64_t common = -1, any = 0;
  bool some_good = false;
  for (const std::int64_t bits : status) {
    any |= bits;
    if (std::none_of(bad.begin(), bad.end(), [&](std::int64_t mask) { return (bits & mask) == 0; })) continue;
    some_good = true;
    common &= bits;
  }
  return some_good ? common : any;
}

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
    append(fibermap, exposures.fibermap(), "the files of exposures", tables.warnings);
    append(tables.exp_fibermap, exposures.exp_fibermap(), "the files of exposures", tables.warnings);
    if (const auto tsnr2 = exposures.tsnr2()) append(tables.tsnr2, *tsnr2, "the files of exposures", tables.warnings);
    tables.states.merge(exposures.states());
  }
  tables.fibermap = std::move(*fibermap);
  return tables;
}

}  // namespace zspex::pipeline
