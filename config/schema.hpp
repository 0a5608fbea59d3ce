/// \file
/// The schema: one table of all fields of all sections. Options, YAML keys, help, documentation and the resolved
/// configuration are made from it, so that none of them can know a field that the others do not.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace zspex::config {

/// An option that takes no argument: it sets its field to a fixed value.
struct Switch {
  std::string option;  ///< "--quiet"
  char letter = 0;     ///< 'q', or 0
  std::string value;   ///< as it would be written in YAML
};

/// What another program that our users know calls a field's option. It takes arguments as the field's own option does.
struct Alias {
  std::string option;                                           ///< "--infiles"
  std::vector<std::pair<std::string, std::string>> words = {};  ///< its words and what is written here; empty: the same
};

/// An option of such a program that needs nothing done here.
struct IdleOption {
  std::string option;
  std::string metavar;  ///< of its argument; empty: it takes none
  std::string help;     ///< why there is nothing to do; with an argument also told when it is met
};
const std::vector<IdleOption>& idle_options();

/// One setting. Its YAML key is `section.key`, its option `--key` with - for _.
struct Field {
  std::string section, key;
  char letter = 0;                   ///< of the short option, or 0
  bool takes_many = false;           ///< a list: the option may be repeated and takes several arguments
  std::string metavar;               ///< of the option's argument: "FILE"; empty for fields that have switches only
  std::string type, unit, help;      ///< unit may be empty; help is one line
  Limits limits;                     ///< of a number
  std::vector<std::string> choices;  ///< of an enumeration, as they are written
  std::vector<Switch> switches;
  std::vector<Alias> aliases;
  bool outcome =
      true;  ///< another value gives other results; false: says where and how they are made, or from which files

  /// Reads, checks and stores a value. \throws ConfigError
  std::function<void(const Field&, Settings&, const Value&)> store;
  /// The value as YAML on one line, also as the default of the documentation.
  std::function<std::string(const Settings&)> yaml;
  /// Where the member is; for the test that no member is forgotten.
  std::function<const void*(const Settings&)> address;

  std::string name() const { return section + "." + key; }
  std::string option() const;
  /// store(), and remembers where the value came from.
  void set(Settings& settings, const Value& value) const;
};

/// A section of the YAML file: a job's, what all jobs share (`job`), or a description that has a file of its own and no
/// options (`machine`).
struct Section {
  enum class Kind { job, shared, description };
  std::string name, help;
  Kind kind = Kind::job;
};

const std::vector<Section>& sections();
/// The sections of jobs.
std::vector<const Section*> job_sections();
/// All fields, section by section, in the order in which they are shown.
const std::vector<Field>& schema();
/// Those of one section.
std::vector<const Field*> fields_of(std::string_view section);
/// nullptr if there is none.
const Field* find_field(std::string_view section, std::string_view key);
/// Whether a section is that of a job, and bears its name.
bool is_job(std::string_view section);
/// Sections that have a key of this name.
std::vector<std::string> sections_with(std::string_view key);

}  // namespace zspex::config
