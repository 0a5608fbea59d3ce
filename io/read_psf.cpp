#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/camera.hpp"
#include "io/detail/finite.hpp"
#include "io/detail/fits_cards.hpp"
#include "io/detail/fits_reader.hpp"
#include "io/detail/fits_writer.hpp"
#include "io/psf.hpp"

namespace zspex::io {
namespace {

constexpr std::array<const char*, 5> tail_names = {"TAILAMP", "TAILCORE", "TAILXSCA", "TAILYSCA", "TAILINDE"};
constexpr const char* refit = "Re-run the PSF fit, or give another PSF.";

/// "GH-1-0", of the second core "GH2-1-0".
std::string gh_name(const std::string& stem, int i, int j) { return fmt::format("{}-{}-{}", stem, i, j); }

/// Reads one PSF file; knows where it is, for messages.
class PsfReader {
 public:
  explicit PsfReader(const std::string& path) : file_(path) {
    psf_.path = path;
    psf_.notes = file_.notes();
  }

  PsfFile read() {
    const detail::HduInfo& table_hdu = find_table();
    part_ = table_hdu.name.empty() ? "1" : table_hdu.name;
    psf_.header = file_.header(table_hdu);
    read_keywords();
    read_rows(file_.table(table_hdu));
    if (version_ >= 3) {
      psf_.x = trace("XTRACE");
      psf_.y = trace("YTRACE");
    } else {
      psf_.x = row("X");
      psf_.y = row("Y");
    }
    check_trace(psf_.x, "X");
    check_trace(psf_.y, "Y");
    read_core();
    read_tail();
    collect_bad_fibers();
    return std::move(psf_);
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> what, Args&&... args) const {
    file_.refuse(part_, what, std::forward<Args>(args)...);
  }

  /// PSFVER is an integer in the primary header and a string in the PSF HDU.
  const detail::HduInfo& find_table() {
    const Header primary = file_.header(file_.hdus().front());
    type_ = primary.text("PSFTYPE").value_or("");
    if (type_ != "GAUSS-HERMITE" && type_ != "GAUSS-HERMITE2")
      file_.refuse("",
                   "expected a PSF file with PSFTYPE = 'GAUSS-HERMITE' or 'GAUSS-HERMITE2' in its primary header, "
                   "found {}. Give a PSF fitted by specex.",
                   type_.empty() ? std::string("no PSFTYPE") : "'" + type_ + "'");
    version_ = number(primary, "PSFVER");
    if (version_ >= 3) return file_.need("PSF");
    const auto& hdus = file_.hdus();
    const auto at =
        std::find_if(hdus.begin(), hdus.end(), [](const auto& h) { return h.kind == detail::HduInfo::Kind::table; });
    if (at == hdus.end()) file_.refuse("1", "expected a table of PSF parameters, found none. {}", refit);
    return *at;
  }

  double number(const Header& header, const char* key) const {
    if (const auto value = header.number(key)) return *value;
    if (const auto text = header.text(key)) {
      Header unquoted;
      unquoted.append({key, *text, ""});
      if (const auto value = unquoted.number(key)) return *value;
    }
    file_.refuse(part_, "expected a number in the header keyword {}, found {}. {}", key,
                 header.has(key) ? "something else" : "no such keyword", refit);
  }

  int positive(const char* key, int least, int most) const {
    const double value = number(psf_.header, key);
    if (value != std::floor(value) || value < least || value > most)
      refuse("expected {} from {} to {}, found {}. {}", key, least, most, detail::format_number(value), refit);
    return static_cast<int>(value);
  }

  void read_keywords() {
    if (const auto type = psf_.header.text("PSFTYPE"); type && *type != type_)
      refuse("expected PSFTYPE = '{}' as in the primary header, found '{}'. Give a PSF fitted by specex.", type_,
             *type);
    constexpr int most_fibers = 1000000, most_pixels = 100000, most_half_size = 1000, most_degree = 60;
    psf_.camera = camera_of(psf_.header);
    const int first = positive("FIBERMIN", 0, most_fibers);
    psf_.nspec = positive("FIBERMAX", first, most_fibers) - first + 1;
    // A whole petal may count its fibers over the focal plane; a part of one would be taken for its first fibers.
    if (constexpr int petal = 500; first % petal != 0)
      refuse(
          "expected the PSF of all fibers of a camera, from FIBERMIN = 0 (or a multiple of 500) on, found fibers {} to "
          "{}. Merge the PSFs of the bundles first.",
          first, first + psf_.nspec - 1);
    if (first > 0)
      psf_.notes.push_back(fmt::format(
          "{}[{}]: the fibers {} to {} (FIBERMIN, FIBERMAX) are called 0 to {} here, as specmin counts them", psf_.path,
          part_, first, first + psf_.nspec - 1, psf_.nspec - 1));
    psf_.npix_x = positive("NPIX_X", 1, most_pixels);
    psf_.npix_y = positive("NPIX_Y", 1, most_pixels);
    psf_.hsizex = positive("HSIZEX", 1, most_half_size);
    psf_.hsizey = positive("HSIZEY", 1, most_half_size);
    psf_.ghdegx = positive("GHDEGX", 0, most_degree);
    psf_.ghdegy = positive("GHDEGY", 0, most_degree);
    if (type_ == "GAUSS-HERMITE2") {
      psf_.second.emplace();
      psf_.second->ghdegx = positive("GHDEGX2", 0, most_degree);
      psf_.second->ghdegy = positive("GHDEGY2", 0, most_degree);
    }
    if (psf_.header.has("PSFERR")) {
      psf_.psferr = number(psf_.header, "PSFERR");
      if (!(psf_.psferr >= 0 && psf_.psferr <= 1))
        refuse("expected PSFERR from 0 to 1, found {}. Correct the header, or re-run the PSF fit.",
               detail::show_number(psf_.psferr));
    }
    if (version_ >= 3) std::tie(psf_.wavemin, psf_.wavemax) = wave_range(psf_.header, part_);
  }

  std::pair<double, double> wave_range(const Header& header, const std::string& part) const {
    const double wavemin = number(header, "WAVEMIN"), wavemax = number(header, "WAVEMAX");
    if (!(wavemin > 0 && wavemax > wavemin))
      file_.refuse(part, "expected 0 < WAVEMIN < WAVEMAX in Angstrom, found {} and {}. {}",
                   detail::format_number(wavemin), detail::format_number(wavemax), refit);
    return {wavemin, wavemax};
  }

  /// The table's rows by PARAM.
  void read_rows(const Table& table) {
    const Column *param = need_column(table, "PARAM", 'A'), *coeff = need_column(table, "COEFF", 'D');
    const auto& names = std::get<std::vector<std::string>>(param->values);
    const auto& values = std::get<std::vector<double>>(coeff->values);
    const auto nspec = static_cast<std::size_t>(psf_.nspec), size = static_cast<std::size_t>(coeff->repeat);
    if (size == 0 || size % nspec != 0)
      refuse(
          "expected COEFF to hold the same number of coefficients for each of {} fibers (FIBERMIN to FIBERMAX), found "
          "{} values per row. {}",
          nspec, size, refit);
    const auto degree = psf_.header.integer("LEGDEG");
    if (!degree && psf_.header.has("LEGDEG"))
      refuse("expected LEGDEG to be a whole number, found something else. {}", refit);
    if (degree && size / nspec != static_cast<std::size_t>(*degree + 1))
      refuse("expected LEGDEG + 1 = {} coefficients a fiber, found {}. {}", *degree + 1, size / nspec, refit);
    std::vector<double> wavemin, wavemax;
    if (version_ < 3) {
      wavemin = table.numbers("WAVEMIN", psf_.path);
      wavemax = table.numbers("WAVEMAX", psf_.path);
    }
    for (std::size_t irow = 0; irow < table.nrow; ++irow) {
      Legendre series;
      series.wavemin = version_ < 3 ? wavemin[irow] : psf_.wavemin;
      series.wavemax = version_ < 3 ? wavemax[irow] : psf_.wavemax;
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(irow * size);
      series.coeff = Array2<double>({nspec, size / nspec}, {begin, begin + static_cast<std::ptrdiff_t>(size)});
      const std::string name(detail::trim(names[irow]));
      if (!rows_.emplace(name, std::move(series)).second)
        refuse("expected one row for the parameter {}, found several. {}", name, refit);
    }
    if (version_ < 3) {
      const Legendre& sigma = row("GHSIGX");
      psf_.wavemin = sigma.wavemin;
      psf_.wavemax = sigma.wavemax;
    }
  }

  const Column* need_column(const Table& table, const char* name, char code) const {
    const Column* column = table.find(name);
    if (!column || column->code != code)
      refuse("expected a column {} of type {}, found {}. {}", name, code,
             column ? std::string("type ") + column->code : "no such column", refit);
    return column;
  }

  const Legendre& row(const std::string& name) const {
    const auto at = rows_.find(name);
    if (at == rows_.end())
      refuse("expected a row for the parameter {}, found {} rows without it. {}", name, rows_.size(), refit);
    if (!(at->second.wavemin > 0 && at->second.wavemax > at->second.wavemin))
      refuse("expected 0 < WAVEMIN < WAVEMAX in Angstrom in the row {}, found something else. {}", name, refit);
    return at->second;
  }

  Legendre trace(const std::string& name) {
    const detail::HduInfo& hdu = file_.need_image(name, 2);
    if (hdu.shape[0] != static_cast<std::size_t>(psf_.nspec))
      file_.refuse(name,
                   "expected {} rows of Legendre coefficients (FIBERMIN to FIBERMAX), found {}. Re-run the PSF fit for "
                   "the missing bundle, or give another PSF.",
                   psf_.nspec, hdu.shape[0]);
    Legendre series;
    std::tie(series.wavemin, series.wavemax) = wave_range(file_.header(hdu), name);
    series.coeff = file_.image2<double>(hdu);
    return series;
  }

  /// The first reason counts.
  void mark(std::size_t ispec, const std::string& why) { bad_.emplace(static_cast<int>(ispec), why); }

  void check_values(const Legendre& series, const std::string& name) {
    for (std::size_t ispec = 0; ispec < series.coeff.extent(0); ++ispec) {
      const auto coeff = series.coeff.row(ispec);
      const auto bad = std::find_if(coeff.begin(), coeff.end(), [](double c) { return !detail::is_finite(c); });
      if (bad != coeff.end())
        mark(ispec, fmt::format("NaN or infinity in coefficient {} of {}", bad - coeff.begin(), name));
    }
  }

  void check_trace(const Legendre& series, const std::string& name) {
    check_values(series, name);
    for (std::size_t ispec = 0; ispec < series.coeff.extent(0); ++ispec) {
      const auto coeff = series.coeff.row(ispec);
      if (std::all_of(coeff.begin(), coeff.end(), [](double c) { return c == 0; }))
        mark(ispec, "all coefficients of its trace " + name + " are 0");
    }
  }

  void collect_bad_fibers() {
    for (const auto& [ispec, why] : bad_) psf_.bad_fibers.push_back({ispec, why});
    if (bad_.size() < static_cast<std::size_t>(psf_.nspec)) return;
    const auto& [ispec, why] = *bad_.begin();
    refuse("expected fibers that can be used, found none; fiber {}: {}. {}", ispec, why, refit);
  }

  Legendre checked_row(const std::string& name) {
    const Legendre& series = row(name);
    check_values(series, name);
    return series;
  }

  void read_core() {
    psf_.sigmax = positive_row("GHSIGX", sigma_range);
    psf_.sigmay = positive_row("GHSIGY", sigma_range);
    psf_.gh = hermite_rows("GH", psf_.ghdegx, psf_.ghdegy);
    if (!psf_.second) {
      check_range(psf_.gh.front(), gh_name("GH", 0, 0), amount_range);
      return;
    }
    psf_.second->sigmax = positive_row("GHSIGX2", sigma_range);
    psf_.second->sigmay = positive_row("GHSIGY2", sigma_range);
    psf_.second->nsig = positive_row("GHNSIG", amount_range);
    psf_.second->gh = hermite_rows("GH2", psf_.second->ghdegx, psf_.second->ghdegy);
  }

  /// Values that a spot can have, generously: real sigmas are about a pixel, real GH-0-0 about 1.
  struct Range {
    double least, most;
  };
  static constexpr Range sigma_range{0.01, 100}, amount_range{1e-6, 1e6};

  Legendre positive_row(const std::string& name, Range range) {
    Legendre series = checked_row(name);
    check_range(series, name, range);
    return series;
  }

  std::vector<Legendre> hermite_rows(const std::string& stem, int degx, int degy) {
    Legendre none = psf_.sigmax;
    std::fill(none.coeff.begin(), none.coeff.end(), 0.0);
    (void)row(gh_name(stem, 0, 0));  // without it there is no core
    std::vector<Legendre> terms;
    for (int i = 0; i <= degx; ++i)
      for (int j = 0; j <= degy; ++j) {
        const std::string name = gh_name(stem, i, j);
        terms.push_back(rows_.contains(name) ? checked_row(name) : none);
      }
    return terms;
  }

  void check_range(const Legendre& series, const std::string& name, Range range) {
    constexpr int nwave = 65;  // many more than a series of degree 3 to 7 can hide zeros between
    for (std::size_t ispec = 0; ispec < series.coeff.extent(0); ++ispec) {
      if (bad_.contains(static_cast<int>(ispec))) continue;
      for (int iwave = 0; iwave < nwave; ++iwave) {
        const double u = -1 + 2.0 * iwave / (nwave - 1);
        const double value = sum_legendre(series.coeff.row(ispec), u);
        if (!(value >= range.least && value <= range.most))
          mark(ispec,
               fmt::format("{}{} from WAVEMIN to WAVEMAX: {} at {} Angstrom", name,
                           value > 0 ? " is not from " + detail::format_number(range.least) + " to " +
                                           detail::format_number(range.most)
                                     : std::string(" is not above 0"),
                           detail::show_number(value),
                           detail::format_number(series.wavemin + (u + 1) / 2 * (series.wavemax - series.wavemin))));
      }
    }
  }

  void read_tail() {
    if (!rows_.contains(tail_names[0])) return;
    for (const char* name : tail_names) psf_.tail.push_back(checked_row(name));
    psf_.has_tail = std::any_of(psf_.tail[0].coeff.begin(), psf_.tail[0].coeff.end(), [](double c) { return c != 0; });
  }

  detail::FitsReader file_;
  PsfFile psf_;
  std::string part_;
  double version_ = 3;
  std::string type_;
  std::map<std::string, Legendre> rows_;
  std::map<int, std::string> bad_;  ///< fibers and what is wrong with them
};

}  // namespace

PsfFile read_psf(const std::string& path) { return PsfReader(path).read(); }

}  // namespace zspex::io
