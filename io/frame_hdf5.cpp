#include "io/detail/frame_hdf5.hpp"

#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "io/detail/check_frame.hpp"
#include "io/frame.hpp"

namespace zspex::io {

void write_frame_hdf5(const std::string& path, const std::string& name, const Frame& frame,
                      const Provenance& provenance, const std::vector<Timing>& timing, WriteOptions options) {
  detail::check_frame(path, frame, ExitCode::output);
  if (name.empty() || name.find('/') != std::string::npos)
    throw FileError(path, name, "expected a name for the frame, without a slash. Give camera and exposure.",
                    ExitCode::output);
  const std::size_t nspec = frame.flux.extent(0), nwave = frame.flux.extent(1);
  detail::Hdf5Writer file(path, options);
  file.attribute("/", detail::format_attribute, detail::format_name);
  file.attribute("/", detail::version_attribute, std::int64_t{detail::layout_version});
  detail::write_provenance(file, provenance);
  detail::write_timing(file, timing);

  const std::string group = "/frames/" + name + "/";
  const std::vector<std::string> image = {"spectrum", "wavelength"};
  file.dataset(group + "flux", {nspec, nwave}, frame.flux.data(), "electron/Angstrom",
               "flux of each spectrum and wavelength bin, convolved by resolution", image);
  file.dataset(group + "ivar", {nspec, nwave}, frame.ivar.data(), "Angstrom2/electron2",
               "inverse variance of flux; 0 = no information", image);
  file.dataset(group + "mask", {nspec, nwave}, frame.mask.data(), "1",
               "bits: 0 SOMEBADPIX, 1 ALLBADPIX, 2 COSMIC, 3 LOWFLAT, 4 BADFIBERFLAT, 5 BRIGHTSKY, 6 BADSKY, 7 "
               "BAD2DFIT, 8 NODATA, 9 BADFIBER, 10 BADCOLUMN; 0 = good",
               image);
  file.dataset(group + "wavelength", {nwave}, frame.wave.data(), "Angstrom", "vacuum wavelength of the bin centers",
               {"wavelength"});
  if (!frame.resolution.empty())
    file.dataset(group + "resolution", {nspec, frame.resolution.extent(1), nwave}, frame.resolution.data(), "1",
                 "diagonals of the resolution matrix R of each spectrum: element [s][k][j] = R_s[j - ndiag/2 + k][j]; "
                 "rows outside the spectrum mean nothing",
                 {"spectrum", "diagonal", "wavelength"});
  if (!frame.chi2pix.empty())
    file.dataset(group + "chi2pix", {nspec, nwave}, frame.chi2pix.data(), "1",
                 "mean of (pixel - model)^2 / variance over the pixels of the bin, weighted by the PSF", image);
  if (frame.fibermap) {
    file.table(group + "fibermap", *frame.fibermap, "what the fibers were pointed at, a row a spectrum", "spectrum");
    if (!frame.fibermap->header.cards().empty())
      file.table(group + "fibermap_header", detail::header_table(frame.fibermap->header),
                 "FITS header cards of the fibermap", "card");
  }
  if (frame.scores) {
    file.table(group + "scores", *frame.scores, "measures of quality, a row a spectrum", "spectrum");
    if (!frame.scores->header.cards().empty())
      file.table(group + "scores_header", detail::header_table(frame.scores->header), "FITS header cards of the scores",
                 "card");
  }
  file.table(group + "header", detail::header_table(frame.header), "FITS header cards of the frame", "card");
  file.finish();
}

Frame read_frame_hdf5(const std::string& path, const std::string& name) {
  const detail::Hdf5Reader file(path);
  detail::check_layout(file);
  const std::vector<std::string> names = file.children("/frames");
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  if (name.empty() && names.size() != 1)
    file.context().refuse("/frames", "expected one frame, found {} ({}). Name the one to read.", names.size(), list);
  const std::string group = "/frames/" + (name.empty() ? names.front() : name) + "/";
  if (!name.empty() && !file.is_group("/frames/" + name))
    file.context().refuse("/frames/" + name, "expected a frame of this name, found: {}.", list.empty() ? "none" : list);

  Frame frame;
  frame.flux = file.array2<float>(group + "flux");
  frame.ivar = file.array2<float>(group + "ivar");
  frame.mask = file.array2<std::uint32_t>(group + "mask");
  frame.wave = file.array1<double>(group + "wavelength");
  if (file.has(group + "resolution")) frame.resolution = file.array3<float>(group + "resolution");
  if (file.has(group + "chi2pix")) frame.chi2pix = file.array2<float>(group + "chi2pix");
  if (file.has(group + "header")) frame.header = detail::header_from(file.table(group + "header"), path);
  const auto table = [&](const std::string& part, const char* name) -> std::optional<Table> {
    if (!file.has(group + part)) return std::nullopt;
    Table out = file.table(group + part);
    out.name = name;
    if (file.has(group + part + "_header"))
      out.header = detail::header_from(file.table(group + part + "_header"), path);
    return out;
  };
  frame.fibermap = table("fibermap", "FIBERMAP");
  frame.scores = table("scores", "SCORES");
  detail::check_frame(path, frame, ExitCode::input);
  return frame;
}

std::vector<std::string> frame_names(const std::string& path) {
  const detail::Hdf5Reader file(path);
  detail::check_layout(file);
  return file.children("/frames");
}

}  // namespace zspex::io
