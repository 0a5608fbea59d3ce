#include "pipeline/provenance.hpp"

#include <unistd.h>

#include <array>
#include <utility>

#include "config/command_line.hpp"
#include "kernels/base/session.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

std::string quote_command(int argc, const char* const* argv) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    if (i > 0) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

Provenance make_provenance(int argc, const char* const* argv, std::string config, std::string strategy, int nranks) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  Provenance provenance;
  provenance.version = config::program_version();
  provenance.revision = program_revision();
  provenance.command = quote_command(argc, argv);
  provenance.host = host.data();
  provenance.kokkos = kernels::kokkos_description();
  provenance.mpi = comm::mpi_description();
  provenance.strategy = std::move(strategy);
  provenance.config = std::move(config);
  provenance.nranks = nranks;
  provenance.started = utc_now();
  return provenance;
}

}  // namespace zspex::pipeline
