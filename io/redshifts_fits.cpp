#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/detail/hdf5_reader.hpp"
#include "io/detail/redshift_table.hpp"
#include "io/redshifts.hpp"

namespace zspex::io {
namespace {

std::vector<RedshiftRow> rows_of(const detail::Hdf5Reader& file, const std::string& name) {
  Table table = file.table(name);
  for (Column& column : table.columns) column.name = detail::upper(column.name);
  return detail::rows_from(table, file.context().path());
}

std::string zfit_of(std::int64_t targetid) { return fmt::format("/zfit/{}/zfit", targetid); }

}  // namespace

void write_redshifts_fits(const std::string& path, const RedshiftResults& results, const Provenance& provenance,
                          WriteOptions options) {
  detail::FitsWriter file(path, results.targetid.size() * 2048, options);
  const Header header = detail::results_header(results, provenance);
  file.primary(header);
  Table redshifts = detail::best_rows_table(results);
  redshifts.header = header;
  file.table(redshifts);
  const auto add = [&](Table table, const char* name) {
    table.name = name;
    file.table(table);
  };
  add(results.fibermap, "FIBERMAP");
  if (results.exp_fibermap) add(*results.exp_fibermap, "EXP_FIBERMAP");
  if (results.tsnr2) add(*results.tsnr2, "TSNR2");
  file.finish();
}

void write_model_fits(const std::string& path, const RedshiftResults& results, const std::vector<ModelSpectra>& models,
                      const Provenance& provenance, WriteOptions options) {
  std::size_t bytes = 0;
  for (const auto& model : models) bytes += model.model.size() * sizeof(float);
  detail::FitsWriter file(path, bytes, options);
  const Header header = detail::results_header(results, provenance);
  file.primary(header);
  Table redshifts = detail::best_rows_table(results);
  redshifts.header = header;
  file.table(redshifts);
  for (const auto& model : models) {
    const std::string band = detail::upper(model.band);
    Header units;
    units.set("BUNIT", "Angstrom");
    file.image(band + "_WAVELENGTH", {model.wave.size()}, model.wave.data(), units);
    units.set("BUNIT", "10**-17 erg/(s cm2 Angstrom)");
    file.image(band + "_MODEL", {model.model.extent(0), model.model.extent(1)}, model.model.data(), units);
  }
  file.finish();
}

std::vector<RedshiftRow> read_redshifts(const std::string& path) {
  if (!detail::is_hdf5(path)) {
    detail::FitsReader file(path);
    const detail::HduInfo* redshifts = detail::find_redshifts(file);
    return detail::rows_from(file.table(redshifts != nullptr ? *redshifts : file.need("REDSHIFTS")), path);
  }
  const detail::Hdf5Reader file(path);
  for (const char* table : {"/redshifts", "/zbest"})
    if (file.has(table)) return rows_of(file, table);
  std::vector<RedshiftRow> rows;  // Redrock's older details
  for (const std::int64_t targetid : file.array1<std::int64_t>("/targetids"))
    rows.push_back(rows_of(file, zfit_of(targetid)).at(0));
  return rows;
}

std::vector<RedshiftRow> read_zfit(const std::string& path, std::int64_t targetid) {
  return rows_of(detail::Hdf5Reader(path), zfit_of(targetid));
}

}  // namespace zspex::io
