#include <algorithm>
#include <cmath>
#include <string>

#include "io/detail/fits_cards.hpp"
#include "io/detail/sdss.hpp"

namespace zspex::io {
namespace {

using detail::FitsReader;
using detail::HduInfo;

constexpr double step = 1e-4;                                       // of log10(wavelength)
constexpr double shortest_angstrom = 3500, longest_angstrom = 1e4;  // what Redrock fits of BOSS spectra

double grid_wave(long long i) { return std::pow(10.0, static_cast<double>(i) * step); }

std::string hdu_title(const HduInfo& hdu) {
  return hdu.name.empty() ? "HDU " + std::to_string(hdu.number - 1) : hdu.name;
}

/// Column names are capitals in some releases and small letters in others.
Table read_capital_table(FitsReader& file, std::size_t ihdu) {
  const auto& hdus = file.hdus();
  if (hdus.size() <= ihdu || hdus[ihdu].kind != HduInfo::Kind::table)
    file.refuse("HDU " + std::to_string(ihdu),
                "expected a table, as in a spec-PLATE-MJD-FIBER file of SDSS, found none. Download the file again.");
  Table table = file.table(hdus[ihdu]);
  table.name = hdu_title(hdus[ihdu]);
  for (Column& column : table.columns) column.name = detail::upper(column.name);
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
    const double at = loglam[i] / step;
    const bool sane = std::isfinite(at) && at > 0 && at < 1e5;
    if (!sane || std::fabs(at - std::round(at)) > 0.01 || (i > 0 && std::llround(at) != places.back() + 1))
      file.refuse(coadd.name + ".LOGLAM",
                  "expected the common grid of SDSS spectra, multiples of 0.0001 that grow one by one, found " +
                      detail::show_number(loglam[i]) + " in row " + std::to_string(i) + ". Download the file again.");
    places.push_back(std::llround(at));
  }
  return places;
}

/// The columns of R are Gaussians of `wdisp` pixels (sigma), cut off and normalised as Redrock does for BOSS.
Array3<float> gaussian_resolution(std::vector<float> wdisp) {
  constexpr float none = 1e-5F, otherwise = 2;
  for (float& sigma : wdisp)
    if (!std::isfinite(sigma) || sigma < none) sigma = otherwise;
  const std::size_t nwave = wdisp.size();
  const double widest = std::ceil(*std::max_element(wdisp.begin(), wdisp.end()));
  const std::size_t half = 2 * static_cast<std::size_t>(std::min(widest, static_cast<double>((nwave - 1) / 4)));
  Array3<float> resolution({1, 2 * half + 1, nwave});
  std::vector<double> column(2 * half + 1);
  for (std::size_t j = 0; j < nwave; ++j) {
    double sum = 0;
    for (std::size_t k = 0; k <= 2 * half; ++k) {
      const double row = static_cast<double>(j + k) - static_cast<double>(half), d = row - static_cast<double>(j);
      const bool inside = row >= 0 && row < static_cast<double>(nwave);
      column[k] = inside ? std::exp(-d * d / 2 / (static_cast<double>(wdisp[j]) * wdisp[j])) : 0;
      sum += column[k];
    }
    for (std::size_t k = 0; k <= 2 * half; ++k) resolution(0, k, j) = static_cast<float>(column[k] / sum);
  }
  return resolution;
}

BandSpectra make_band(const FitsReader& file, const Table& coadd) {
  const auto places = need_places(file, coadd);
  const auto inside = [&](long long place) {
    const double wave = grid_wave(place);
    return wave >= shortest_angstrom && wave < longest_angstrom;
  };
  const auto begin = std::find_if(places.begin(), places.end(), inside);
  const auto end = std::find_if_not(begin, places.end(), inside);
  const auto first = static_cast<std::size_t>(begin - places.begin()), nwave = static_cast<std::size_t>(end - begin);
  if (nwave < 2)
    file.refuse(coadd.name + ".LOGLAM", "expected wavelengths between 3500 and 10000 Angstrom, found " +
                                            std::to_string(nwave) + ". Leave this file out.");
  const auto row = [&](const char* name) {
    const auto values = need_floats(coadd, name, file.path());
    return std::vector<float>(values.begin() + static_cast<std::ptrdiff_t>(first),
                              values.begin() + static_cast<std::ptrdiff_t>(first + nwave));
  };
  BandSpectra band;
  band.band = sdss_band;
  for (auto place = begin; place != end; ++place) band.wave.push_back(grid_wave(*place));
  band.flux = Array2<float>({1, nwave}, row("FLUX"));
  band.ivar = Array2<float>({1, nwave}, row("IVAR"));
  band.resolution = gaussian_resolution(row("WDISP"));
  return band;
}

template <class T>
Column one_value(const char* name, char code, T value, const char* description) {
  Column column;
  column.name = name;
  column.code = code;
  if constexpr (std::is_same_v<T, std::string>) column.repeat = 3;
  column.values = std::vector<T>{value};
  column.description = description;
  return column;
}

/// SDSS-I/II and BOSS call the fiber's place PLUG_RA, PLUG_DEC; RA and DEC are the matched object's, and may be absent.
double position(const Table& object, const std::string& name, const std::string& path) {
  return object.numbers(object.find("PLUG_" + name) ? "PLUG_" + name : name, path).front();
}

Table make_fibermap(const Table& object, const std::string& path) {
  if (object.nrow != 1)
    throw FileError(path, object.name,
                    "expected one row that says what was observed, found " + std::to_string(object.nrow) +
                        ". Download the file again.");
  const auto number = [&](const char* column) { return object.integers(column, path).front(); };
  const std::int64_t plate = number("PLATE"), mjd = number("MJD"), fiber = number("FIBERID");
  const Column* type = object.find("OBJTYPE");
  const bool sky = type && type->code == 'A' && std::get<std::vector<std::string>>(type->values).front() == "SKY";
  Table fibermap;
  fibermap.name = "FIBERMAP";
  fibermap.nrow = 1;
  fibermap.columns = {one_value<std::int64_t>("TARGETID", 'K', plate * 1'000'000'000 + mjd * 10'000 + fiber,
                                              "PLATE 10^9 + MJD 10^4 + FIBERID"),
                      one_value<std::string>("OBJTYPE", 'A', sky ? "SKY" : "TGT", "SKY, or TGT for all else"),
                      one_value("PLATE", 'J', static_cast<std::int32_t>(plate), "plate"),
                      one_value("MJD", 'J', static_cast<std::int32_t>(mjd), "day of the last observation"),
                      one_value("FIBERID", 'J', static_cast<std::int32_t>(fiber), "fiber, from 1"),
                      one_value("TARGET_RA", 'D', position(object, "RA", path), "right ascension of the fiber"),
                      one_value("TARGET_DEC", 'D', position(object, "DEC", path), "declination of the fiber")};
  for (const std::size_t i : {5, 6}) fibermap.columns[i].unit = "deg";
  return fibermap;
}

}  // namespace

std::vector<double> sdss_grid(double first, double last) {
  std::vector<double> wave;
  for (long long i = std::llround(std::log10(first) / step); i <= std::llround(std::log10(last) / step); ++i)
    wave.push_back(grid_wave(i));
  return wave;
}

namespace detail {

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
