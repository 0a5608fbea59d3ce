#include "config/command_line.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "config/check.hpp"
#include "config/completion.hpp"
#include "config/describe.hpp"
#include "config/extract_files.hpp"
#include "config/machine_file.hpp"
#include "config/man_page.hpp"
#include "config/redshift_files.hpp"
#include "config/schema.hpp"
#include "config/suggest.hpp"
#include "config/yaml_reader.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

constexpr std::array jobs = {
    std::pair{Job::extract, std::string_view("extract")}, std::pair{Job::redshift, std::string_view("redshift")},
    std::pair{Job::simulate, std::string_view("simulate")}, std::pair{Job::inspect, std::string_view("inspect")},
    std::pair{Job::measure, std::string_view("measure")}};

/// An option of the programs that our users know, and what stands in its place.
struct Foreign {
  std::string_view option, advice;
  std::string_view key = "";  ///< the advice is for jobs with this key
};
constexpr std::array foreign = {
    Foreign{"--no-mpi-abort", "not needed: an error on one rank ends the run on all"},
    Foreign{"--use-specter", "leave it out; --tails adds the tails of the PSF that specter adds", "psf"},
    Foreign{"--async-io", "not needed: reading and writing go on beside the extraction", "psf"},
    Foreign{"--ranks-per-bundle", "not needed: idle ranks take parts of bundles", "psf"},
};

template <class... Args>
[[noreturn]] void refuse(const std::string& word, fmt::format_string<Args...> what, Args&&... args) {
  throw ConfigError("command line", word, fmt::format(what, std::forward<Args>(args)...));
}

bool is_yaml(const std::string& word) { return word.ends_with(".yaml") || word.ends_with(".yml"); }

bool starts_like_number(std::string_view word) {
  return !word.empty() && (std::isdigit(static_cast<unsigned char>(word[0])) != 0 || word[0] == '.');
}

/// -x and --word, but not -, -3 or -.5
bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && !starts_like_number(std::string_view(word).substr(1));
}

/// What one word of the command line means.
struct Meaning {
  const Field* field = nullptr;   ///< or a meta option
  const Switch* fixed = nullptr;  ///< sets field to this
  const Alias* alias = nullptr;   ///< the name that was used for field's option
  const IdleOption* idle = nullptr;
  const MetaOption* meta = nullptr;
  std::optional<std::string> value;  ///< attached: --key=value, -n25
};

/// One setting of the command line, in order.
struct Assignment {
  const Field* field = nullptr;
  Value value;
  bool from_option = false;  ///< not from --set
};

class Parser {
 public:
  Parser(std::string job, std::vector<std::string> words) : job_(std::move(job)), words_(std::move(words)) {
    for (const std::string_view section : {std::string_view("job"), std::string_view(job_)})
      for (const Field* field : fields_of(section)) fields_.push_back(field);
  }

  /// \return false when help or version is asked for; then nothing else matters
  bool parse() {
    while (next_ < words_.size()) {
      const std::string word = words_[next_++];
      if (word == "--" && !only_words_) {
        only_words_ = true;
      } else if (only_words_ || !looks_like_option(word)) {
        take_positional(word);
      } else {
        const Meaning meaning = understand(word);
        if (meaning.idle != nullptr) {
          pass_over(word, meaning);
        } else if (meaning.meta == nullptr) {
          take_option(word, meaning);
        } else if (meaning.meta->metavar.empty()) {
          asked_ = meaning.meta->option;
          return false;
        } else if (meaning.meta->option == "--config") {
          take_config(value_of(word, meaning, meaning.meta->metavar));
        } else {
          take_set(value_of(word, meaning, meaning.meta->metavar));
        }
      }
    }
    return true;
  }

  /// "--help" or "--version", when parse() returned false.
  const std::string& asked() const { return asked_; }
  /// What the user should know of options that have no effect.
  const std::vector<std::string>& notes() const { return notes_; }

  Settings apply() const {
    Settings settings;
    if (config_) read_yaml_file(*config_, settings);
    for (const Assignment& assignment : assignments_) assignment.field->set(settings, assignment.value);
    return settings;
  }

 private:
  Meaning understand(const std::string& word) const {
    Meaning meaning;
    std::string name = word;
    if (word.starts_with("--")) {
      if (const std::size_t equals = word.find('='); equals != std::string::npos) {
        name = word.substr(0, equals);
        meaning.value = word.substr(equals + 1);
      }
      if (find(name, 0, meaning)) return meaning;
    } else {
      // -n25 as -n 25; only numbers, because -input is a mistake and not -i nput.
      if (word.size() > 2 && starts_like_number(std::string_view(word).substr(2))) meaning.value = word.substr(2);
      if ((word.size() == 2 || meaning.value) && find("", word[1], meaning)) return meaning;
    }
    refuse_option(name);
  }

  bool find(const std::string& name, char letter, Meaning& meaning) const {
    const auto matches = [&](const std::string& option, char its_letter) {
      return letter == 0 ? option == name : its_letter == letter;
    };
    for (const MetaOption& meta : meta_options()) {
      if (matches(meta.option, meta.letter)) meaning.meta = &meta;
    }
    for (const Field* field : fields_) {
      if (!field->metavar.empty() && matches(field->option(), field->letter)) meaning.field = field;
      for (const Switch& one : field->switches) {
        if (!matches(one.option, one.letter)) continue;
        meaning.field = field;
        meaning.fixed = &one;
      }
      for (const Alias& one : field->aliases) {
        if (!matches(one.option, 0)) continue;
        meaning.field = field;
        meaning.alias = &one;
      }
    }
    if (find_field(job_, "input") != nullptr) {
      for (const IdleOption& one : idle_options()) {
        if (matches(one.option, 0)) meaning.idle = &one;
      }
    }
    return meaning.field != nullptr || meaning.meta != nullptr || meaning.idle != nullptr;
  }

  [[noreturn]] void refuse_option(const std::string& name) const {
    static constexpr char wrong[] = "expected an option of zspex {}, found an unknown one; {}";
    for (const Foreign& known : foreign) {
      if (name == known.option && (known.key.empty() || find_field(job_, known.key) != nullptr))
        refuse(name, wrong, job_, known.advice);
    }
    std::vector<std::string> options, other_jobs;
    for (const Field* field : fields_) {
      if (!field->metavar.empty()) options.push_back(field->option());
      for (const Switch& one : field->switches) options.push_back(one.option);
      for (const Alias& one : field->aliases) options.push_back(one.option);
    }
    for (const MetaOption& meta : meta_options()) options.push_back(meta.option);
    for (const Field& field : schema()) {
      if (is_job(field.section) && field.option() == name) other_jobs.push_back(field.section);
    }
    if (!other_jobs.empty()) refuse(name, wrong, job_, "it is one of zspex " + other_jobs[0]);
    const std::string word = name.starts_with("--") ? name : "-" + name;
    const std::string near = nearest(word, options);
    const std::string help = fmt::format("zspex {} --help lists all", job_);
    refuse(name, wrong, job_, near.empty() ? help : fmt::format("did you mean {}? ({})", near, help));
  }

  /// The argument of an option that takes one.
  std::string value_of(const std::string& word, const Meaning& meaning, const std::string& metavar) {
    if (meaning.value) return *meaning.value;
    if (next_ == words_.size() || looks_like_option(words_[next_]))
      refuse(word, "expected {} after it, found {}{}", metavar, next_ == words_.size() ? "nothing" : words_[next_],
             word.starts_with("--") ? "; a value that starts with - is given as " + word + "=VALUE" : "");
    return words_[next_++];
  }

  /// What a switch sets its field to. --scores=false and Python's --scores False are as clear as --no-scores;
  /// --no-scores=true and --quiet=3 are riddles.
  std::string fixed_value(const std::string& word, const Meaning& meaning) {
    std::optional<std::string> value = meaning.value;
    if (meaning.fixed->option != meaning.field->option()) {
      if (value) refuse(word, "expected no value, found \"{}\"; leave it out", *value);
    } else if (!value && next_ < words_.size() && (words_[next_] == "True" || words_[next_] == "False")) {
      value = words_[next_++];
    }
    if (!value) return meaning.fixed->value;
    return value == "True" ? "true" : value == "False" ? "false" : *value;
  }

  /// A word in place of another program's, which takes INFO for info.
  static std::string translated(const std::string& word, const Alias* alias) {
    if (alias == nullptr) return word;
    for (const auto& [theirs, ours] : alias->words) {
      if (strcasecmp(word.c_str(), theirs.c_str()) == 0) return ours;
    }
    return word;
  }

  /// Takes an option that has no effect, and notes why where it has an argument.
  void pass_over(const std::string& word, const Meaning& meaning) {
    const IdleOption& idle = *meaning.idle;
    if (idle.metavar.empty()) {
      if (meaning.value) refuse(word, "expected no value, found \"{}\"; leave it out", *meaning.value);
      return;
    }
    int number = 0;
    read(scalar(value_of(word, meaning, idle.metavar), "command line"), idle.option, Limits{.at_least = 0}, number);
    notes_.push_back(fmt::format("{} {} is {}", idle.option, number, idle.help));
  }

  void take_option(const std::string& word, const Meaning& meaning) {
    const Field& field = *meaning.field;
    const std::string where = "command line, " + word.substr(0, word.find('='));
    if (meaning.fixed != nullptr) {
      assignments_.push_back({&field, scalar(fixed_value(word, meaning), where), true});
      return;
    }
    Value first = scalar(translated(value_of(word, meaning, field.metavar), meaning.alias), where);
    if (!field.takes_many) {
      assignments_.push_back({&field, std::move(first), true});
      return;
    }
    Value list;
    list.kind = Value::Kind::list;
    list.where = where;
    list.items.push_back(std::move(first));
    while (!meaning.value && next_ < words_.size() && !looks_like_option(words_[next_]))
      list.items.push_back(scalar(words_[next_++], where));
    for (auto earlier = assignments_.rbegin(); earlier != assignments_.rend(); ++earlier) {
      if (earlier->field != &field) continue;
      if (!earlier->from_option) break;  // a --set between them starts anew
      earlier->value.items.insert(earlier->value.items.end(), list.items.begin(), list.items.end());
      return;
    }
    assignments_.push_back({&field, std::move(list), true});
  }

  void take_config(const std::string& file) {
    if (config_)
      refuse(file, "expected one configuration file, found another (first {}); use --set for more settings", *config_);
    config_ = file;
  }

  void take_set(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError("--set", text, "expected KEY=VALUE, for example extract.wavepad=12, found no key and =");
    const std::string key = text.substr(0, equals);
    const std::size_t dot = key.find('.');
    const Field* field = dot == std::string::npos ? nullptr : find_field(key.substr(0, dot), key.substr(dot + 1));
    if (field == nullptr) refuse_key(key);
    if (std::find(fields_.begin(), fields_.end(), field) == fields_.end())
      throw ConfigError(
          "--set", key,
          fmt::format("expected a key of job or {}, found one without effect on zspex {}; take it out", job_, job_));
    assignments_.push_back({field, parse_yaml_value(text.substr(equals + 1), "--set"), false});
  }

  [[noreturn]] void refuse_key(const std::string& key) const {
    std::vector<std::string> names;
    for (const Field* field : fields_) names.push_back(field->name());
    std::string near;
    for (const Field* field : fields_) {
      if (field->key == key || (near.empty() && "." + field->key == key.substr(std::min(key.find('.'), key.size()))))
        near = field->name();
    }
    if (near.empty()) near = nearest(key, names);
    throw ConfigError("--set", key,
                      "expected a key like extract.wavepad, found an unknown one; " +
                          (near.empty() ? "zspex " + job_ + " --help lists all" : "did you mean " + near + "?"));
  }

  void take_positional(const std::string& word) {
    const Field* file = find_field(job_, "file");
    if (is_yaml(word)) {
      take_config(word);
    } else if (file != nullptr) {
      for (const Assignment& earlier : assignments_) {
        if (earlier.field == file)
          refuse(word, "expected one results file, found another (first {}); inspect them one by one",
                 earlier.value.text);
      }
      assignments_.push_back({file, scalar(word, "command line"), true});
    } else {
      const std::string advice = job_ == "extract"    ? "preproc files follow -i"
                                 : job_ == "redshift" ? "files of spectra follow -i"
                                                      : "zspex " + job_ + " --help lists all options";
      refuse(word, "expected an option or a configuration file (.yaml), found another word; {}", advice);
    }
  }

  std::string job_;
  std::vector<std::string> words_;
  std::size_t next_ = 0;
  bool only_words_ = false;  ///< after --
  std::vector<const Field*> fields_;
  std::optional<std::string> config_;
  std::vector<Assignment> assignments_;
  std::string asked_;
  std::vector<std::string> notes_;
};

/// Whether somebody has set a key of a section.
bool is_set(const Settings& settings, const std::string& section) {
  const auto at = settings.origins.lower_bound(section + ".");
  return at != settings.origins.end() && at->first.starts_with(section + ".");
}

/// The machine of the file that redshift.machine names, or else of the configuration.
std::optional<MachineConfig> machine_of(const Settings& settings) {
  if (!settings.redshift.machine.empty()) return read_machine_file(settings.redshift.machine);
  return is_set(settings, "machine") ? std::optional(settings.machine) : std::nullopt;
}

void check_job(Job job, const Settings& settings) {
  if (job == Job::extract) check(settings.extract, settings.origins);
  if (job == Job::redshift) check(settings.redshift, settings.origins);
  const bool plans = settings.redshift.plans_many() || !settings.redshift.plan_table.empty();
  if (job == Job::redshift && plans && !settings.job.dry_run)
    throw ConfigError(
        "configuration", "job.dry_run",
        "expected --dry-run with --ranks, --nodes, --targets, --frames and --plan-table, found none; add it");
  if (job == Job::simulate) check(settings.simulate, settings.origins);
  if (job == Job::inspect) check(settings.inspect, settings.origins);
  if (job == Job::measure) check(settings.measure, settings.origins);
}

CommandLine ask_text(std::string text) {
  CommandLine result;
  result.text = std::move(text);
  return result;
}

CommandLine ask_version() {
  CommandLine result = ask_text("zspex " + std::string(program_version()) + "\n");
  result.job = Job::version;
  return result;
}

Job find_job(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& [job, name] : jobs) {
    if (word == name) return job;
    names.emplace_back(name);
  }
  if (word.starts_with("-"))
    refuse(word,
           "expected a job first (extract, redshift, simulate, inspect or measure), found an option; zspex --help "
           "tells more");
  refuse(word, "expected a job, found an unknown word; {}", suggest(word, names));
}

/// `zspex help TOPIC`
CommandLine ask_help(const std::vector<std::string>& words) {
  if (words.empty() || words[0].starts_with("-")) return ask_text(help_text());
  if (words[0] == "man") return ask_text(man_page(program_version()));
  return ask_text(help_text(job_name(find_job(words[0]))));
}

/// `zspex completion SHELL`
CommandLine ask_completion(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "bash") return ask_text(bash_completion());
  if (words.size() == 1 && words[0] == "zsh") return ask_text(zsh_completion());
  if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help")) return ask_text(help_text());
  if (words.empty())
    refuse("completion", "expected a shell, bash or zsh, found nothing; for bash: eval \"$(zspex completion bash)\"");
  refuse("completion", "expected one shell, bash or zsh, found {}", words.back());
}

}  // namespace

std::string_view program_version() { return ZSPEX_VERSION; }

std::string_view job_name(Job job) {
  for (const auto& [one, name] : jobs) {
    if (one == job) return name;
  }
  return job == Job::help ? "help" : "version";
}

CommandLine parse_command_line(int argc, const char* const* argv, bool check) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty())
    refuse("",
           "expected a job (extract, redshift, simulate, inspect or measure), found nothing; zspex --help tells more");
  const std::string first = words.front();
  words.erase(words.begin());
  if (first == "--version" || first == "version") return ask_version();
  if (first == "-h" || first == "--help" || first == "help") return ask_help(words);
  if (first == "completion") return ask_completion(words);

  CommandLine result;
  result.job = find_job(first);
  const std::string_view name = job_name(result.job);
  Parser parser{std::string(name), std::move(words)};
  if (!parser.parse()) return parser.asked() == "--help" ? ask_text(help_text(name)) : ask_version();
  const Settings settings = parser.apply();
  if (check) check_job(result.job, settings);
  result.common = settings.job;
  result.extract = settings.extract;
  if (check && result.job == Job::extract) result.extract = with_frames_of_list(settings.extract);
  if (check && result.job == Job::redshift && !settings.redshift.plans_many())
    result.redshift_runs = runs_of(settings.redshift);
  result.redshift = settings.redshift;
  result.simulate = settings.simulate;
  result.inspect = settings.inspect;
  result.measure = settings.measure;
  result.notes = parser.notes();
  result.machine = machine_of(settings);
  result.resolved_yaml = config::resolved_yaml(settings, name);
  return result;
}

}  // namespace zspex::config
