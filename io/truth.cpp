#include "io/truth.hpp"

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"

namespace zspex::io {
namespace {

void check(const std::string& path, const Truth& truth, ExitCode code) {
  if (truth.flux.extent(1) != truth.wave.size())
    throw FileError(path, "WAVELENGTH",
                    fmt::format("expected {} wavelengths as in FLUX, found {}. Make the file again.",
                                truth.flux.extent(1), truth.wave.size()),
                    code);
  if (truth.table && truth.table->nrow != truth.flux.extent(0))
    throw FileError(path, "TRUTH",
                    fmt::format("expected {} rows as in FLUX, found {}. Make the file again.", truth.flux.extent(0),
                                truth.table->nrow),
                    code);
}

}  // namespace

void write_truth(const std::string& path, const Truth& truth) {
  check(path, truth, ExitCode::output);
  detail::FitsWriter file(path, truth.flux.size() * sizeof(double));
  file.image<double>("", {}, nullptr);
  Header header;
  header.set("BUNIT", "photon/Angstrom");
  file.image("FLUX", {truth.flux.extent(0), truth.flux.extent(1)}, truth.flux.data(), header);
  header.set("BUNIT", "Angstrom");
  file.image("WAVELENGTH", {truth.wave.size()}, truth.wave.data(), header);
  if (truth.table) {
    Table table = *truth.table;
    table.name = "TRUTH";
    file.table(table);
  }
  file.finish();
}

void write_truth_table(const std::string& path, const Table& truth) {
  detail::FitsWriter file(path, 0);
  file.image<double>("", {}, nullptr);
  Table table = truth;
  table.name = "TRUTH";
  file.table(table);
  file.finish();
}

Truth read_truth(const std::string& path) {
  detail::FitsReader file(path);
  Truth truth;
  truth.flux = file.image2<double>(file.need_image("FLUX", 2));
  truth.wave = file.image1<double>(file.need_image("WAVELENGTH", 1));
  if (const auto* hdu = file.find("TRUTH")) truth.table = file.table(*hdu);
  check(path, truth, ExitCode::input);
  return truth;
}

}  // namespace zspex::io
