#include "config/machine_file.hpp"

#include <sstream>
#include <vector>

#include "config/describe.hpp"
#include "config/yaml_reader.hpp"
#include "core/error.hpp"

namespace zspex::config {

std::string machine_yaml(const MachineConfig& machine, const std::string& heading) {
  Settings settings;
  settings.machine = machine;
  std::string text;
  std::istringstream lines(heading);
  for (std::string line; std::getline(lines, line);) text += (line.empty() ? "#" : "# " + line) + "\n";
  text += "machine:\n";
  for (const std::string& line : commented_values("machine", settings)) text += line + "\n";
  return text;
}

MachineConfig read_machine_file(const std::string& path) {
  Settings described;
  read_yaml_file(path, described);
  const auto first = described.origins.lower_bound("machine.");
  if (first == described.origins.end() || !first->first.starts_with("machine."))
    throw ConfigError(
        path, "machine",
        "expected this section, a description of a machine, found none; see config/machine_perlmutter.yaml");
  return described.machine;
}

}  // namespace zspex::config
