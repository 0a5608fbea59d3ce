#include "io/detail/check_frame.hpp"

#include <cmath>
#include <vector>

#include "core/format.hpp"
#include "io/detail/fits_reader.hpp"

namespace zspex::io::detail {
namespace {

struct Checker {
  const std::string& path;
  ExitCode code;

  void same(const std::string& part, const std::vector<std::size_t>& found,
            const std::vector<std::size_t>& wanted) const {
    if (found != wanted)
      throw FileError(path, part,
                      fmt::format("expected {} values as in FLUX, found {}. Check that all parts belong to one frame.",
                                  to_string(wanted), to_string(found)),
                      code);
  }
};

template <std::size_t N>
std::vector<std::size_t> shape_of(const std::array<std::size_t, N>& shape) {
  return {shape.begin(), shape.end()};
}

}  // namespace

void check_frame(const std::string& path, const Frame& frame, ExitCode code) {
  const Checker check{path, code};
  const std::size_t nspec = frame.flux.extent(0), nwave = frame.flux.extent(1);
  if (nspec == 0 || nwave == 0)
    throw FileError(path, "FLUX", "expected at least one spectrum and one wavelength, found none. Check the file.",
                    code);
  check.same("IVAR", shape_of(frame.ivar.shape()), {nspec, nwave});
  check.same("MASK", shape_of(frame.mask.shape()), {nspec, nwave});
  check.same("WAVELENGTH", {frame.wave.size()}, {nwave});
  if (!frame.chi2pix.empty()) check.same("CHI2PIX", shape_of(frame.chi2pix.shape()), {nspec, nwave});
  if (!frame.resolution.empty()) {
    const std::size_t ndiag = frame.resolution.extent(1);
    check.same("RESOLUTION", shape_of(frame.resolution.shape()), {nspec, ndiag, nwave});
    if (ndiag % 2 == 0)
      throw FileError(path, "RESOLUTION",
                      fmt::format("expected an odd number of diagonals, found {}. Check the file.", ndiag), code);
  }
  if (frame.fibermap) check.same("FIBERMAP", {frame.fibermap->nrow}, {nspec});
  if (frame.scores) check.same("SCORES", {frame.scores->nrow}, {nspec});
  for (std::size_t j = 0; j < nwave; ++j)
    if (!std::isfinite(frame.wave[j]) || (j > 0 && !(frame.wave[j] > frame.wave[j - 1])))
      throw FileError(path, "WAVELENGTH",
                      fmt::format("expected wavelengths that increase, found another at bin {}. Check the file.", j),
                      code);
}

}  // namespace zspex::io::detail
