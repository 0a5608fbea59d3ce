#include "config/check.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/extract_files.hpp"
#include "config/output_names.hpp"
#include "config/redshift_files.hpp"
#include "config/schema.hpp"
#include "config/yaml_reader.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "core/real_path.hpp"

namespace zspex::config {
namespace {

using Files = std::vector<std::string>;

/// Refuses in the name of one key of a section.
class Checker {
 public:
  Checker(std::string section, const Origins& origins) : section_(std::move(section)), origins_(origins) {}

  template <class... Args>
  void require(bool holds, const std::string& key, fmt::format_string<Args...> what, Args&&... args) const {
    require_at("", holds, key, what, std::forward<Args>(args)...);
  }
  /// \param place  the line of a list that says it; empty: where the key was set
  template <class... Args>
  void require_at(const std::string& place, bool holds, const std::string& key, fmt::format_string<Args...> what,
                  Args&&... args) const {
    if (!holds)
      throw ConfigError(place.empty() ? where(key) : place, section_ + "." + key,
                        fmt::format(what, std::forward<Args>(args)...));
  }

  /// Each field by itself: written and read back through the schema.
  void check_fields(const Settings& settings) const {
    Settings scratch;
    for (const Field* field : fields_of(section_))
      field->set(scratch, parse_yaml_value(field->yaml(settings), where(field->key)));
  }

  void require_multiple(int value, const std::string& key, int divisor, const std::string& divisor_name) const {
    if (value % divisor == 0) return;
    const int below = value / divisor * divisor;
    require(false, key, "expected a multiple of {}, found {}; take {}{}", divisor_name, value,
            below > 0 ? fmt::format("{} or ", below) : "", below + divisor);
  }

 private:
  std::string where(const std::string& key) const {
    const auto origin = origins_.find(section_ + "." + key);
    return origin == origins_.end() ? "configuration" : origin->second;
  }

  std::string section_;
  const Origins& origins_;
};

bool ends_with_any(const std::string& name, const std::vector<std::string_view>& suffixes) {
  for (const std::string_view suffix : suffixes) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) return true;
  }
  return false;
}

/// What a list says of something, if there is one.
std::string place_of(const Files& places, std::size_t i) { return places.empty() ? "" : places.at(i); }

/// "output", or "output of list.txt:12"
std::string key_at(const std::string& key, const std::string& place) {
  return place.empty() ? key : key + " of " + place;
}

/// Files that are written: one per input, or one folder, each suffix known, no name twice, none that is read.
/// \param places  of the inputs in a list, or empty
void check_written(const Checker& checker, const std::string& key, const Files& files, const Files& inputs,
                   const Files& places, const std::vector<std::string_view>& suffixes, const std::string& suffix_names,
                   std::map<std::string, std::string>& taken) {
  if (is_one_folder(files)) {
    // Results are named after the inputs, so that two inputs of one name would meet in the folder.
    std::map<std::string, std::string> names;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto [other, fresh] = names.emplace(std::filesystem::path(inputs[i]).filename().string(), inputs[i]);
      checker.require_at(place_of(places, i), fresh, key,
                         "expected inputs of different names for one folder, found {} and {}; name an output for each",
                         other->second, inputs[i]);
    }
    return;
  }
  checker.require(files.size() == inputs.size(), key,
                  "expected one file for each input ({}) or one folder that ends in /, found {}", inputs.size(),
                  counted(files.size(), "file"));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string &file = files[i], place = place_of(places, i);
    checker.require_at(place, !file.ends_with('/'), key,
                       "expected a file for each input, or only one folder, found the folder {}", file);
    checker.require_at(place, ends_with_any(file, suffixes), key,
                       "expected a name that ends in {}, found {}; a folder ends in /", suffix_names, file);
    const auto [other, fresh] = taken.emplace(file_identity(file), key_at(key, place));
    checker.require_at(place, fresh, key,
                       "expected names that are not in use, found {}, which is also in {}; it would be overwritten",
                       file, other->second);
  }
}

bool is_date(int night) {
  using namespace std::chrono;
  return year_month_day{year{night / 10000}, month{static_cast<unsigned>(night / 100 % 100)},
                        day{static_cast<unsigned>(night % 100)}}
      .ok();
}

bool is_camera(const std::string& name) {
  return name.size() == 2 && std::string_view("brz").find(name[0]) != std::string_view::npos && name[1] >= '0' &&
         name[1] <= '9';
}

/// The table of a job's runs, if one is wanted.
void check_report(const Checker& checker, const std::string& report, std::map<std::string, std::string>& taken) {
  if (report.empty()) return;
  checker.require(report.ends_with(".csv"), "report", "expected a name that ends in .csv, found {}", report);
  const auto [other, fresh] = taken.emplace(file_identity(report), "report");
  checker.require(fresh, "report", "expected a name that is not in use, found {}, which is also in {}", report,
                  other->second);
}

/// A part without runs is a mistake in the number of jobs, which each of them tells.
void check_part(const Checker& checker, const Part& part, std::size_t nrun, const std::string& what) {
  checker.require(static_cast<std::size_t>(part.count) <= nrun, "part",
                  "expected no more parts than {}, found {} parts; there is nothing for some of them",
                  counted(nrun, what), part.count);
}

}  // namespace

void check(const ExtractConfig& given, const Origins& origins) {
  const Checker checker("extract", origins);
  Settings settings;
  settings.extract = given;
  checker.check_fields(settings);

  Files places;
  const ExtractConfig config = with_all_frames(given, &places);
  checker.require(!config.input.empty(), "input",
                  "expected preproc files, found none; name them with -i, or a list of them with -l");
  checker.require(!config.psf.empty(), "psf", "expected a PSF file, found none; name it with -p");
  checker.require(!config.output.empty(), "output", "expected a frame file, found none; name it with -o");
  checker.require(config.psf.size() == 1 || config.psf.size() == config.input.size(), "psf",
                  "expected one PSF file, or one for each input ({}), found {}", config.input.size(),
                  config.psf.size());

  std::map<std::string, std::string> taken;
  for (std::size_t i = 0; i < config.input.size(); ++i)
    taken.emplace(file_identity(config.input[i]), key_at("input", place_of(places, i)));
  for (const std::string& file : config.psf) taken.emplace(file_identity(file), "psf");
  if (!config.list.empty()) taken.emplace(file_identity(config.list), "list");
  if (!config.fibermap.empty()) taken.emplace(file_identity(config.fibermap), "fibermap");
  check_written(checker, "output", config.output, config.input, places, {".fits", ".fits.gz", ".h5"},
                ".fits, .fits.gz or .h5", taken);
  if (!config.model.empty())
    check_written(checker, "model", config.model, config.input, places, {".fits", ".fits.gz"}, ".fits or .fits.gz",
                  taken);
  check_report(checker, config.report, taken);
  check_part(checker, config.part, config.input.size(), "frame");

  const std::string bundlesize = fmt::format("bundlesize ({})", config.bundlesize);
  checker.require_multiple(config.specmin, "specmin", config.bundlesize, bundlesize);
  checker.require_multiple(config.nspec, "nspec", config.bundlesize, bundlesize);
  checker.require(config.bundlesize % config.nsubbundles == 0, "nsubbundles",
                  "expected a divisor of {}, found {}; sub-bundles have equal numbers of fibers", bundlesize,
                  config.nsubbundles);
}

namespace {

void check_redshift_files(const Checker& checker, const RedshiftConfig& config) {
  const bool folders = is_folder(config.output) || is_folder(config.details) || is_folder(config.model);
  for (const auto& [key, path] :
       {std::pair{"output", &config.output}, {"details", &config.details}, {"model", &config.model}})
    checker.require(!folders || path->empty() || is_folder(*path), key,
                    "expected a folder, as the other results have, found {}; a folder ends in /", *path);
  const std::vector<ListedRun> runs = all_runs_of(config);

  std::map<std::string, std::string> taken;
  if (!config.list.empty()) taken.emplace(file_identity(config.list), "list");
  for (const std::string& file : config.templates) taken.emplace(file_identity(file), "templates");
  for (const std::string& file : config.archetypes) taken.emplace(file_identity(file), "archetypes");
  for (const auto& [run, where] : runs) {
    std::set<std::string> inputs;
    for (std::size_t i = 0; i < run.input.size(); ++i) {
      const std::string &file = run.input[i], place = place_of(where, i);
      checker.require_at(place, inputs.insert(file_identity(file)).second, "input",
                         "expected each file once, found {} again; its spectra would count twice", file);
      taken.emplace(file_identity(file), key_at("input", place));
    }
    const std::string place = place_of(where, 0);
    for (const auto* file : {&run.priors, &run.chi2_scan})
      if (!file->empty())
        taken.emplace(file_identity(*file), key_at(file == &run.priors ? "priors" : "chi2_scan", place));
  }
  const auto written = [&](const std::string& place, const std::string& key, const std::string& file,
                           const std::vector<std::string_view>& suffixes, const std::string& names) {
    if (file.empty()) return;
    checker.require_at(place, ends_with_any(file, suffixes), key, "expected a name that ends in {}, found {}", names,
                       file);
    const auto [other, fresh] = taken.emplace(file_identity(file), key_at(key, place));
    checker.require_at(place, fresh, key,
                       "expected a name that is not in use, found {}, which is also in {}; it would be overwritten",
                       file, other->second);
  };
  for (const auto& [run, where] : runs) {
    const std::string place = place_of(where, 0);
    checker.require(!run.output.empty() || !run.details.empty() || !run.model.empty(), "output",
                    "expected a file for the redshifts, found none; name it with -o, -d or -m");
    written(place, "output", run.output, {".fits", ".fits.gz", ".h5"}, ".fits, .fits.gz or .h5");
    written(place, "details", run.details, {".h5"}, ".h5");
    written(place, "model", run.model, {".fits", ".fits.gz"}, ".fits or .fits.gz");
  }
  check_report(checker, config.report, taken);
  check_part(checker, config.part, runs.size(), "run");
}

}  // namespace

namespace {

void check_plans(const Checker& checker, const RedshiftConfig& config) {
  using C = RedshiftConfig;
  constexpr std::int64_t most = 1000000;
  for (const auto& [key, member] : {std::pair{"plan_ranks", &C::plan_ranks},
                                    {"plan_nodes", &C::plan_nodes},
                                    {"plan_targets", &C::plan_targets},
                                    {"plan_frames", &C::plan_frames}})
    for (const std::int64_t n : config.*member)
      checker.require(n >= 1 && n <= most, key, "expected numbers from 1 to {}, found {}", most, n);
  checker.require(!config.plans_many() || config.list.empty(), "list",
                  "expected none beside plan_ranks, plan_nodes, plan_targets and plan_frames, found {}; take it out",
                  config.list);
  if (config.plan_table.empty()) return;
  checker.require(config.list.empty(), "plan_table", "expected none beside a list, found {}; name one input",
                  config.plan_table);
  checker.require(!config.input.empty() || !config.plan_targets.empty(), "plan_table",
                  "expected an input or plan_targets beside it, found none: frames have no such table; name some");
  checker.require(ends_with_any(config.plan_table, {".csv"}), "plan_table",
                  "expected a name that ends in .csv, found {}", config.plan_table);
}

}  // namespace

void check(const RedshiftConfig& config, const Origins& origins) {
  const Checker checker("redshift", origins);
  Settings settings;
  settings.redshift = config;
  checker.check_fields(settings);

  checker.require(config.list.empty() || config.input.empty(), "input",
                  "expected none beside a list, found {}; take one of the two out",
                  config.input.empty() ? "" : config.input.front());
  const bool only_frames = !config.plan_frames.empty() && config.plan_ranks.empty();
  checker.require(!config.list.empty() || !config.input.empty() || !config.plan_targets.empty() || only_frames, "input",
                  "expected files of spectra, found none; name them with -i, or a list of them with -l");
  check_plans(checker, config);
  if (!config.plans_many()) check_redshift_files(checker, config);
  checker.require(config.targetids.empty() || (config.mintarget == 0 && config.ntargets == 0), "targetids",
                  "expected either targetids or mintarget and ntargets, found both; take one out");
  std::set<std::int64_t> seen;
  for (const std::int64_t id : config.targetids)
    checker.require(seen.insert(id).second, "targetids", "expected each target once, found {} again; take it out", id);
  checker.require(!config.archetypes.empty() || config.archetype_nnearest == 0, "archetype_nnearest",
                  "expected 0 without archetypes, found {}; name archetypes with --archetypes, or take it out",
                  write(config.archetype_nnearest));
  using S = StrategyName;
  constexpr std::array all_do_the_same = {S::cpu, S::gpu_v1, S::gpu_v2, S::gpu_v3};
  const bool some_on_gpus =
      std::find(all_do_the_same.begin(), all_do_the_same.end(), config.strategy) == all_do_the_same.end();
  checker.require(some_on_gpus || config.gpu_ranks == 0, "gpu_ranks",
                  "expected 0 with this strategy, where all ranks do the same, found {}; take it out, or choose "
                  "GPU_V4, GPU_V5, GPU_V6 or AUTO",
                  write(config.gpu_ranks));
  checker.require(
      config.era == Era::today || config.strategy != S::gpu_v6, "era",
      "expected today with GPU_V6, found {}; it was not among the strategies of 2021: take one of the two out", "2021");
  if (config.strategy != S::custom)
    for (const Field* field : fields_of("redshift"))
      checker.require(
          !field->key.starts_with("custom_") || field->yaml(settings) == field->yaml(Settings()), field->key,
          "expected strategy CUSTOM beside this key, found another; set strategy to CUSTOM, or take the key out");
  checker.require(!config.allspec || config.cosmics_nsig == 0, "cosmics_nsig",
                  "expected 0 with allspec, found {}; cosmic rays are looked for where exposures are coadded: take one "
                  "of the two out",
                  write(config.cosmics_nsig));
}

namespace {

/// Keys of CCD frames say nothing to spectra, and the other way round: what is asked for and can't be had is refused.
void require_keys_of_kind(const Checker& checker, const Settings& settings) {
  using K = SimulateKind;
  const K kind = settings.simulate.kind;
  const std::vector<std::string_view> of_frames = {"flavor", "cameras",      "psf",        "specmin", "nspec",
                                                   "gain",   "dead_columns", "hot_pixels", "npix_x",  "npix_y"},
                                      of_spectra = {"ntargets", "bad_fibers"}, of_all = {"kind", "output", "overwrite"};
  const std::vector<std::string_view> of_the_sky = {"sky_level",    "snr_scale",     "fraction_galaxy",
                                                    "fraction_qso", "fraction_star", "fraction_sky"};
  const auto among = [](const std::vector<std::string_view>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  const bool lamp = settings.simulate.flavor != Flavor::science;
  for (const Field* field : fields_of("simulate")) {
    const bool idle = lamp && among(of_the_sky, field->key) ? true
                      : kind == K::templates                ? !among(of_all, field->key)
                      : kind == K::exposures                ? among(of_spectra, field->key)
                                                            : among(of_frames, field->key);
    const std::string found = field->yaml(settings), usual = field->yaml(Settings{});
    checker.require(!idle || found == usual, field->key,
                    "expected its default, {}, as it is without effect on this kind of simulation, found {}; take it "
                    "out, or change kind{}",
                    usual, found, lamp ? " or flavor" : "");
  }
  checker.require(settings.simulate.compress != Compression::fz || kind == K::exposures, "compress",
                  "expected none or gz for files of spectra, found fz");
}

}  // namespace

void check(const SimulateConfig& config, const Origins& origins) {
  const Checker checker("simulate", origins);
  Settings settings;
  settings.simulate = config;
  checker.check_fields(settings);

  checker.require(!config.output.empty(), "output", "expected a folder, found none; name it with -o");
  require_keys_of_kind(checker, settings);
  checker.require(!config.cameras.empty(), "cameras", "expected cameras, found none; for example [r0]");
  std::map<std::string, int> count;
  for (const std::string& camera : config.cameras) {
    checker.require(is_camera(camera), "cameras",
                    "expected b, r or z and a petal from 0 to 9, found {}; for example r0", camera);
    checker.require(++count[camera] == 1, "cameras", "expected each camera once, found {} again", camera);
  }
  checker.require(config.psf.empty() || config.psf.size() == config.cameras.size(), "psf",
                  "expected no PSF file, or one for each camera ({}), found {}", config.cameras.size(),
                  config.psf.size());
  checker.require_multiple(config.specmin, "specmin", 25, "25 (fibers of a bundle)");
  checker.require_multiple(config.nspec, "nspec", 25, "25 (fibers of a bundle)");
  checker.require(config.specmin + config.nspec <= 500, "nspec",
                  "expected specmin + nspec <= 500 (fibers of a petal), found {} + {}", config.specmin, config.nspec);
  const double sum = config.fraction_galaxy + config.fraction_qso + config.fraction_star + config.fraction_sky;
  checker.require(std::abs(sum - 1) < 1e-6, "fraction_galaxy",
                  "expected fraction_galaxy, _qso, _star and _sky that sum to 1, found {}", write(sum));
  checker.require(config.expid <= 99999999 - (config.nexp - 1), "nexp",
                  "expected exposure numbers of up to 8 digits, found {} + {}; take a smaller expid", config.expid,
                  config.nexp);
  checker.require(is_date(config.night), "night", "expected a date YYYYMMDD, found {}", config.night);
}

void check(const InspectConfig& config, const Origins& origins) {
  const Checker checker("inspect", origins);
  Settings settings;
  settings.inspect = config;
  checker.check_fields(settings);
  checker.require(!config.file.empty(), "file", "expected a results file, found none; zspex inspect FILE");
}

void check(const MeasureConfig& config, const Origins& origins) {
  const Checker checker("measure", origins);
  Settings settings;
  settings.measure = config;
  checker.check_fields(settings);
  checker.require(config.output.empty() || ends_with_any(config.output, {".yaml", ".yml"}), "output",
                  "expected a name that ends in .yaml, found {}; zspex redshift --machine reads it", config.output);
}

}  // namespace zspex::config
