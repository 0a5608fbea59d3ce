/// \file
/// `zspex JOB ...`, from the words of the shell to checked structs. No program-wide state, nothing is printed, nothing
/// exits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/job_config.hpp"
#include "config/settings.hpp"

namespace zspex::config {

enum class Job { extract, redshift, simulate, inspect, measure, help, version };
std::string_view job_name(Job job);

/// What the user asked for. The section of the job that runs has passed check(), if that was wanted; the others may be incomplete.
struct CommandLine {
  Job job = Job::help;
  JobConfig common;
  ExtractConfig extract;  ///< with the frames of its list, if files were looked up
  RedshiftConfig redshift;
  std::vector<RedshiftConfig> redshift_runs;  ///< runs_of(redshift), for that job, if files were looked up
  SimulateConfig simulate;
  InspectConfig inspect;
  MeasureConfig measure;
  std::optional<MachineConfig> machine;  ///< that redshift.machine or a section `machine` describes
  std::vector<std::string> notes;        ///< of options that were accepted without effect
  std::string resolved_yaml;             ///< of `common` and the job that runs, every key; empty for help and version
  std::string text;                      ///< what to print, for help and version; ends in a newline
};

/// Precedence: defaults < configuration file < --set and options in their order.
/// \param argv   [argc], argv[0] is the program; as main() gets it
/// \param check  whether the job's section is checked, and its files are looked up: lists are read, and folders told from files.
///               One of many ranks does it and tells the others, who might see other files (pipeline/share_files.hpp)
/// \throws ConfigError (exit code usage): unknown job, option, key or section with the nearest valid one; wrong type or
///         range; a missing or unreadable configuration file; fields that contradict each other
CommandLine parse_command_line(int argc, const char* const* argv, bool check = true);

/// "0.1.0"
std::string_view program_version();

}  // namespace zspex::config
