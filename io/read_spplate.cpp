#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include "core/format.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/read_rows.hpp"
#include "io/detail/sdss.hpp"

namespace zspex::io::detail {
namespace {

/// HDUs of a spPlate file, by their places: old ones have no names.
constexpr std::size_t flux_hdu = 0, ivar_hdu = 1, wdisp_hdu = 4, plugmap_hdu = 5;

const HduInfo& need_image(const FitsReader& file, std::size_t ihdu, const char* what) {
  const HduInfo& hdu = file.hdus()[ihdu];
  const HduInfo& flux = file.hdus()[flux_hdu];
  if (hdu.kind != HduInfo::Kind::image || hdu.shape != flux.shape)
    file.refuse(fmt::format("HDU {}", ihdu),
                "expected an image of {}, {} values as the flux, found none. Download the file again.", what,
                to_string(flux.shape));
  return hdu;
}

Table read_plugmap(FitsReader& file) {
  Table plugmap = file.table(file.hdus()[plugmap_hdu]);
  plugmap.name = "HDU 5";
  for (Column& column : plugmap.columns) column.name = upper(column.name);
  const std::size_t nspec = file.hdus()[flux_hdu].shape[0];
  if (plugmap.nrow != nspec)
    file.refuse(plugmap.name, "expected a plugmap of {} rows, one per spectrum, found {}. Download the file again.",
                nspec, plugmap.nrow);
  return plugmap;
}

long long need_card(const FitsReader& file, const Header& header, const char* name) {
  const auto value = header.integer(name);
  if (!value) file.refuse("HDU 0", "expected a card {} that is a whole number, found none.", name);
  return *value;
}

SdssPixels find_pixels(FitsReader& file) {
  const HduInfo& flux = file.hdus()[flux_hdu];
  const Header header = file.header(flux);
  const auto first = header.number("COEFF0"), step = header.number("COEFF1");
  const double at = first.value_or(0) / sdss_step;
  const bool fits = first && step && std::fabs(*step / sdss_step - 1) < 1e-6 && at > 0 && at < 1e5 &&
                    std::fabs(at - std::round(at)) < 0.01;
  if (!fits)
    file.refuse("HDU 0",
                "expected the common grid of SDSS spectra, COEFF0 a multiple of 0.0001 and COEFF1 = 0.0001, found {} "
                "and {}. Download the file again.",
                first ? show_number(*first) : "no COEFF0", step ? show_number(*step) : "no COEFF1");
  return pixels_to_fit(file, "HDU 0", std::llround(at), flux.shape[1]);
}

/// Widths of all spectra decide the diagonals, so that a target's resolution doesn't depend on who else is read.
std::size_t find_diagonals(FitsReader& file, const SdssPixels& pixels) {
  const HduInfo& hdu = need_image(file, wdisp_hdu, "widths of lines (WAVEDISP)");
  const std::size_t nspec = hdu.shape[0], nall = hdu.shape[1], nwave = pixels.wave.size();
  std::vector<float> row(nall);
  float widest = 0;
  for (std::size_t i = 0; i < nspec; ++i) {
    file.pixels(hdu, i * nall, nall, row.data());
    const std::span<float> wdisp(row.data() + pixels.first, nwave);
    mend_widths(wdisp);
    widest = std::max(widest, *std::max_element(wdisp.begin(), wdisp.end()));
  }
  return diagonals_beside(widest, nwave);
}

Array2<float> read_pixels(FitsReader& file, const HduInfo& hdu, const SdssPixels& pixels,
                          std::span<const std::size_t> rows) {
  const std::size_t nall = hdu.shape[1], nwave = pixels.wave.size();
  Array2<float> whole({rows.size(), nall}), values({rows.size(), nwave});
  read_rows(file, hdu, nall, rows, whole.data());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(whole.row(i).begin() + static_cast<std::ptrdiff_t>(pixels.first), nwave, values.row(i).begin());
  return values;
}

std::vector<std::int64_t> targetids(FitsReader& file, const Table& plugmap) {
  const Header header = file.header(file.hdus()[flux_hdu]);
  const long long plate = need_card(file, header, "PLATEID"), mjd = need_card(file, header, "MJD");
  std::vector<std::int64_t> ids;
  for (const std::int64_t fiber : plugmap.integers("FIBERID", file.path()))
    ids.push_back(sdss_targetid(plate, mjd, fiber));
  return ids;
}

Table make_fibermap(FitsReader& file) {
  const Table plugmap = read_plugmap(file);
  const Header header = file.header(file.hdus()[flux_hdu]);
  const auto same = [&](const char* card) {
    return std::vector<std::int32_t>(plugmap.nrow, static_cast<std::int32_t>(need_card(file, header, card)));
  };
  const auto fiber = plugmap.integers("FIBERID", file.path());
  Table fibermap;
  fibermap.name = "FIBERMAP";
  fibermap.nrow = plugmap.nrow;
  fibermap.columns = {
      sdss_column("TARGETID", 'K', targetids(file, plugmap), "PLATE 10^9 + MJD 10^4 + FIBERID"),
      sdss_column("OBJTYPE", 'A', sdss_objtypes(plugmap), "SKY, or TGT for all else"),
      sdss_column("PLATE", 'J', same("PLATEID"), "plate"),
      sdss_column("MJD", 'J', same("MJD"), "day of the last observation"),
      sdss_column("FIBERID", 'J', std::vector<std::int32_t>(fiber.begin(), fiber.end()), "fiber, from 1"),
      sdss_column("TARGET_RA", 'D', plugmap.numbers("RA", file.path()), "right ascension of the fiber"),
      sdss_column("TARGET_DEC", 'D', plugmap.numbers("DEC", file.path()), "declination of the fiber")};
  for (const std::size_t i : {5, 6}) fibermap.columns[i].unit = "deg";
  return fibermap;
}

}  // namespace

bool is_spplate(FitsReader& file) {
  const auto& hdus = file.hdus();
  if (hdus.size() <= plugmap_hdu || hdus[flux_hdu].kind != HduInfo::Kind::image || hdus[flux_hdu].shape.size() != 2 ||
      hdus[plugmap_hdu].kind != HduInfo::Kind::table)
    return false;
  const Header header = file.header(hdus[flux_hdu]);
  return header.has("COEFF0") && header.has("PLATEID");
}

SpectraInfo read_spplate_info(FitsReader& file) {
  SdssPixels pixels = find_pixels(file);
  const std::size_t half = find_diagonals(file, pixels);
  return {SpectraKind::sdss,
          targetids(file, read_plugmap(file)),
          {{sdss_band, std::move(pixels.wave), static_cast<int>(2 * half + 1)}},
          {}};
}

SpectraFile read_spplate_tables(FitsReader& file, std::span<const std::size_t> rows) {
  SpectraFile spectra;
  spectra.path = file.path();
  spectra.kind = SpectraKind::sdss;
  spectra.header = file.header(file.hdus()[flux_hdu]);
  spectra.fibermap = make_fibermap(file).pick(rows);
  spectra.targetid = spectra.fibermap.integers("TARGETID", file.path());
  return spectra;
}

SpectraFile read_spplate(FitsReader& file, std::span<const std::size_t> rows) {
  SpectraFile spectra = read_spplate_tables(file, rows);
  SdssPixels pixels = find_pixels(file);
  BandSpectra band;
  band.band = sdss_band;
  band.flux = read_pixels(file, file.hdus()[flux_hdu], pixels, rows);
  band.ivar = read_pixels(file, need_image(file, ivar_hdu, "inverse variances"), pixels, rows);
  Array2<float> wdisp = read_pixels(file, need_image(file, wdisp_hdu, "widths of lines (WAVEDISP)"), pixels, rows);
  mend_widths({wdisp.data(), wdisp.size()});
  band.resolution = gaussian_resolution(wdisp, find_diagonals(file, pixels));
  band.wave = std::move(pixels.wave);
  spectra.bands.push_back(std::move(band));
  return spectra;
}

}  // namespace zspex::io::detail
