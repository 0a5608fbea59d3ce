#include <array>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/psf.hpp"

namespace zspex::io {
namespace {

/// The table of parameters, a row each.
class PsfTable {
 public:
  explicit PsfTable(const std::string& path, const PsfFile& psf) : path_(path), psf_(psf) {}

  void add(const std::string& name, const Legendre& series) {
    const auto& shape = psf_.sigmax.coeff.shape();
    if (series.coeff.shape() != shape || series.wavemin != psf_.sigmax.wavemin || series.wavemax != psf_.sigmax.wavemax)
      throw FileError(
          path_, "PSF",
          "expected all parameters to share one number of fibers and coefficients and one wavelength range, found " +
              name + " to differ from GHSIGX. Fit them with one LEGDEG.",
          ExitCode::output);
    names_.push_back(name);
    coeff_.insert(coeff_.end(), series.coeff.begin(), series.coeff.end());
    legdegw_.push_back(static_cast<std::int32_t>(shape[1]) - 1);
  }

  Table table(Header header) && {
    const auto& shape = psf_.sigmax.coeff.shape();
    Table out;
    out.name = "PSF";
    out.nrow = names_.size();
    header.set("NPARAMS", static_cast<int>(out.nrow), "number of rows");
    header.set("LEGDEG", static_cast<int>(shape[1]) - 1, "degree of the Legendre series");
    out.header = std::move(header);
    out.columns.resize(4);
    out.columns[0] = {.name = "PARAM", .unit = "", .code = 'A', .repeat = 8, .values = std::move(names_)};
    out.columns[1] = {.name = "COEFF",
                      .unit = "",
                      .code = 'D',
                      .repeat = static_cast<int>(shape[0] * shape[1]),
                      .values = std::move(coeff_),
                      .dim = fmt::format("({},{})", shape[1], shape[0])};
    out.columns[2] = {.name = "LEGDEGX", .unit = "", .code = 'J', .values = std::vector<std::int32_t>(out.nrow, 1)};
    out.columns[3] = {.name = "LEGDEGW", .unit = "", .code = 'J', .values = std::move(legdegw_)};
    return out;
  }

 private:
  const std::string& path_;
  const PsfFile& psf_;
  std::vector<std::string> names_;
  std::vector<double> coeff_;
  std::vector<std::int32_t> legdegw_;
};

Header trace_header(const Legendre& trace, long long fibermin, long long fibermax) {
  Header header;
  header.set("FIBERMIN", fibermin);
  header.set("FIBERMAX", fibermax, "inclusive");
  header.set("WAVEMIN", trace.wavemin, "[Angstrom]");
  header.set("WAVEMAX", trace.wavemax, "[Angstrom]");
  header.set("PSFTYPE", "GAUSS-HERMITE");
  header.set("PSFVER", 3);
  return header;
}

void check_trace(const std::string& path, const char* name, const Legendre& trace, int nspec) {
  if (trace.coeff.extent(0) != static_cast<std::size_t>(nspec) || trace.coeff.extent(1) == 0)
    throw FileError(path, name,
                    fmt::format("expected {} rows of Legendre coefficients, found {}. This is a defect of zspex.",
                                nspec, trace.coeff.extent(0)),
                    ExitCode::output);
}

}  // namespace

void write_psf(const std::string& path, const PsfFile& psf) {
  if (psf.second)
    throw FileError(path, "",
                    "expected a PSF of type GAUSS-HERMITE, found one with a second core. This is a defect of zspex.",
                    ExitCode::output);
  check_trace(path, "XTRACE", psf.x, psf.nspec);
  check_trace(path, "YTRACE", psf.y, psf.nspec);
  check_trace(path, "PSF", psf.sigmax, psf.nspec);
  if (psf.gh.size() != static_cast<std::size_t>((psf.ghdegx + 1) * (psf.ghdegy + 1)))
    throw FileError(
        path, "PSF",
        fmt::format("expected (GHDEGX + 1) (GHDEGY + 1) = {} Hermite terms, found {}. This is a defect of zspex.",
                    (psf.ghdegx + 1) * (psf.ghdegy + 1), psf.gh.size()),
        ExitCode::output);

  const long long fibermin = psf.header.integer("FIBERMIN").value_or(0), fibermax = fibermin + psf.nspec - 1;
  Header header = psf.header;
  header.set("PSFTYPE", "GAUSS-HERMITE");
  header.set("PSFVER", "3");  // a string here, an integer in the traces, as specex does it
  if (!psf.camera.empty()) header.set("CAMERA", psf.camera);
  header.set("NPIX_X", psf.npix_x);
  header.set("NPIX_Y", psf.npix_y);
  header.set("HSIZEX", psf.hsizex, "half size of the spot in columns");
  header.set("HSIZEY", psf.hsizey, "half size of the spot in rows");
  header.set("FIBERMIN", fibermin);
  header.set("FIBERMAX", fibermax, "inclusive");
  header.set("GHDEGX", psf.ghdegx, "degree of the Hermite polynomials along columns");
  header.set("GHDEGY", psf.ghdegy, "degree of the Hermite polynomials along rows");
  header.set("WAVEMIN", psf.sigmax.wavemin, "[Angstrom]");
  header.set("WAVEMAX", psf.sigmax.wavemax, "[Angstrom]");
  // Files of specex have none, and programs take 0.01 for it.
  if (psf.psferr != PsfFile().psferr) header.set("PSFERR", psf.psferr, "fractional error of the PSF");
  header.erase("BUNDLMIN");  // of versions before 3, and never right there
  header.erase("BUNDLMAX");

  PsfTable rows(path, psf);
  rows.add("GHSIGX", psf.sigmax);
  rows.add("GHSIGY", psf.sigmay);
  for (int j = 0; j <= psf.ghdegy; ++j)
    for (int i = 0; i <= psf.ghdegx; ++i)
      rows.add(fmt::format("GH-{}-{}", i, j), psf.gh[static_cast<std::size_t>(i * (psf.ghdegy + 1) + j)]);
  constexpr std::array<const char*, 5> tail_names = {"TAILAMP", "TAILCORE", "TAILXSCA", "TAILYSCA", "TAILINDE"};
  for (std::size_t i = 0; i < psf.tail.size() && i < tail_names.size(); ++i) rows.add(tail_names[i], psf.tail[i]);

  detail::FitsWriter file(path, (psf.gh.size() + 12) * psf.sigmax.coeff.size() * sizeof(double));
  const auto trace = [&](const char* name, const Legendre& series) {
    file.image(name, {series.coeff.extent(0), series.coeff.extent(1)}, series.coeff.data(),
               trace_header(series, fibermin, fibermax));
  };
  trace("XTRACE", psf.x);
  trace("YTRACE", psf.y);
  file.table(std::move(rows).table(std::move(header)));
  file.finish();
}

}  // namespace zspex::io
