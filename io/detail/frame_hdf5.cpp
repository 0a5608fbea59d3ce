#include "io/detail/frame_hdf5.hpp"

#include <fitsio.h>

#include <algorithm>
#include <array>

#include "core/format.hpp"

namespace zspex::io::detail {
namespace {

struct Field {
  const char* name;
  std::string Provenance::*value;
};
constexpr std::array<Field, 15> fields = {{{"version", &Provenance::version},
                                           {"revision", &Provenance::revision},
                                           {"command", &Provenance::command},
                                           {"host", &Provenance::host},
                                           {"kokkos", &Provenance::kokkos},
                                           {"mpi", &Provenance::mpi},
                                           {"strategy", &Provenance::strategy},
                                           {"compiler", &Provenance::compiler},
                                           {"layout", &Provenance::layout},
                                           {"gpus", &Provenance::gpus},
                                           {"slurm", &Provenance::slurm},
                                           {"config", &Provenance::config},
                                           {"sources", &Provenance::sources},
                                           {"started", &Provenance::started},
                                           {"finished", &Provenance::finished}}};

/// A column of strings, as wide as the longest.
Column text_column(const char* name, const char* description, std::vector<std::string> values) {
  Column column;
  column.name = name;
  column.description = description;
  column.code = 'A';
  column.repeat = 1;
  for (const std::string& value : values) column.repeat = std::max(column.repeat, static_cast<int>(value.size()));
  column.values = std::move(values);
  return column;
}

/// From one member of a list of structs.
template <class Struct, class Member>
Column text_column(const char* name, const char* description, const std::vector<Struct>& rows, Member member) {
  std::vector<std::string> values;
  for (const Struct& row : rows) values.push_back(row.*member);
  return text_column(name, description, std::move(values));
}

Column seconds_column(const char* name, const char* description, const std::vector<Timing>& rows,
                      double Timing::*member) {
  std::vector<double> values;
  for (const Timing& row : rows) values.push_back(row.*member);
  return {.name = name, .unit = "s", .code = 'D', .values = std::move(values), .description = description};
}

Column bytes_column(const char* name, const char* description, const std::vector<Timing>& rows,
                    std::uint64_t Timing::*member) {
  std::vector<std::int64_t> values;
  for (const Timing& row : rows) values.push_back(static_cast<std::int64_t>(row.*member));
  return {.name = name, .unit = "byte", .code = 'K', .values = std::move(values), .description = description};
}

const std::vector<std::string>& texts_of(const Table& table, const char* name, const std::string& path) {
  const Column* column = table.find(name);
  const auto* values = column ? std::get_if<std::vector<std::string>>(&column->values) : nullptr;
  if (!values)
    throw FileError(path, table.name,
                    std::string("expected a column ") + name + " of strings, found none. Check the file.");
  return *values;
}

}  // namespace

void check_layout(const Hdf5Reader& file) {
  if (file.text("/", format_attribute).value_or("") != format_name)
    file.context().refuse(
        "", "expected an HDF5 file of zspex (root attribute zspex_format = results), found another. Check the name.");
  const auto version = file.integer("/", version_attribute).value_or(0);
  if (version < 1 || version > layout_version)
    file.context().refuse("", "expected layout_version 1 to {}, found {}. Use a newer zspex.", layout_version, version);
}

void write_provenance(Hdf5Writer& file, const Provenance& provenance) {
  const std::string group = "/provenance";
  file.group(group);
  file.attribute(group, "program", "zspex");
  for (const Field& field : fields) file.attribute(group, field.name, provenance.*field.value);
  file.attribute(group, "nranks", std::int64_t{provenance.nranks});
  file.attribute(group, "inputs", provenance.inputs);
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  file.attribute(group, "hdf5", fmt::format("{}.{}.{}", major, minor, release));
  file.attribute(group, "cfitsio", fmt::format("{}.{}.{}", CFITSIO_MAJOR, CFITSIO_MINOR, CFITSIO_MICRO));
}

Provenance read_provenance(const Hdf5Reader& file) {
  Provenance provenance;
  for (const Field& field : fields) provenance.*field.value = file.text("/provenance", field.name).value_or("");
  provenance.nranks = static_cast<int>(file.integer("/provenance", "nranks").value_or(1));
  provenance.inputs = file.texts("/provenance", "inputs");
  return provenance;
}

void write_timing(Hdf5Writer& file, const std::vector<Timing>& timing) {
  Table table;
  table.nrow = timing.size();
  table.columns.push_back(text_column("stage", "stage of the job", timing, &Timing::stage));
  table.columns.push_back(text_column("step", "step of the stage", timing, &Timing::step));
  table.columns.push_back(seconds_column("min_seconds", "least over ranks", timing, &Timing::min_seconds));
  table.columns.push_back(seconds_column("median_seconds", "median over ranks", timing, &Timing::median_seconds));
  table.columns.push_back(seconds_column("max_seconds", "most over ranks", timing, &Timing::max_seconds));
  table.columns.push_back(bytes_column("bytes_read", "read from files, all ranks", timing, &Timing::bytes_read));
  table.columns.push_back(bytes_column("bytes_written", "written to files, all ranks", timing, &Timing::bytes_written));
  table.columns.push_back(bytes_column("peak_memory", "most over ranks", timing, &Timing::peak_memory));
  file.table("/timing", table, "wall-clock time, files and memory of each step", "step");
}

std::vector<Timing> read_timing(const Hdf5Reader& file) {
  if (!file.has("/timing")) return {};
  const Table table = file.table("/timing");
  const std::string& path = file.context().path();
  std::vector<Timing> timing(table.nrow);
  const auto& stages = texts_of(table, "stage", path);
  const auto& steps = texts_of(table, "step", path);
  const auto least = table.numbers("min_seconds", path), median = table.numbers("median_seconds", path),
             most = table.numbers("max_seconds", path);
  const auto read = table.integers("bytes_read", path), written = table.integers("bytes_written", path),
             memory = table.integers("peak_memory", path);
  for (std::size_t i = 0; i < timing.size(); ++i)
    timing[i] = {stages[i],
                 steps[i],
                 least[i],
                 median[i],
                 most[i],
                 static_cast<std::uint64_t>(read[i]),
                 static_cast<std::uint64_t>(written[i]),
                 static_cast<std::uint64_t>(memory[i])};
  return timing;
}

Table header_table(const Header& header) {
  Table table;
  table.nrow = header.cards().size();
  table.columns.push_back(text_column("key", "keyword", header.cards(), &Card::key));
  table.columns.push_back(text_column("value", "value as in FITS, strings in quotes", header.cards(), &Card::value));
  table.columns.push_back(text_column("comment", "comment", header.cards(), &Card::comment));
  return table;
}

Header header_from(const Table& table, const std::string& path) {
  Header header;
  const auto& keys = texts_of(table, "key", path);
  const auto& values = texts_of(table, "value", path);
  const auto& comments = texts_of(table, "comment", path);
  for (std::size_t i = 0; i < table.nrow; ++i) header.append({keys[i], values[i], comments[i]});
  return header;
}

}  // namespace zspex::io::detail
