#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/read_rows.hpp"
#include "io/detail/sdss.hpp"
#include "io/spectra.hpp"

namespace zspex::io {
namespace {

using detail::FitsReader;
using detail::HduInfo;
using detail::read_rows;

/// The names of a band's HDUs: "B_FLUX", or "FLUX" in a cframe.
struct BandHdus {
  std::string band, prefix;
};

/// Counts or electrons fit no template: the instrument's throughput is still in them. Files without a unit are taken as calibrated.
void check_units(FitsReader& file, const std::vector<BandHdus>& bands) {
  for (const BandHdus& hdus : bands) {
    const std::string name = hdus.prefix + "FLUX";
    const HduInfo* hdu = file.find(name);
    if (hdu == nullptr) continue;
    const std::string unit(detail::trim(file.header(*hdu).text("BUNIT").value_or("")));
    if (!unit.empty() && detail::lower(unit).find("erg") == std::string::npos)
      file.refuse(name,
                  "expected calibrated flux, BUNIT = '10**-17 erg/(s cm2 Angstrom)', found '{}'. Calibrate the spectra "
                  "first (desi_process_exposure makes cframes of frames), or mend BUNIT.",
                  unit);
  }
}

std::vector<BandHdus> find_bands(FitsReader& file) {
  constexpr std::string_view tail = "_WAVELENGTH";
  std::vector<BandHdus> bands;
  for (const HduInfo& hdu : file.hdus()) {
    if (!hdu.name.ends_with(tail)) continue;
    const std::string head = hdu.name.substr(0, hdu.name.size() - tail.size());
    bands.push_back({detail::lower(head), head + "_"});
  }
  if (bands.empty() && file.find("WAVELENGTH") && file.find("FLUX")) {
    const auto camera = file.header(file.need("FLUX")).text("CAMERA");
    if (!camera || camera->empty())
      file.refuse(
          "FLUX",
          "expected a CAMERA card that names the camera of a cframe, found none. Add it, for example CAMERA = 'b0'.");
    bands.push_back({detail::lower(camera->substr(0, 1)), ""});
  }
  if (bands.empty())
    file.refuse(
        "",
        "expected images <BAND>_WAVELENGTH, <BAND>_FLUX, ... (coadd or spectra), WAVELENGTH, FLUX, ... (cframe) or "
        "SDSS's (a table COADD, or a plate's images), found none of them. Give a file of flux-calibrated spectra.");
  check_units(file, bands);
  return bands;
}

/// Coadds before EXP_FIBERMAP, and those that other programs cut down, are known by what a coadd adds to FIBERMAP.
SpectraKind kind_of(const FitsReader& file, const std::vector<BandHdus>& bands, const Table& fibermap) {
  if (bands.front().prefix.empty()) return SpectraKind::cframe;
  const bool coadded = file.find("EXP_FIBERMAP") || fibermap.find("COADD_NUMEXP") || fibermap.find("COADD_FIBERSTATUS");
  return coadded ? SpectraKind::coadd : SpectraKind::spectra;
}

/// The shape that all bands share.
std::size_t spectra_in(FitsReader& file, const std::vector<BandHdus>& bands) {
  return file.need_rows(bands.front().prefix + "FLUX", 2).shape[0];
}

const HduInfo& need_shape(FitsReader& file, const std::string& name, const std::vector<std::size_t>& shape,
                          const char* meaning) {
  const HduInfo& hdu = file.need_rows(name, shape.size());
  if (hdu.shape != shape)
    file.refuse(name, "expected {} values ({}), found {}. Check that the HDUs belong to one file.",
                detail::to_string(shape), meaning, detail::to_string(hdu.shape));
  return hdu;
}

std::vector<double> read_wave(FitsReader& file, const std::string& name) {
  const auto wave = file.image1<double>(file.need_image(name, 1));
  if (wave.size() < 2) file.refuse(name, "expected at least 2 wavelengths, found {}.", wave.size());
  for (std::size_t i = 0; i < wave.size(); ++i) {
    if (!std::isfinite(wave[i]) || wave[i] <= 0 || wave[i] > 1e7 || (i > 0 && wave[i] <= wave[i - 1]))
      file.refuse(name, "expected wavelengths in Angstrom that grow, found {} at index {}. Make the file again.",
                  detail::show_number(wave[i]), i);
  }
  return wave;
}

BandSpectra read_band(FitsReader& file, const BandHdus& hdus, std::size_t nspec, const std::vector<std::size_t>& rows) {
  BandSpectra band;
  band.band = hdus.band;
  band.wave = read_wave(file, hdus.prefix + "WAVELENGTH");
  const std::size_t nwave = band.wave.size();
  const std::vector<std::size_t> shape = {nspec, nwave};
  const auto image = [&](const char* name) -> const HduInfo& {
    return need_shape(file, hdus.prefix + name, shape, "spectra x wavelengths");
  };
  band.flux = Array2<float>({rows.size(), nwave});
  band.ivar = Array2<float>({rows.size(), nwave});
  read_rows(file, image("FLUX"), nwave, rows, band.flux.data());
  read_rows(file, image("IVAR"), nwave, rows, band.ivar.data());
  if (file.find(hdus.prefix + "MASK")) {
    band.mask = Array2<std::uint32_t>({rows.size(), nwave});
    read_rows(file, image("MASK"), nwave, rows, band.mask.data());
  }
  const std::string name = hdus.prefix + "RESOLUTION";
  if (!file.find(name)) return band;
  const std::size_t ndiag = file.need_rows(name, 3).shape[1];
  const std::vector<std::size_t> diagonals = {nspec, ndiag, nwave};
  const HduInfo& resolution = need_shape(file, name, diagonals, "spectra x diagonals x wavelengths");
  if (ndiag % 2 == 0 || ndiag > nwave)
    file.refuse(name, "expected an odd number of diagonals, at most the {} wavelengths, found {}. Make the file again.",
                nwave, ndiag);
  band.resolution = Array3<float>({rows.size(), ndiag, nwave});
  read_rows(file, resolution, ndiag * nwave, rows, band.resolution.data());
  return band;
}

Table read_row_table(FitsReader& file, const char* name, std::size_t nspec) {
  Table table = file.table(file.need(name));
  if (table.nrow != nspec)
    file.refuse(name, "expected {} rows, one per spectrum, found {}. Make the file again.", nspec, table.nrow);
  return table;
}

SpectraFile read_tables(FitsReader& file, const std::vector<BandHdus>& bands, std::span<const std::size_t> rows) {
  const std::size_t nspec = spectra_in(file, bands);
  SpectraFile spectra;
  spectra.path = file.path();
  spectra.header = file.header(file.hdus().front());
  spectra.fibermap = read_row_table(file, "FIBERMAP", nspec).pick(rows);
  spectra.kind = kind_of(file, bands, spectra.fibermap);
  spectra.targetid = spectra.fibermap.integers("TARGETID", file.path());
  if (const HduInfo* hdu = file.find("EXP_FIBERMAP")) spectra.exp_fibermap = file.table(*hdu);
  if (file.find("SCORES")) spectra.scores = read_row_table(file, "SCORES", nspec).pick(rows);
  return spectra;
}

/// All rows of an SDSS file.
constexpr std::array<std::size_t, 1> only_row = {0};
constexpr std::span<const std::size_t> first_row(only_row);

SpectraInfo info_of(const SpectraFile& spectra) {
  SpectraInfo info{spectra.kind, spectra.targetid, {}, {}};
  for (const auto& band : spectra.bands)
    info.bands.push_back({band.band, band.wave, static_cast<int>(band.resolution.extent(1))});
  return info;
}

/// Of a coadd, spectra or cframe.
SpectraInfo read_info(FitsReader& file) {
  SpectraInfo info;
  if (const HduInfo* fibermap = file.find("FIBERMAP"); fibermap && file.table(*fibermap).nrow == 0) return info;
  const auto bands = find_bands(file);
  const std::size_t nspec = spectra_in(file, bands);
  const Table fibermap = read_row_table(file, "FIBERMAP", nspec);
  info.kind = kind_of(file, bands, fibermap);
  info.targetid = fibermap.integers("TARGETID", file.path());
  for (const auto& hdus : bands) {
    const std::string name = hdus.prefix + "RESOLUTION";
    const std::size_t ndiag = file.find(name) ? file.need_rows(name, 3).shape[1] : 0;
    info.bands.push_back({hdus.band, read_wave(file, hdus.prefix + "WAVELENGTH"), static_cast<int>(ndiag)});
  }
  return info;
}

}  // namespace

SpectraInfo read_spectra_info(const std::string& path, Checksums checksums) {
  FitsReader file(path, checksums);
  SpectraInfo info = detail::is_sdss(file)      ? info_of(detail::read_sdss(file, first_row))
                     : detail::is_spplate(file) ? detail::read_spplate_info(file)
                                                : read_info(file);
  info.notes = file.notes();
  return info;
}

SpectraFile read_spectra_tables(const std::string& path, std::span<const std::size_t> rows) {
  FitsReader file(path, Checksums::ignore);
  if (detail::is_sdss(file)) {
    SpectraFile spectra = detail::read_sdss(file, rows);
    spectra.bands.clear();
    return spectra;
  }
  if (detail::is_spplate(file)) return detail::read_spplate_tables(file, rows);
  return read_tables(file, find_bands(file), rows);
}

SpectraFile read_spectra(const std::string& path, std::optional<std::span<const std::size_t>> rows,
                         std::span<const std::byte> contents) {
  FitsReader file(path, contents);
  if (detail::is_sdss(file)) return detail::read_sdss(file, rows.value_or(first_row));
  const bool plate = detail::is_spplate(file);
  const auto bands = plate ? std::vector<BandHdus>{} : find_bands(file);
  const std::size_t nspec = plate ? file.hdus().front().shape[0] : spectra_in(file, bands);
  std::vector<std::size_t> wanted(nspec);
  std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  if (rows) wanted.assign(rows->begin(), rows->end());
  if (plate) return detail::read_spplate(file, wanted);
  SpectraFile spectra = read_tables(file, bands, wanted);
  for (const auto& hdus : bands) spectra.bands.push_back(read_band(file, hdus, nspec, wanted));
  return spectra;
}

}  // namespace zspex::io
