#include <algorithm>
#include <cmath>
#include <string>

#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/sdss.hpp"

namespace zspex::io {
namespace {

using detail::FitsReader;
using detail::HduInfo;
using detail::upper;

constexpr double shortest_angstrom = 3500, longest_angstrom = 1e4;  // what Redrock fits of BOSS spectra

double grid_wave(long long i) { return std::pow(10.0, static_cast<double>(i) * detail::sdss_step); }

std::string hdu_title(const HduInfo& hdu) {
  return hdu.name.empty() ? fmt::format("HDU {}", hdu.number - 1) : hdu.name;
}

/// Column names are capitals in some releases and small letters in others.
Table read_capital_table(FitsReader& file, std::size_t ihdu) {
  const auto& hdus = file.hdus();
  if (hdus.size() <= ihdu || hdus[ihdu].kind != HduInfo::Kind::table)
    file.refuse(fmt::format("HDU {}", ihdu),
                "expected a table, as in a spec-PLATE-MJD-FIBER file of SDSS, found none. Download the file again.");
  Table table = file.table(hdus[ihdu]);
  table.name = hdu_title(hdus[ihdu]);
  for (Column& column : table.columns) column.name = upper(column.name);
  return table;
}

std::vector<float> need_floats(const Table& table, const char* column, const std::string& path) {
  const auto values = table.numbers(column, path);
  return {values.begin(), values.end()};
}

/// The pixels' places on the common grid. Files hold loglam as float32: to 0.003 pixels.
std::vector<long long> need_places(const FitsReader& file, const Table& coadd) {
  const auto loglam = coadd.numbers("LOGLAM", file.path());
  std::vector<long long> places;
  for (std::size_t i = 0; i < loglam.size(); ++i) {
    const double at = loglam[i] / detail::sdss_step;
    const bool sane = std::isfinite(at) && at > 0 && at < 1e5;
    if (!sane || std::fabs(at - std::round(at)) > 0.01 || (i > 0 && std::llround(at) != places.back() + 1))
      file.refuse(coadd.name + ".LOGLAM",
                  "expected the common grid of SDSS spectra, multiples of 0.0001 that grow one by one, found {} in row "
                  "{}. Download the file again.",
                  detail::show_number(loglam[i]), i);
    places.push_back(std::llround(at));
  }
  return places;
}

BandSpectra make_band(const FitsReader& file, const Table& coadd) {
  const auto places = need_places(file, coadd);
  detail::SdssPixels pixels =
      detail::pixels_to_fit(file, coadd.name + ".LOGLAM", places.empty() ? 0 : places.front(), places.size());
  const std::size_t nwave = pixels.wave.size();
  const auto row = [&](const char* name) {
    const auto values = need_floats(coadd, name, file.path());
    return std::vector<float>(values.begin() + static_cast<std::ptrdiff_t>(pixels.first),
                              values.begin() + static_cast<std::ptrdiff_t>(pixels.first + nwave));
  };
  BandSpectra band;
  band.band = sdss_band;
  band.wave = std::move(pixels.wave);
  band.flux = Array2<float>({1, nwave}, row("FLUX"));
  band.ivar = Array2<float>({1, nwave}, row("IVAR"));
  Array2<float> wdisp({1, nwave}, row("WDISP"));
  detail::mend_widths({wdisp.data(), nwave});
  const float widest = *std::max_element(wdisp.begin(), wdisp.end());
  band.resolution = detail::gaussian_resolution(wdisp, detail::diagonals_beside(widest, nwave));
  return band;
}

template <class T>
Column one_value(const char* name, char code, T value, const char* description) {
  return detail::sdss_column<T>(name, code, {std::move(value)}, description);
}

/// SDSS-I/II and BOSS call the fiber's place PLUG_RA, PLUG_DEC, SDSS-V FIBER_RA or RACAT; RA and DEC are the matched object's,
/// and may be absent.
double position(const Table& object, const std::string& name, const std::string& path) {
  for (const std::string& column : {"PLUG_" + name, "FIBER_" + name, name + "CAT"})
    if (object.find(column)) return object.numbers(column, path).front();
  return object.numbers(name, path).front();
}

/// SDSS-V has no plates: its files are spec-FIELD-MJD-CATALOGID.
bool is_sdss5(const Table& object) { return !object.find("PLATE") && object.find("FIELD") && object.find("CATALOGID"); }

Table make_fibermap(const Table& object, const std::string& path) {
  if (object.nrow != 1)
    throw FileError(
        path, object.name,
        fmt::format("expected one row that says what was observed, found {}. Download the file again.", object.nrow));
  const auto number = [&](const char* column) { return object.integers(column, path).front(); };
  const bool of_plate = !is_sdss5(object);
  if (of_plate && !object.find("PLATE"))
    throw FileError(path, object.name,
                    "expected columns PLATE, MJD and FIBERID (to DR17) or FIELD, MJD and CATALOGID (SDSS-V), found "
                    "neither PLATE nor CATALOGID. Download the file again.");
  const std::int64_t mjd = number("MJD");
  Table fibermap;
  fibermap.name = "FIBERMAP";
  fibermap.nrow = 1;
  const auto small = [](const char* name, std::int64_t value, const char* description) {
    return one_value(name, 'J', static_cast<std::int32_t>(value), description);
  };
  const auto id = [](std::int64_t value, const char* description) {
    return one_value<std::int64_t>("TARGETID", 'K', value, description);
  };
  const Column objtype = detail::sdss_column("OBJTYPE", 'A', detail::sdss_objtypes(object), "SKY, or TGT for all else");
  if (of_plate) {
    const std::int64_t plate = number("PLATE"), fiber = number("FIBERID");
    fibermap.columns = {id(detail::sdss_targetid(plate, mjd, fiber), "PLATE 10^9 + MJD 10^4 + FIBERID"), objtype,
                        small("PLATE", plate, "plate"), small("MJD", mjd, "day of the last observation"),
                        small("FIBERID", fiber, "fiber, from 1")};
  } else {
    const std::int64_t catalogid = number("CATALOGID");
    fibermap.columns = {id(catalogid, "CATALOGID"), objtype, small("FIELD", number("FIELD"), "field"),
                        small("MJD", mjd, "day of the last observation"),
                        one_value<std::int64_t>("CATALOGID", 'K', catalogid, "the target in SDSS-V's catalogue")};
  }
  fibermap.columns.push_back(one_value("TARGET_RA", 'D', position(object, "RA", path), "right ascension of the fiber"));
  fibermap.columns.push_back(one_value("TARGET_DEC", 'D', position(object, "DEC", path), "declination of the fiber"));
  for (const std::size_t i : {5, 6}) fibermap.columns[i].unit = "deg";
  return fibermap;
}

}  // namespace

std::vector<double> sdss_grid(double first, double last) {
  std::vector<double> wave;
  for (long long i = std::llround(std::log10(first) / detail::sdss_step);
       i <= std::llround(std::log10(last) / detail::sdss_step); ++i)
    wave.push_back(grid_wave(i));
  return wave;
}

namespace detail {

std::int64_t sdss_targetid(std::int64_t plate, std::int64_t mjd, std::int64_t fiber) {
  return plate * 1'000'000'000 + mjd * 10'000 + fiber;
}

std::vector<std::string> sdss_objtypes(const Table& table) {
  std::vector<std::string> types(table.nrow, "TGT");
  const Column* column = table.find("OBJTYPE");
  if (!column || column->code != 'A') return types;
  const auto& said = std::get<std::vector<std::string>>(column->values);
  for (std::size_t i = 0; i < types.size(); ++i)
    if (upper(said[i]) == "SKY") types[i] = "SKY";
  return types;
}

SdssPixels pixels_to_fit(const FitsReader& file, const std::string& part, long long first_place, std::size_t nwave) {
  SdssPixels pixels;
  for (std::size_t i = 0; i < nwave; ++i) {
    const double wave = grid_wave(first_place + static_cast<long long>(i));
    if (wave < shortest_angstrom || wave >= longest_angstrom) continue;
    if (pixels.wave.empty()) pixels.first = i;
    pixels.wave.push_back(wave);
  }
  if (pixels.wave.size() < 2)
    file.refuse(part, "expected wavelengths between 3500 and 10000 Angstrom, found {}. Leave this file out.",
                pixels.wave.size());
  return pixels;
}

void mend_widths(std::span<float> wdisp) {
  constexpr float none = 1e-5F, otherwise = 2;
  for (float& sigma : wdisp)
    if (!std::isfinite(sigma) || sigma < none) sigma = otherwise;
}

std::size_t diagonals_beside(float widest, std::size_t nwave) {
  return 2 * static_cast<std::size_t>(
                 std::min(std::ceil(static_cast<double>(widest)), static_cast<double>((nwave - 1) / 4)));
}

Array3<float> gaussian_resolution(const Array2<float>& wdisp, std::size_t half) {
  const std::size_t nspec = wdisp.extent(0), nwave = wdisp.extent(1);
  Array3<float> resolution({nspec, 2 * half + 1, nwave});
  std::vector<double> column(2 * half + 1);
  for (std::size_t i = 0; i < nspec; ++i) {
    for (std::size_t j = 0; j < nwave; ++j) {
      const double sigma = wdisp(i, j);
      double sum = 0;
      for (std::size_t k = 0; k <= 2 * half; ++k) {
        const double row = static_cast<double>(j + k) - static_cast<double>(half), d = row - static_cast<double>(j);
        const bool inside = row >= 0 && row < static_cast<double>(nwave);
        column[k] = inside ? std::exp(-d * d / 2 / (sigma * sigma)) : 0;
        sum += column[k];
      }
      for (std::size_t k = 0; k <= 2 * half; ++k) resolution(i, k, j) = static_cast<float>(column[k] / sum);
    }
  }
  return resolution;
}

bool is_sdss(FitsReader& file) {
  const auto& hdus = file.hdus();
  if (hdus.size() < 2 || hdus[1].kind != HduInfo::Kind::table || !(hdus[1].name.empty() || hdus[1].name == "COADD"))
    return false;
  return read_capital_table(file, 1).find("LOGLAM") != nullptr;
}

SpectraFile read_sdss(FitsReader& file, std::span<const std::size_t> rows) {
  SpectraFile spectra;
  spectra.path = file.path();
  spectra.kind = SpectraKind::sdss;
  spectra.header = file.header(file.hdus().front());
  spectra.fibermap = make_fibermap(read_capital_table(file, 2), file.path()).pick(rows);
  spectra.targetid = spectra.fibermap.integers("TARGETID", file.path());
  if (!rows.empty()) spectra.bands.push_back(make_band(file, read_capital_table(file, 1)));
  return spectra;
}

}  // namespace detail
}  // namespace zspex::io
