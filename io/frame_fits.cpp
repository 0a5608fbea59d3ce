#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "io/detail/check_frame.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/detail/provenance_cards.hpp"
#include "io/frame.hpp"

namespace zspex::io {
namespace {

/// desispec refuses frames without a FLAVOR that it knows.
void need_flavor(Header& header) {
  static constexpr std::array<std::string_view, 6> known = {"none", "flat", "arc", "zero", "bias", "science"};
  const auto is_known = [](const std::string& text) {
    return std::find(known.begin(), known.end(), text) != known.end();
  };
  if (is_known(detail::lower(header.text("FLAVOR").value_or("")))) return;
  const std::string type = detail::lower(header.text("OBSTYPE").value_or(""));
  header.set("FLAVOR", is_known(type) ? type : "none", "kind of exposure");
}

bool means_electrons_per_angstrom(const std::string& unit) {
  const std::string name = detail::lower(detail::trim(unit));
  return name == "electron/angstrom" || name == "electrons/angstrom" || name == "photon/angstrom" ||
         name == "count/angstrom";
}

Table named(Table table, const char* name) {
  table.name = name;
  return table;
}

}  // namespace

void write_frame_fits(const std::string& path, const Frame& frame, const Provenance& provenance, WriteOptions options) {
  detail::check_frame(path, frame, ExitCode::output);
  const std::size_t nspec = frame.flux.extent(0), nwave = frame.flux.extent(1);
  Header header = frame.header;
  need_flavor(header);
  header.set("BUNIT", "electron/Angstrom");
  detail::add_provenance(header, provenance);
  Header angstrom;
  angstrom.set("BUNIT", "Angstrom");

  const std::size_t per_bin = 4 + (frame.resolution.empty() ? 0 : frame.resolution.extent(1));
  detail::FitsWriter file(path, frame.flux.size() * sizeof(float) * per_bin, options);
  file.image("FLUX", {nspec, nwave}, frame.flux.data(), header);
  file.image("IVAR", {nspec, nwave}, frame.ivar.data());
  file.image("MASK", {nspec, nwave}, frame.mask.data());
  file.image("WAVELENGTH", {nwave}, frame.wave.data(), angstrom);
  if (!frame.resolution.empty())
    file.image("RESOLUTION", {nspec, frame.resolution.extent(1), nwave}, frame.resolution.data());
  if (frame.fibermap) file.table(named(*frame.fibermap, "FIBERMAP"));
  if (!frame.chi2pix.empty()) file.image("CHI2PIX", {nspec, nwave}, frame.chi2pix.data());
  if (frame.scores) file.table(named(*frame.scores, "SCORES"));
  file.finish();
}

Frame read_frame_fits(const std::string& path) {
  detail::FitsReader file(path);
  const detail::HduInfo& flux = file.need_image("FLUX", 2);
  Frame frame;
  frame.header = file.header(flux);
  if (const auto unit = frame.header.text("BUNIT"); unit && !means_electrons_per_angstrom(*unit))
    file.refuse(
        "FLUX",
        "expected BUNIT = 'electron/Angstrom', found '{}'. Give an extracted frame that has not been calibrated.",
        *unit);
  frame.wave = file.image1<double>(file.need_image("WAVELENGTH", 1));
  frame.flux = file.image2<float>(flux);
  frame.ivar = file.image2<float>(file.need_image("IVAR", 2));
  frame.mask = file.image2<std::uint32_t>(file.need_image("MASK", 2));
  if (file.find("RESOLUTION")) frame.resolution = file.image3<float>(file.need_image("RESOLUTION", 3));
  if (file.find("CHI2PIX")) frame.chi2pix = file.image2<float>(file.need_image("CHI2PIX", 2));
  if (const auto* hdu = file.find("FIBERMAP")) frame.fibermap = file.table(*hdu);
  if (const auto* hdu = file.find("SCORES")) frame.scores = file.table(*hdu);
  detail::check_frame(path, frame, ExitCode::input);
  return frame;
}

}  // namespace zspex::io
