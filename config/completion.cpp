#include "config/completion.hpp"

#include <fmt/ranges.h>

#include <vector>

#include "config/describe.hpp"
#include "config/schema.hpp"

namespace zspex::config {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words, const std::string& between = " ") {
  return fmt::format("{}", fmt::join(words, between));
}

Words names_of_jobs() {
  Words result;
  for (const Section* job : job_sections()) result.push_back(job->name);
  return result;
}

/// The job's own fields, and those of every job.
std::vector<const Field*> fields_for(const std::string& job) {
  std::vector<const Field*> result = fields_of(job);
  for (const Field* field : fields_of("job")) result.push_back(field);
  return result;
}

/// The words that an option of this name takes.
Words words_of(const Field& field, const Alias& alias) {
  if (alias.words.empty()) return field.choices;
  Words result;
  for (const auto& [theirs, ours] : alias.words) result.push_back(theirs);
  return result;
}

// --- bash

Words options_for(const std::string& job) {
  Words result;
  for (const Field* field : fields_for(job)) {
    if (!field->metavar.empty()) result.push_back(field->option());
    for (const Switch& one : field->switches) result.push_back(one.option);
    for (const Alias& one : field->aliases) result.push_back(one.option);
  }
  for (const MetaOption& meta : meta_options()) result.push_back(meta.option);
  return result;
}

std::string bash_case(const std::string& pattern, const Words& values) {
  return fmt::format("        {}) values='{}' ;;\n", pattern, joined(values));
}

std::string bash_job(const std::string& job) {
  std::string result =
      fmt::format("    {})\n      options='{}'\n      case $before in\n", job, joined(options_for(job)));
  Words keys;
  for (const Field* field : fields_for(job)) {
    keys.push_back(field->name() + "=");
    if (field->choices.empty()) continue;
    const std::string letter = field->letter == 0 ? "" : std::string("-") + field->letter + " | ";
    result += bash_case(fmt::format("{}{} | {}", letter, field->option(), field->name()), field->choices);
    for (const Alias& alias : field->aliases) result += bash_case(alias.option, words_of(*field, alias));
  }
  return result + bash_case("--set", keys) + "      esac\n      ;;\n";
}

// --- zsh

/// Text within '' and within a specification of _arguments.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\'') {
      result += "'\\''";
      continue;
    }
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') result += '\\';
    result += letter;
  }
  return result;
}

/// What follows an option: ":FILE:_files". Where more may follow, they are completed as words without an option.
std::string zsh_argument(const std::string& metavar, const Words& values) {
  const bool is_file = metavar.starts_with("FILE") || metavar == "FOLDER";
  const std::string action = !values.empty() ? "(" + joined(values) + ")" : is_file ? "_files" : " ";
  return fmt::format(":{}:{}", zsh_text(values.empty() ? metavar : "value"), action);
}

/// One line for each name of an option, which exclude each other where it isn't repeated.
std::string zsh_option(char letter, const std::string& option, const std::string& help, const std::string& argument,
                       bool repeated) {
  const std::string with_equals = argument.empty() ? option : option + "=";
  const std::string tail = fmt::format("[{}]{}' \\\n", zsh_text(help), argument);
  if (letter == 0) return std::string("        '") + (repeated ? "*" : "") + with_equals + tail;
  const std::string short_option = std::string("-") + letter;
  const std::string before = "        '" + (repeated ? "*" : fmt::format("({} {})", short_option, option));
  return before + short_option + tail + before + with_equals + tail;
}

std::string zsh_job(const std::string& job) {
  std::string result = "    " + job + ")\n      _arguments \\\n";
  for (const Field* field : fields_for(job)) {
    if (!field->metavar.empty())
      result += zsh_option(field->letter, field->option(), field->help, zsh_argument(field->metavar, field->choices),
                           field->takes_many);
    for (const Switch& one : field->switches) result += zsh_option(one.letter, one.option, field->help, "", false);
    for (const Alias& one : field->aliases)
      result += zsh_option(0, one.option, field->help, zsh_argument(field->metavar, words_of(*field, one)),
                           field->takes_many);
  }
  for (const MetaOption& meta : meta_options())
    result += zsh_option(meta.letter, meta.option, meta.help,
                         meta.metavar.empty() ? "" : zsh_argument(meta.metavar, {}), meta.option == "--set");
  return result + "        '*:file:_files'\n      ;;\n";
}

}  // namespace

std::string bash_completion() {
  const std::string names = joined(names_of_jobs());
  std::string result = R"(# Completion of zspex in bash. Made by: zspex completion bash
_zspex() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options= values=
  # To bash --option=value is three words.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
)";
  result += "    COMPREPLY=($(compgen -W '" + names + " help completion --help --version' -- \"$word\"))\n";
  result += "    return\n  fi\n  case ${COMP_WORDS[1]} in\n";
  for (const std::string& job : names_of_jobs()) result += bash_job(job);
  result += "    help) values='" + names + " man' ;;\n    completion) values='bash zsh' ;;\n";
  result += R"(  esac
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
    if [[ $before == --set ]]; then compopt -o nospace 2>/dev/null; fi
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  fi
}
# What has no reply is completed as a file's name.
complete -o default -F _zspex zspex
)";
  return result;
}

std::string zsh_completion() {
  std::string result = R"(#compdef zspex
# Completion of zspex in zsh, a file _zspex in a folder of $fpath. Made by: zspex completion zsh
_zspex() {
  local context state state_descr line
  typeset -A opt_args
  local -a jobs=(
)";
  for (const Section* job : job_sections()) result += fmt::format("    '{}:{}'\n", job->name, zsh_text(job->help));
  result += R"(    'help:what a job can be told, or the manual'
    'completion:what shells complete command lines with'
  )
  _arguments -C '(- *)'{-h,--help}'[print the jobs]' '(- *)--version[print the version]' \
    '1:job:->job' '*::argument:->argument'
  [[ $state == job ]] && _describe job jobs
  [[ $state == argument ]] || return
  case $words[1] in
)";
  for (const std::string& job : names_of_jobs()) result += zsh_job(job);
  result += "    help) _values topic " + joined(names_of_jobs()) + " man ;;\n";
  result += "    completion) _values shell bash zsh ;;\n  esac\n}\n_zspex \"$@\"\n";
  return result;
}

}  // namespace zspex::config
