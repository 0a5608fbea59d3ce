/// \file
/// The schema as text: help, documentation, and configurations written out.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"
#include "config/settings.hpp"

namespace zspex::config {

/// An option that is about the configuration itself and so has no key in it.
struct MetaOption {
  std::string option;   ///< "--config"
  char letter = 0;      ///< or 0
  std::string metavar;  ///< empty: takes no argument
  std::string help;
};
const std::vector<MetaOption>& meta_options();

/// Writes an option with its argument, which may be empty; "..." follows where there may be several.
using WriteOption = std::function<std::string(const std::string& option, const std::string& argument, bool takes_many)>;

/// All names of an option, each as `write` has it: "-n, --nspec N", "--tails, --no-tails". Its argument is left out where it
/// has only switches.
std::string option_forms(const Field& field, const WriteOption& write);
std::string option_forms(const MetaOption& meta, const WriteOption& write);

/// How a job is called, one way per line.
std::vector<std::string> usage(std::string_view job);

/// \param job  name of a job; empty: what jobs there are
std::string help_text(std::string_view job = "");

/// The tables of docs/configuration.md: one for each section, and one for the options without key.
std::string describe_markdown();

/// "  key: value  # help" for each key of a section; with defaults: what config/extract.yaml lists.
std::vector<std::string> commented_values(std::string_view section, const Settings& settings);
std::vector<std::string> commented_defaults(std::string_view section);

/// Section `job` and the job's own, every key with its value: YAML that gives the same configuration when it is read.
std::string resolved_yaml(const Settings& settings, std::string_view job);

/// The key by which two resolved configurations of a job ask for other results, with both values; empty if none does.
/// Keys that say where and how results are made don't count.
std::string changed_outcome(const std::string& then, const std::string& now, std::string_view job);

}  // namespace zspex::config
