#include "config/redshift_files.hpp"

#include <map>

#include "config/output_names.hpp"
#include "config/work_list.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {

using Files = std::vector<std::string>;

std::vector<std::pair<std::string, std::string*>> files_of(RedshiftConfig& run) {
  return {{"output", &run.output},
          {"details", &run.details},
          {"model", &run.model},
          {"priors", &run.priors},
          {"chi2_scan", &run.chi2_scan}};
}

namespace {

/// Files in folders, named after the first input of a run.
void name_files(RedshiftConfig& run) {
  const std::string& input = run.input.front();
  if (is_folder(run.output)) run.output = name_in_folder(run.output, "redrock", input, ".fits");
  if (is_folder(run.details)) run.details = name_in_folder(run.details, "rrdetails", input, ".h5");
  if (is_folder(run.model)) run.model = name_in_folder(run.model, "rrmodel", input, ".fits");
}

/// The run of one item alone. Details and models that are named beside the list, and aren't folders, go with the output there.
RedshiftConfig run_of_item(const RedshiftConfig& config, const ListItem& item) {
  RedshiftConfig run = config;
  run.input = item.of("input");
  if (!item.one_of("output").empty())
    for (std::string* file : {&run.details, &run.model})
      if (!is_folder(*file)) file->clear();
  for (const auto& [key, file] : files_of(run))
    if (std::string own = item.one_of(key); !own.empty()) *file = std::move(own);
  if (run.output.empty() && run.details.empty() && run.model.empty())
    throw ConfigError(item.where, "redshift.list",
                      "expected where the redshifts of " + run.input.front() +
                          " go, found nothing; name a file on the line, or a folder with -o");
  return run;
}

/// Adds the input of an item to the run that has its output.
void join(ListedRun& listed, RedshiftConfig more, const ListItem& item) {
  RedshiftConfig& run = listed.config;
  const auto ours = files_of(run), theirs = files_of(more);
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (*ours[i].second != *theirs[i].second)
      throw ConfigError(item.where, ours[i].first,
                        fmt::format("expected one for all files that go to {}, found \"{}\" and \"{}\"", run.output,
                                    *ours[i].second, *theirs[i].second));
  run.input.insert(run.input.end(), more.input.begin(), more.input.end());
  listed.where.resize(run.input.size(), item.where);
}

std::vector<ListedRun> runs_of_list(const RedshiftConfig& config) {
  static const ListForm form{
      "redshift.list", {"input", "output"}, 1, "COADD [OUTPUT]", {"details", "model", "priors", "chi2_scan"}};
  std::vector<ListedRun> runs;
  std::map<std::string, std::size_t> with_output;
  for (const ListItem& item : read_work_list(config.list, form)) {
    RedshiftConfig run = run_of_item(config, item);
    const bool alone = run.output.empty() || is_folder(run.output);
    const auto known = alone ? with_output.end() : with_output.find(run.output);
    if (known != with_output.end()) {
      join(runs[known->second], std::move(run), item);
      continue;
    }
    if (!alone) with_output.emplace(run.output, runs.size());
    Files where(run.input.size(), item.where);
    runs.push_back({std::move(run), std::move(where)});
  }
  for (ListedRun& run : runs) name_files(run.config);
  return runs;
}

}  // namespace

std::vector<ListedRun> all_runs_of(const RedshiftConfig& config) {
  if (!config.list.empty()) return runs_of_list(config);
  if (!is_folder(config.output) && !is_folder(config.details) && !is_folder(config.model)) return {{config, {}}};
  std::vector<ListedRun> runs;
  for (const std::string& input : config.input) {
    RedshiftConfig& run = runs.emplace_back(ListedRun{config, {}}).config;
    run.input = {input};
    name_files(run);
  }
  return runs;
}

std::vector<RedshiftConfig> runs_of(const RedshiftConfig& config) {
  std::vector<RedshiftConfig> runs;
  for (ListedRun& run : config.part.of(all_runs_of(config))) runs.push_back(std::move(run.config));
  return runs;
}

}  // namespace zspex::config
