#include "simulate/fingerprint.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

#include "config/schema.hpp"

namespace zspex::simulate {

std::string fingerprint(const config::SimulateConfig& config) {
  config::Settings settings;
  settings.simulate = config;
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const config::Field* field : config::fields_of("simulate")) {
    if (!field->outcome || field->key == "cameras") continue;
    for (const char c : field->key + ": " + field->yaml(settings) + "\n")
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

}  // namespace zspex::simulate
