#include "config/describe.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include "config/schema.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

constexpr std::size_t help_indent = 34, help_columns = 110;

/// Names of an option, one after the other.
class Forms {
 public:
  explicit Forms(const WriteOption& write) : write_(write) {}

  void add(char letter, const std::string& option, const std::string& argument = "", bool takes_many = false) {
    if (letter != 0) add(0, std::string("-") + letter);
    text_ += (text_.empty() ? "" : ", ") + write_(option, argument, takes_many);
  }
  const std::string& text() const { return text_; }

 private:
  const WriteOption& write_;
  std::string text_;
};

std::string plain(const std::string& option, const std::string& argument, bool takes_many) {
  return fmt::format("{}{}{}{}", option, argument.empty() ? "" : " ", argument, takes_many ? "..." : "");
}

/// "whole number >= 0", or the choices.
std::string type_and_range(const Field& field) {
  const std::string range = field.limits.text();
  return field.type + (range.empty() ? "" : " " + range);
}

/// Text after the column of options, broken at blanks.
std::string help_entry(const std::string& forms, const std::string& help) {
  std::string result = "  " + forms;
  std::size_t column = result.size();
  const auto new_line = [&] {
    result += "\n" + std::string(help_indent, ' ');
    column = help_indent;
  };
  if (column + 2 > help_indent) {
    new_line();
  } else {
    result.append(help_indent - column, ' ');
    column = help_indent;
  }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = std::min(help.find(' ', at), help.size());
    if (column > help_indent && column + 1 + end - at > help_columns) new_line();
    if (column > help_indent) {
      result += ' ';
      ++column;
    }
    result += help.substr(at, end - at);
    column += end - at;
    at = end + 1;
  }
  return result + "\n";
}

std::string field_help(const Field& field) {
  return fmt::format("{}{} (default {})", field.help, field.unit.empty() ? "" : " [" + field.unit + "]",
                     field.yaml(Settings{}));
}

std::string section_help(std::string_view section) {
  std::string result;
  for (const Field* field : fields_of(section)) result += help_entry(option_forms(*field, plain), field_help(*field));
  return result;
}

/// A cell of a Markdown table: a | would end it.
std::string cell(const std::string& text) {
  std::string result;
  for (const char letter : text) result += letter == '|' ? std::string("\\|") : std::string(1, letter);
  return result;
}

std::string code(const std::string& text) {
  std::string result(1, '`');
  result += cell(text);
  return result + '`';
}

/// "`--nspec N`"
std::string option_code(const std::string& option, const std::string& argument, bool takes_many) {
  return code(plain(option, argument, takes_many));
}

}  // namespace

const std::vector<MetaOption>& meta_options() {
  static const std::vector<MetaOption> table = {
      {"--config", 0, "FILE.yaml", "read this configuration first; --config may be left out before the file's name"},
      {"--set", 0, "KEY=VALUE", "set a key, for example extract.wavepad=12; the value as in YAML; may be repeated"},
      {"--help", 'h', "", "print what a job can be told"},
      {"--version", 0, "", "print the program's version"},
  };
  return table;
}

std::string option_forms(const Field& field, const WriteOption& write) {
  Forms forms(write);
  if (!field.metavar.empty()) forms.add(field.letter, field.option(), field.metavar, field.takes_many);
  for (const Switch& one : field.switches) forms.add(one.letter, one.option);
  for (const Alias& one : field.aliases) forms.add(0, one.option);
  return forms.text();
}

std::string option_forms(const MetaOption& meta, const WriteOption& write) {
  Forms forms(write);
  forms.add(meta.letter, meta.option, meta.metavar);
  return forms.text();
}

std::vector<std::string> usage(std::string_view job) {
  if (job == "extract")
    return {"zspex extract -i preproc.fits... -p psf.fits... -o frame.fits|frame.h5... [options]",
            "zspex extract CONFIG.yaml [options]"};
  if (job == "redshift")
    return {"zspex redshift -i coadd.fits... -t templates -o redrock.fits|results.h5 [-d details.h5] [options]",
            "zspex redshift CONFIG.yaml [options]"};
  if (job == "simulate") return {"zspex simulate CONFIG.yaml [options]", "zspex simulate -o FOLDER [options]"};
  if (job == "measure") return {"zspex measure -o machine.yaml [options]", "mpirun -n N zspex measure [options]"};
  return {"zspex inspect FILE [--row N] [--frame NAME]"};
}

std::string help_text(std::string_view job) {
  std::string result;
  if (job.empty()) {
    result =
        "Usage: zspex JOB [options]\n       zspex help JOB|man\n       zspex completion bash|zsh\n\n"
        "From spectrograph CCD frames to spectra and redshifts.\n\nJobs:\n";
    for (const Section* one : job_sections()) result += help_entry(one->name, one->help);
    result += "\nzspex JOB --help tells what a job can be told.\n\nOptions of every job:\n";
  } else {
    const auto section =
        std::find_if(sections().begin(), sections().end(), [&](const Section& one) { return one.name == job; });
    for (const std::string& line : usage(job)) result += (result.empty() ? "Usage: " : "       ") + line + "\n";
    result += fmt::format("\n{}.\n\nOptions of {}:\n{}\nOptions of every job:\n", section->help, section->name,
                          section_help(job));
  }
  result += section_help("job");
  for (const MetaOption& meta : meta_options()) result += help_entry(option_forms(meta, plain), meta.help);
  return result +
         "\nEach option but the last four has a key of the same name in the configuration's section, with _ for -.\n"
         "Later settings win: defaults, the configuration file, then --set and options in their order.\n";
}

std::string describe_markdown() {
  std::string result;
  for (const Section& section : sections()) {
    result += fmt::format("### {}: {}\n\n", code(section.name), section.help);
    result += "| key | option | type | default | unit | meaning |\n|---|---|---|---|---|---|\n";
    for (const Field* field : fields_of(section.name))
      result += fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(field->key), option_forms(*field, option_code),
                            cell(type_and_range(*field)), code(field->yaml(Settings{})), cell(field->unit),
                            cell(field->help));
    result += "\n";
  }
  result += "### Options without a key\n\n| option | meaning |\n|---|---|\n";
  for (const MetaOption& meta : meta_options())
    result += fmt::format("| {} | {} |\n", option_forms(meta, option_code), cell(meta.help));
  for (const IdleOption& idle : idle_options())
    result += fmt::format("| {} | {} |\n", option_code(idle.option, idle.metavar, false), cell(idle.help));
  return result;
}

std::vector<std::string> commented_values(std::string_view section, const Settings& settings) {
  std::vector<std::string> lines;
  std::size_t width = 0;
  for (const Field* field : fields_of(section)) {
    lines.push_back(fmt::format("  {}: {}", field->key, field->yaml(settings)));
    width = std::max(width, lines.back().size());
  }
  std::size_t iline = 0;
  for (const Field* field : fields_of(section)) {
    std::string& line = lines[iline++];
    line.append(width + 2 - line.size(), ' ');
    line += "# " + field->help + (field->unit.empty() ? "" : " [" + field->unit + "]");
    if (!field->choices.empty() && field->help.find(field->choices[0] + ":") == std::string::npos)
      line += ": " + field->type;
  }
  return lines;
}

std::vector<std::string> commented_defaults(std::string_view section) { return commented_values(section, Settings{}); }

namespace {

/// Values by their key in a section of what resolved_yaml() made.
std::map<std::string, std::string> values_of(const std::string& yaml, std::string_view section) {
  std::map<std::string, std::string> values;
  std::istringstream lines(yaml);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ")) {
      inside = line == std::string(section) + ":";
    } else if (const std::size_t colon = line.find(": "); inside && colon != std::string::npos) {
      values[line.substr(2, colon - 2)] = line.substr(colon + 2);
    }
  }
  return values;
}

}  // namespace

std::string changed_outcome(const std::string& then, const std::string& now, std::string_view job) {
  const auto before = values_of(then, job), after = values_of(now, job);
  const auto value = [](const auto& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? "nothing" : found->second;
  };
  for (const Field* field : fields_of(job)) {
    if (!field->outcome) continue;
    const std::string was = value(before, field->key), is = value(after, field->key);
    if (was != is) return fmt::format("{} was {} and is {}", field->name(), was, is);
  }
  return "";
}

std::string resolved_yaml(const Settings& settings, std::string_view job) {
  std::string result;
  for (const std::string_view section : {std::string_view("job"), job}) {
    result += std::string(section) + ":\n";
    for (const Field* field : fields_of(section))
      result += fmt::format("  {}: {}\n", field->key, field->yaml(settings));
  }
  return result;
}

}  // namespace zspex::config
