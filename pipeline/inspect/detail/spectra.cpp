#include <algorithm>
#include <array>
#include <numeric>
#include <ostream>
#include <set>

#include "core/format.hpp"
#include "pipeline/inspect/detail/parts.hpp"
#include "pipeline/inspect/detail/print.hpp"

namespace zspex::pipeline::detail {
namespace {

constexpr const char* flux_unit = "1e-17 erg/(s cm2 Angstrom)";

std::string counted(std::size_t n, const char* one, const char* more) {
  return fmt::format("{} {}", n, n == 1 ? one : more);
}

/// One band's only row, to count its good bins as those of a frame.
io::Frame as_frame(const io::BandSpectra& band) {
  io::Frame frame;
  frame.wave = band.wave;
  frame.flux = band.flux;
  frame.ivar = band.ivar;
  frame.mask = band.mask.empty() ? Array2<std::uint32_t>(band.flux.shape()) : band.mask;
  return frame;
}

struct Curve {
  std::vector<double> wave, flux;
  std::vector<std::uint8_t> good;
};

/// All bands as one curve; where they overlap, their bins take turns.
Curve join(const std::vector<io::Frame>& bands) {
  std::vector<std::array<std::size_t, 2>> order;  // band, bin
  for (std::size_t iband = 0; iband < bands.size(); ++iband)
    for (std::size_t i = 0; i < bands[iband].wave.size(); ++i) order.push_back({iband, i});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return bands[a[0]].wave[a[1]] < bands[b[0]].wave[b[1]]; });
  Curve curve;
  for (const auto& [iband, i] : order) {
    curve.wave.push_back(bands[iband].wave[i]);
    curve.flux.push_back(bands[iband].flux(0, i));
    curve.good.push_back(is_good(bands[iband], 0, i));
  }
  return curve;
}

}  // namespace

SpectraView::SpectraView(const std::string& path, std::optional<int> row) : info_(io::read_spectra_info(path)) {
  if (!row) return;
  need_row(path, *row, info_.targetid.size());
  row_ = *row;
  spectrum_ = io::read_spectra(path, std::array{static_cast<std::size_t>(*row)});
}

void SpectraView::print(std::ostream& out) const {
  const std::set<std::int64_t> targets(info_.targetid.begin(), info_.targetid.end());
  out << "\nspectra\n  " << counted(info_.targetid.size(), "spectrum", "spectra") << " of "
      << counted(targets.size(), "target", "targets") << "\n";
  for (const auto& band : info_.bands)
    out << "  band " << band.band << ": " << band.wave.size() << " bins, " << number(band.wave.front(), "{:.1f}")
        << " to " << number(band.wave.back(), "{:.1f}") << " Angstrom, "
        << (band.ndiag > 0 ? fmt::format("resolution of {} diagonals", band.ndiag) : "no resolution") << "\n";
}

void SpectraView::draw(const Screen& screen, std::ostream& out) const {
  out << "\nspectrum " << row_ << "\n  "
      << row_text(spectrum_->fibermap, 0,
                  {"TARGETID", "FIBER", "PLATE", "MJD", "FIBERID", "OBJTYPE", "COADD_FIBERSTATUS", "FIBERSTATUS",
                   "TARGET_RA", "TARGET_DEC"},
                  screen.width - 2)
      << "\n";
  std::vector<io::Frame> frames;
  for (const auto& band : spectrum_->bands) {
    frames.push_back(as_frame(band));
    out << "  band " << band.band << "\n";
    print_statistics(frame_statistics(frames.back(), 0, 1), std::string("x ") + flux_unit, false, out);
  }
  const Curve curve = join(frames);
  out << "\n" << terminal::text_plot(curve.wave, curve.flux, curve.good, plot_style(screen, flux_unit));
}

}  // namespace zspex::pipeline::detail
