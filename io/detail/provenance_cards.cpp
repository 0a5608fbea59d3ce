#include "io/detail/provenance_cards.hpp"

#include <array>
#include <string>
#include <utility>

#include "core/format.hpp"

namespace zspex::io::detail {
namespace {

/// A card each, in this order.
struct Field {
  const char* key;
  std::string Provenance::*value;
  const char* comment;
};
constexpr std::array<Field, 15> fields = {
    {{"ZSPEXVER", &Provenance::version, "zspex version"},
     {"ZSPEXREV", &Provenance::revision, "git revision"},
     {"ZSPEXCMD", &Provenance::command, "command line"},
     {"ZSPEXHST", &Provenance::host, "host of rank 0"},
     {"ZSPEXKOK", &Provenance::kokkos, "Kokkos version and backends"},
     {"ZSPEXMPI", &Provenance::mpi, "MPI library"},
     {"ZSPEXSTR", &Provenance::strategy, "solver or strategy"},
     {"ZSPEXCXX", &Provenance::compiler, "compiler and flags"},
     {"ZSPEXLAY", &Provenance::layout, "nodes, ranks and threads"},
     {"ZSPEXGPU", &Provenance::gpus, "GPUs used"},
     {"ZSPEXJOB", &Provenance::slurm, "Slurm job"},
     {"ZSPEXBEG", &Provenance::started, "start, UTC"},
     {"ZSPEXEND", &Provenance::finished, "end, UTC"},
     {"ZSPEXCFG", &Provenance::config, "configuration, YAML, line ends as \\n"},
     {"ZSPEXSRC", &Provenance::sources, "files read: name, bytes, time of change"}}};
constexpr const char* nranks_key = "ZSPEXNRK";

std::string numbered(const char* stem, int number) { return fmt::format("{}{:02}", stem, number); }

/// Headers can't hold line ends.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
  return out;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      out += text[++i] == 'n' ? '\n' : text[i];
    else
      out += text[i];
  }
  return out;
}

/// DEPNAMnn, DEPVERnn: the number that this name has, or the next free one.
void add_dependency(Header& header, const std::string& name, const std::string& version) {
  if (version.empty()) return;
  for (int number = 0; number < 100; ++number) {
    const auto found = header.text(numbered("DEPNAM", number));
    if (found && *found != name) continue;
    header.set(numbered("DEPNAM", number), name);
    header.set(numbered("DEPVER", number), version);
    return;
  }
}

}  // namespace

void add_provenance(Header& header, const Provenance& provenance) {
  add_dependency(header, "zspex", provenance.version);
  add_dependency(header, "Kokkos", provenance.kokkos);
  for (int number = 0; number < 100; ++number) header.erase(numbered("ZSPEXI", number));
  for (const Field& field : fields) {
    const std::string& value = provenance.*field.value;
    header.erase(field.key);
    if (!value.empty()) header.set(field.key, escaped(value), field.comment);
  }
  header.set(nranks_key, provenance.nranks, "MPI ranks");
  for (std::size_t i = 0; i < provenance.inputs.size() && i < 100; ++i)
    header.set(numbered("ZSPEXI", static_cast<int>(i)), escaped(provenance.inputs[i]), "input");
}

std::optional<Provenance> provenance_of(const Header& header) {
  if (!header.has(nranks_key)) return std::nullopt;
  Provenance provenance;
  for (const Field& field : fields) provenance.*field.value = unescaped(header.text(field.key).value_or(""));
  provenance.nranks = static_cast<int>(header.integer(nranks_key).value_or(1));
  for (int number = 0; number < 100; ++number)
    if (const auto input = header.text(numbered("ZSPEXI", number))) provenance.inputs.push_back(unescaped(*input));
  return provenance;
}

}  // namespace zspex::io::detail
