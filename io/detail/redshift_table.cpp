#include "io/detail/redshift_table.hpp"

#include <algorithm>
#include <optional>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/provenance_cards.hpp"

namespace zspex::io::detail {
namespace {

using Rows = std::vector<const RedshiftRow*>;

template <class T, class Get>
Column numbers(const char* name, char code, const Rows& rows, const Get& get, const char* description) {
  std::vector<T> values;
  for (const RedshiftRow* row : rows) values.push_back(static_cast<T>(get(*row)));
  Column column;
  column.name = name;
  column.code = code;
  column.values = std::move(values);
  column.description = description;
  return column;
}

/// `width` values per row, padded with zeros.
template <class T, class Get>
Column vectors(const char* name, char code, std::size_t width, const Rows& rows, const Get& get,
               const char* description) {
  std::vector<T> values;
  values.reserve(rows.size() * width);
  for (const RedshiftRow* row : rows) {
    const std::vector<double>& from = get(*row);
    for (std::size_t i = 0; i < width; ++i) values.push_back(i < from.size() ? static_cast<T>(from[i]) : T{});
  }
  Column column;
  column.name = name;
  column.code = code;
  column.repeat = static_cast<int>(width);
  column.dim = fmt::format("({})", width);
  column.values = std::move(values);
  column.description = description;
  return column;
}

template <class Get>
Column texts(const char* name, std::size_t width, const Rows& rows, const Get& get, const char* description) {
  std::vector<std::string> values;
  for (const RedshiftRow* row : rows) {
    values.push_back(get(*row));
    width = std::max(width, values.back().size());
  }
  Column column;
  column.name = name;
  column.code = 'A';
  column.repeat = static_cast<int>(width);
  column.values = std::move(values);
  column.description = description;
  return column;
}

void add_archetype_columns(Table& table, const RedshiftResults& results, const Rows& rows) {
  if (results.archetypes.empty()) return;
  table.columns.push_back(vectors<double>(
      "PCA_COEFF", 'D', static_cast<std::size_t>(results.basis_width), rows,
      [](const auto& row) -> const auto& { return row.pca_coeff; }, "coefficients of the fit before archetypes"));
  table.columns.push_back(texts(
      "PCA_SPECTYPE", 6, rows, [](const auto& row) { return row.pca_spectype; }, "type of the fit before archetypes"));
  table.columns.push_back(texts(
      "PCA_SUBTYPE", 3, rows, [](const auto& row) { return row.pca_subtype; }, "subtype of the fit before archetypes"));
}

void add_legendre(Table& table, const RedshiftResults& results, const Rows& rows) {
  if (results.archetypes.empty() || results.legendre_degree == 0) return;
  const auto nband = static_cast<std::size_t>(std::max(1, results.legendre_bands));
  table.columns.push_back(vectors<double>(
      "LEGCOEFF", 'D', nband * static_cast<std::size_t>(results.legendre_degree), rows,
      [](const auto& row) -> const auto& { return row.legcoeff; }, "coefficients of the Legendre polynomials"));
  if (results.legendre_bands > 0)
    table.columns.back().dim = fmt::format("({},{})", results.legendre_degree, results.legendre_bands);
}

std::string numbered(const char* key, std::size_t i) { return fmt::format("{}{:02}", key, i); }

}  // namespace

int coeff_width(const RedshiftResults& results) {
  int common = -1;
  for (const auto& rows : results.zfit) {
    for (const RedshiftRow& row : rows) {
      if (common >= 0 && row.ncoeff != common) return results.coeff_width;
      common = row.ncoeff;
    }
  }
  return common > 0 ? common : results.coeff_width;  // without a fit as wide as in other files
}

Table best_rows_table(const RedshiftResults& results) {
  Rows rows;
  for (const auto& fits : results.zfit) rows.push_back(&fits.front());
  Table table;
  table.name = "REDSHIFTS";
  table.nrow = rows.size();
  auto& columns = table.columns;
  columns.push_back(numbers<std::int64_t>(
      "TARGETID", 'K', rows, [](const auto& row) { return row.targetid; }, "target"));
  columns.push_back(numbers<double>(
      "Z", 'D', rows, [](const auto& row) { return row.z; }, "redshift"));
  columns.push_back(numbers<float>(
      "ZERR", 'E', rows, [](const auto& row) { return row.zerr; }, "its uncertainty; -1 = none"));
  columns.push_back(numbers<std::int32_t>(
      "ZWARN", 'J', rows, [](const auto& row) { return row.zwarn; }, "warning bits; 0 = none"));
  columns.push_back(numbers<float>(
      "CHI2", 'E', rows, [](const auto& row) { return row.chi2; }, "of the parabola's vertex"));
  columns.push_back(vectors<float>(
      "COEFF", 'E', static_cast<std::size_t>(coeff_width(results)), rows,
      [](const auto& row) -> const auto& { return row.coeff; }, "template coefficients"));
  add_legendre(table, results, rows);
  columns.push_back(texts(
      "FITMETHOD", 4, rows, [](const auto& row) { return row.fitmethod; }, "PCA, NMF, ARCH or NONE"));
  columns.push_back(numbers<std::int32_t>(
      "NPIXELS", 'J', rows, [](const auto& row) { return row.npixels; }, "pixels that were fitted"));
  columns.push_back(texts(
      "SPECTYPE", 6, rows, [](const auto& row) { return row.spectype; }, "spectral type"));
  columns.push_back(texts(
      "SUBTYPE", 3, rows, [](const auto& row) { return row.subtype; }, "its subtype"));
  columns.push_back(numbers<std::int16_t>(
      "NCOEFF", 'I', rows, [](const auto& row) { return row.ncoeff; }, "coefficients in use"));
  columns.push_back(numbers<float>(
      "DELTACHI2", 'E', rows, [](const auto& row) { return row.deltachi2; }, "chi2 to the next redshift"));
  add_archetype_columns(table, results, rows);
  return table;
}

Table zfit_table(const RedshiftResults& results) {
  Rows rows;
  std::size_t npoint = 1;
  for (const auto& fits : results.zfit) {
    for (const RedshiftRow& row : fits) {
      rows.push_back(&row);
      npoint = std::max(npoint, row.zz.size());
    }
  }
  Table table;
  table.nrow = rows.size();
  auto& columns = table.columns;
  columns.push_back(numbers<std::int64_t>(
      "targetid", 'K', rows, [](const auto& row) { return row.targetid; }, "target"));
  columns.push_back(numbers<double>(
      "z", 'D', rows, [](const auto& row) { return row.z; }, "redshift"));
  columns.push_back(numbers<float>(
      "zerr", 'E', rows, [](const auto& row) { return row.zerr; }, "its uncertainty; -1 = none"));
  columns.push_back(numbers<std::int32_t>(
      "zwarn", 'J', rows, [](const auto& row) { return row.zwarn; }, "warning bits; 0 = none"));
  columns.push_back(numbers<float>(
      "chi2", 'E', rows, [](const auto& row) { return row.chi2; }, "of the parabola's vertex"));
  columns.push_back(vectors<float>(
      "zz", 'E', npoint, rows, [](const auto& row) -> const auto& { return row.zz; }, "redshifts of the fine scan"));
  columns.push_back(vectors<float>(
      "zzchi2", 'E', npoint, rows, [](const auto& row) -> const auto& { return row.zzchi2; }, "chi2 of the fine scan"));
  columns.push_back(vectors<float>(
      "coeff", 'E', static_cast<std::size_t>(coeff_width(results)), rows,
      [](const auto& row) -> const auto& { return row.coeff; }, "template coefficients"));
  add_legendre(table, results, rows);
  columns.push_back(texts(
      "fitmethod", 1, rows, [](const auto& row) { return row.fitmethod; }, "PCA, NMF, ARCH or NONE"));
  columns.push_back(numbers<std::int32_t>(
      "npixels", 'J', rows, [](const auto& row) { return row.npixels; }, "pixels that were fitted"));
  columns.push_back(texts(
      "spectype", 1, rows, [](const auto& row) { return row.spectype; }, "spectral type"));
  columns.push_back(texts(
      "subtype", 1, rows, [](const auto& row) { return row.subtype; }, "its subtype"));
  // One byte, signed: FITS has it as an unsigned one with an offset.
  constexpr int offset = 128;
  const auto small = [&](const char* name, const auto& get, const char* description) {
    columns.push_back(numbers<std::uint8_t>(
        name, 'B', rows, [&](const auto& row) { return get(row) + offset; }, description));
    columns.back().zero = -offset;
  };
  small(
      "ncoeff", [](const auto& row) { return row.ncoeff; }, "coefficients in use");
  small(
      "znum", [](const auto& row) { return row.znum; }, "rank of the redshift; 0 = the best");
  columns.push_back(numbers<float>(
      "deltachi2", 'E', rows, [](const auto& row) { return row.deltachi2; }, "chi2 to the next redshift"));
  add_archetype_columns(table, results, rows);
  for (Column& column : columns) column.name = lower(column.name);
  return table;
}

const HduInfo* find_redshifts(const FitsReader& file) {
  for (const char* name : {"REDSHIFTS", "ZBEST"}) {
    const HduInfo* hdu = file.find(name);
    if (hdu != nullptr && hdu->kind == HduInfo::Kind::table) return hdu;
  }
  return nullptr;
}

std::vector<RedshiftRow> rows_from(const Table& table, const std::string& path) {
  const auto strings = [&](const char* name) {
    const Column* column = table.find(name);
    if (!column || column->code != 'A')
      throw FileError(path, table.name + "." + name, "expected this column of text, found none. Give a redshift file.");
    return std::get<std::vector<std::string>>(column->values);
  };
  const auto targetid = table.integers("TARGETID", path), zwarn = table.integers("ZWARN", path),
             npixels = table.integers("NPIXELS", path), ncoeff = table.integers("NCOEFF", path);
  const auto z = table.numbers("Z", path), zerr = table.numbers("ZERR", path), chi2 = table.numbers("CHI2", path),
             deltachi2 = table.numbers("DELTACHI2", path);
  const auto spectype = strings("SPECTYPE"), subtype = strings("SUBTYPE");
  std::optional<std::vector<std::string>> fitmethod;  // absent from Redrock's older files
  if (table.find("FITMETHOD")) fitmethod = strings("FITMETHOD");
  std::optional<std::vector<std::int64_t>> znum;
  if (table.find("ZNUM")) znum = table.integers("ZNUM", path);
  const Column* coeff = table.find("COEFF");
  std::vector<RedshiftRow> rows(table.nrow);
  for (std::size_t i = 0; i < table.nrow; ++i) {
    RedshiftRow& row = rows[i];
    row.targetid = targetid[i];
    row.z = z[i];
    row.zerr = zerr[i];
    row.zwarn = static_cast<std::int32_t>(zwarn[i]);
    row.chi2 = chi2[i];
    row.deltachi2 = deltachi2[i];
    row.npixels = static_cast<std::int32_t>(npixels[i]);
    row.ncoeff = static_cast<int>(ncoeff[i]);
    row.spectype = spectype[i];
    row.subtype = subtype[i];
    if (znum) row.znum = static_cast<int>((*znum)[i]);
    if (fitmethod) row.fitmethod = (*fitmethod)[i];
    if (!coeff) continue;
    std::visit(
        [&](const auto& values) {
          if constexpr (std::is_arithmetic_v<typename std::decay_t<decltype(values)>::value_type>) {
            const auto width = static_cast<std::size_t>(coeff->repeat);
            row.coeff.assign(values.begin() + static_cast<std::ptrdiff_t>(i * width),
                             values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
          }
        },
        coeff->values);
  }
  return rows;
}

Header results_header(const RedshiftResults& results, const Provenance& provenance) {
  Header header;
  header.set("LONGSTRN", "OGIP 1.0");
  header.set("RRVER", "zspex " + provenance.version, "program that fitted the redshifts");
  const auto add_files = [&](const std::vector<TemplateName>& files, const char* name, const char* version,
                             const char* file) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      header.set(numbered(name, i), files[i].full_type);
      header.set(numbered(version, i), files[i].version);
      header.set(numbered(file, i), files[i].file);
    }
  };
  add_files(results.templates, "TEMNAM", "TEMVER", "TEMFIL");
  add_files(results.archetypes, "ARCNAM", "ARCVER", "ARCFIL");
  add_provenance(header, provenance);
  for (const char* key : {"SPGRP", "SPGRPVAL", "TILEID", "SPECTRO", "PETAL", "NIGHT", "EXPID", "HPXPIXEL", "HPXNSIDE",
                          "HPXNEST", "SURVEY", "PROGRAM", "FAPRGRM"}) {
    for (const Card& card : results.input_header.cards())
      if (card.key == key) header.append(card);
  }
  return header;
}

}  // namespace zspex::io::detail
