#include "io/results.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "core/error.hpp"
#include "io/camera.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/frame_hdf5.hpp"
#include "io/detail/hdf5_reader.hpp"
#include "io/detail/provenance_cards.hpp"
#include "io/detail/redshift_table.hpp"
#include "io/detail/sdss.hpp"
#include "io/seal.hpp"

namespace zspex::io {
namespace {

std::string pixel_name(int type) {
  switch (type) {
    case FLOAT_IMG:
      return "float32";
    case DOUBLE_IMG:
      return "float64";
    case BYTE_IMG:
      return "uint8";
    case SBYTE_IMG:
      return "int8";
    case SHORT_IMG:
      return "int16";
    case USHORT_IMG:
      return "uint16";
    case LONG_IMG:
      return "int32";
    case ULONG_IMG:
      return "uint32";
    case LONGLONG_IMG:
      return "int64";
    case ULONGLONG_IMG:
      return "uint64";
    default:
      return "other";
  }
}

bool has_bands(const detail::FitsReader& file) {
  const auto& hdus = file.hdus();
  return std::any_of(hdus.begin(), hdus.end(), [&](const detail::HduInfo& hdu) {
    constexpr std::string_view tail = "_WAVELENGTH";
    return hdu.name.ends_with(tail) && file.has(hdu.name.substr(0, hdu.name.size() - tail.size()) + "_FLUX");
  });
}

bool is_calibrated(detail::FitsReader& file) {
  return file.header(file.need("FLUX")).text("BUNIT").value_or("").find("erg") != std::string::npos;
}

FileKind kind_of(detail::FitsReader& file) {
  const auto has = [&](const char* name) { return file.has(name); };
  if (has_bands(file)) return has("EXP_FIBERMAP") ? FileKind::coadd : FileKind::spectra;
  if (detail::find_redshifts(file) != nullptr) return FileKind::redshifts_fits;
  if (has("FLUX") && has("IVAR") && has("WAVELENGTH") && is_calibrated(file)) return FileKind::cframe;
  if (has("FLUX") && has("IVAR") && has("WAVELENGTH")) return FileKind::frame_fits;
  if (has("FLUX") && has("WAVELENGTH")) return FileKind::truth;
  if (has("IMAGE") && has("IVAR") && has("MASK")) return FileKind::preproc;
  if (has("XTRACE") && has("YTRACE") && has("PSF")) return FileKind::psf;
  if (has("MODEL")) return FileKind::model;
  if (detail::is_sdss(file) || detail::is_spplate(file)) return FileKind::sdss;
  return FileKind::other_fits;
}

DatasetInfo describe(detail::FitsReader& file, const detail::HduInfo& hdu, const Header& header) {
  DatasetInfo info;
  info.name = hdu.name.empty() ? fmt::format("HDU {}", hdu.number - 1) : hdu.name;
  info.bytes = hdu.bytes;
  info.shape = hdu.shape;
  info.units = header.text("BUNIT").value_or("");
  if (hdu.kind == detail::HduInfo::Kind::image) {
    info.type = hdu.shape.empty() ? "no data" : pixel_name(hdu.pixel_type) + (hdu.compressed ? ", compressed" : "");
  } else {
    info.type = fmt::format("table of {} columns", hdu.shape[1]);
    info.shape.resize(1);
  }
  if (info.name == "MASK" && !file.path().empty()) info.description = "bits; 0 = good";
  return info;
}

/// "r0-00051060" from CAMERA and EXPID.
std::string frame_name(const Header& header) {
  const std::string camera = camera_of(header);
  const auto expid = header.integer("EXPID");
  if (camera.empty() || !expid) return camera;
  return fmt::format("{}-{:08}", camera, *expid);
}

void add_fits_frame(detail::FitsReader& file, ResultsSummary& summary) {
  const detail::HduInfo& flux = file.need_image("FLUX", 2);
  const std::vector<double> wave = file.image1<double>(file.need_image("WAVELENGTH", 1));
  const Header header = file.header(flux);
  summary.frames.push_back(
      {frame_name(header), camera_of(header), flux.shape[0], flux.shape[1], wave.front(), wave.back()});
  summary.header = header;
  summary.provenance = detail::provenance_of(header);
}

ResultsSummary fits_summary(const std::string& path) {
  detail::FitsReader file(path, Checksums::ignore);
  ResultsSummary summary;
  summary.notes = file.notes();
  summary.kind = kind_of(file);
  for (const detail::HduInfo& hdu : file.hdus()) {
    const Header header = file.header(hdu);
    if (hdu.number == 1 || (hdu.number == 2 && hdu.compressed)) summary.header = header;
    if (!summary.provenance) summary.provenance = detail::provenance_of(header);
    summary.datasets.push_back(describe(file, hdu, header));
  }
  if (summary.kind == FileKind::frame_fits) add_fits_frame(file, summary);
  summary.has_redshifts = summary.kind == FileKind::redshifts_fits;
  return summary;
}

DatasetInfo all_zfit(const detail::Hdf5Reader& file) {
  const auto targets = file.children("/zfit");
  DatasetInfo info;
  info.name = "/zfit/TARGETID/zfit";
  info.type = fmt::format("{}{}", targets.size(), targets.size() == 1 ? " table" : " tables");
  info.description = "minima of each target";
  for (const std::string& target : targets) info.bytes += file.stored_bytes("/zfit/" + target + "/zfit");
  return info;
}

void add_datasets(const detail::Hdf5Reader& file, const std::string& group, std::vector<DatasetInfo>& datasets) {
  constexpr std::ptrdiff_t deepest = 32;  // links may lead back to where they come from
  if (std::count(group.begin(), group.end(), '/') > deepest)
    throw FileError(
        file.context().path(), group,
        "expected groups that end, found more than 32 within each other. Copy the file again, or make it again.");
  for (const std::string& child : file.children(group)) {
    const std::string name = group + (group == "/" ? "" : "/") + child;
    if (name == "/zfit") {
      datasets.push_back(all_zfit(file));
      continue;
    }
    if (file.is_group(name)) {
      add_datasets(file, name, datasets);
      continue;
    }
    datasets.push_back({name, file.type_name(name), file.shape(name), file.text(name, "units").value_or(""),
                        file.text(name, "description").value_or(""), file.stored_bytes(name)});
  }
}

ResultsSummary hdf5_summary(const std::string& path) {
  const detail::Hdf5Reader file(path);
  ResultsSummary summary;
  add_datasets(file, "/", summary.datasets);
  const bool details = file.has("/zfit") && file.has("/targetids");
  summary.has_redshifts = details || file.has("/redshifts");
  if (file.text("/", detail::format_attribute).value_or("") != detail::format_name) {
    summary.kind = details ? FileKind::details_hdf5 : FileKind::other_hdf5;
    return summary;
  }
  detail::check_layout(file);
  summary.kind = FileKind::results_hdf5;
  summary.provenance = detail::read_provenance(file);
  summary.timing = detail::read_timing(file);
  for (const char* name : {"ranks", "strategies"})
    if (file.has(std::string("/") + name)) {
      summary.run.push_back(file.table(std::string("/") + name));
      summary.run.back().name = name;
    }
  for (const std::string& name : file.children("/frames")) {
    const std::string group = "/frames/" + name + "/";
    const auto shape = file.shape(group + "flux");
    const auto wave = file.array1<double>(group + "wavelength");
    Header header;
    if (file.has(group + "header")) header = detail::header_from(file.table(group + "header"), path);
    if (shape.size() == 2 && !wave.empty())
      summary.frames.push_back({name, camera_of(header), shape[0], shape[1], wave.front(), wave.back()});
    if (summary.header.cards().empty()) summary.header = header;
  }
  return summary;
}

Spectrum fits_spectrum(const std::string& path, std::size_t ispec) {
  detail::FitsReader file(path);
  const detail::HduInfo& flux = file.need_image("FLUX", 2);
  const std::size_t nwave = flux.shape[1];
  if (ispec >= flux.shape[0])
    file.refuse("FLUX", "expected a spectrum from 0 to {}, found the request for {}. Choose another.",
                flux.shape[0] - 1, ispec);
  Spectrum out;
  out.units = file.header(flux).text("BUNIT").value_or("");
  out.wave = file.image1<double>(file.need_image("WAVELENGTH", 1));
  const auto read = [&](const char* name, auto& values) {
    const detail::HduInfo& hdu = file.need_image(name, 2);
    if (hdu.shape != flux.shape)
      file.refuse(name, "expected {} values as in FLUX, found {}. Check the file.", detail::to_string(flux.shape),
                  detail::to_string(hdu.shape));
    values.resize(nwave);
    file.pixels(hdu, ispec * nwave, nwave, values.data());
  };
  read("FLUX", out.flux);
  if (file.find("IVAR")) read("IVAR", out.ivar);
  if (file.find("MASK")) read("MASK", out.mask);
  out.ivar.resize(nwave);  // a truth file has neither
  out.mask.resize(nwave);
  return out;
}

Spectrum hdf5_spectrum(const std::string& path, std::size_t ispec, const std::string& frame) {
  const detail::Hdf5Reader file(path);
  detail::check_layout(file);
  const auto names = file.children("/frames");
  const bool known = frame.empty() ? names.size() == 1 : std::find(names.begin(), names.end(), frame) != names.end();
  if (!known)
    file.context().refuse("/frames", "expected {}{}, found: {}. Name the one to read.",
                          frame.empty() ? "one frame" : "the frame ", frame,
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  const std::string group = "/frames/" + (frame.empty() ? names.front() : frame) + "/";
  Spectrum out;
  out.wave = file.array1<double>(group + "wavelength");
  out.flux = file.rows<float>(group + "flux", ispec, 1);
  out.ivar = file.rows<float>(group + "ivar", ispec, 1);
  out.mask = file.rows<std::uint32_t>(group + "mask", ispec, 1);
  out.units = file.text(group + "flux", "units").value_or("");
  return out;
}

}  // namespace

const char* to_string(FileKind kind) {
  switch (kind) {
    case FileKind::frame_fits:
      return "frame (FITS)";
    case FileKind::results_hdf5:
      return "zspex results (HDF5)";
    case FileKind::preproc:
      return "preproc frame (FITS)";
    case FileKind::psf:
      return "PSF (FITS)";
    case FileKind::truth:
      return "truth of a simulation (FITS)";
    case FileKind::model:
      return "model image (FITS)";
    case FileKind::coadd:
      return "coadd (FITS)";
    case FileKind::spectra:
      return "uncoadded spectra (FITS)";
    case FileKind::cframe:
      return "cframe (FITS)";
    case FileKind::sdss:
      return "SDSS spectra (FITS)";
    case FileKind::redshifts_fits:
      return "redshifts (FITS)";
    case FileKind::details_hdf5:
      return "Redrock details (HDF5)";
    case FileKind::other_fits:
      return "FITS";
    case FileKind::other_hdf5:
      return "HDF5";
  }
  return "unknown";
}

ResultsSummary read_summary(const std::string& path) {
  ResultsSummary summary = detail::is_hdf5(path) ? hdf5_summary(path) : fits_summary(path);
  summary.path = path;
  summary.file_bytes = std::filesystem::file_size(path);
  return summary;
}

Provenance read_whole(const std::string& path) {
  if (detail::is_hdf5(path)) {
    if (read_seal(path) != Seal::whole)
      throw FileError(path, "", "expected a file that is as zspex wrote it, found one without its seal.");
  } else if (const detail::FitsReader file(path); !file.notes().empty()) {
    throw FileError(path, "", "expected a file that is as zspex wrote it, found: " + file.notes().front() + ".");
  }
  const auto provenance = read_summary(path).provenance;
  if (!provenance) throw FileError(path, "", "expected a result of zspex, found a file that doesn't tell its origin.");
  return *provenance;
}

Spectrum read_spectrum(const std::string& path, std::size_t ispec, const std::string& frame) {
  return detail::is_hdf5(path) ? hdf5_spectrum(path, ispec, frame) : fits_spectrum(path, ispec);
}

}  // namespace zspex::io
