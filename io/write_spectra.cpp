#include <array>
#include <string>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/spectra.hpp"

namespace zspex::io {
namespace {

template <std::size_t N>
std::vector<std::size_t> shape_of(const std::array<std::size_t, N>& shape) {
  return {shape.begin(), shape.end()};
}

struct Checker {
  const std::string& path;

  [[noreturn]] void refuse(const std::string& part, const std::string& wanted, const std::string& found) const {
    throw FileError(path, part, fmt::format("expected {}, found {}. Give parts of one file.", wanted, found),
                    ExitCode::output);
  }
  void same(const std::string& part, const std::vector<std::size_t>& found,
            const std::vector<std::size_t>& wanted) const {
    if (found != wanted) refuse(part, detail::to_string(wanted) + " values", detail::to_string(found));
  }
};

void check(const SpectraFile& file) {
  const Checker check{file.path};
  if (file.kind != SpectraKind::coadd && file.kind != SpectraKind::spectra)
    check.refuse("", "a coadd or spectra file", "another kind");
  if (file.exp_fibermap.has_value() != (file.kind == SpectraKind::coadd))
    check.refuse("EXP_FIBERMAP", "one in a coadd and none in a spectra file",
                 file.exp_fibermap ? "one in a spectra file" : "none in a coadd");
  if (file.bands.empty()) check.refuse("", "at least one band", "none");
  const std::size_t nspec = file.bands.front().flux.extent(0);
  check.same("FIBERMAP", {file.fibermap.nrow}, {nspec});
  if (file.scores) check.same("SCORES", {file.scores->nrow}, {nspec});
  for (const BandSpectra& band : file.bands) {
    const std::string name = detail::upper(band.band);
    const std::vector<std::size_t> shape = {nspec, band.wave.size()};
    check.same(name + "_FLUX", shape_of(band.flux.shape()), shape);
    check.same(name + "_IVAR", shape_of(band.ivar.shape()), shape);
    if (band.mask.empty() != file.bands.front().mask.empty())
      check.refuse(name + "_MASK", "masks in all bands or in none", "them in some");  // desispec reads no other files
    if (!band.mask.empty()) check.same(name + "_MASK", shape_of(band.mask.shape()), shape);
    check.same(name + "_RESOLUTION", shape_of(band.resolution.shape()),
               {nspec, band.resolution.extent(1), band.wave.size()});
  }
}

void add_band(detail::FitsWriter& file, const BandSpectra& band) {
  const std::string name = detail::upper(band.band) + "_";
  const auto shape = shape_of(band.flux.shape());
  Header units;
  units.set("BUNIT", "Angstrom");
  file.image(name + "WAVELENGTH", {band.wave.size()}, band.wave.data(), units);
  units.set("BUNIT", "10**-17 erg/(s cm2 Angstrom)");
  file.image(name + "FLUX", shape, band.flux.data(), units);
  units.set("BUNIT", "10**+34 (s2 cm4 Angstrom2) / erg2");
  file.image(name + "IVAR", shape, band.ivar.data(), units);
  // Bits, not numbers: int32, as other programs expect, also with bit 31 set.
  if (!band.mask.empty()) file.image(name + "MASK", shape, reinterpret_cast<const std::int32_t*>(band.mask.data()));
  file.image(name + "RESOLUTION", shape_of(band.resolution.shape()), band.resolution.data());
}

void add_table(detail::FitsWriter& file, Table table, const char* name) {
  table.name = name;
  file.table(table);
}

}  // namespace

void write_spectra(const SpectraFile& spectra) {
  check(spectra);
  std::size_t bytes = 0;
  for (const BandSpectra& band : spectra.bands)
    bytes += (3 * band.flux.size() + band.resolution.size()) * sizeof(float);
  detail::FitsWriter file(spectra.path, bytes);
  Header header = spectra.header;
  header.set("LONGSTRN", "OGIP 1.0");
  file.primary(header);
  add_table(file, spectra.fibermap, "FIBERMAP");
  if (spectra.exp_fibermap) add_table(file, *spectra.exp_fibermap, "EXP_FIBERMAP");
  for (const BandSpectra& band : spectra.bands) add_band(file, band);
  if (spectra.scores) add_table(file, *spectra.scores, "SCORES");
  file.finish();
}

}  // namespace zspex::io
