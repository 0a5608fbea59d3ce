#include "simulate/fingerprint.hpp"

#include <cstdint>

#include "config/schema.hpp"
#include "core/format.hpp"

namespace zspex::simulate {

std::string fingerprint(const config::SimulateConfig& config) {
  config::Settings settings;
  settings.simulate = config;
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const config::Field* field : config::fields_of("simulate")) {
    if (!field->outcome || field->key == "cameras") continue;
    for (const char c : fmt::format("{}: {}\n", field->key, field->yaml(settings)))
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace zspex::simulate
