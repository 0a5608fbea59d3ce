#include "pipeline/extract/checks.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "core/format.hpp"
#include "kernels/extract/grid.hpp"
#include "kernels/extract/trace_faults.hpp"

namespace zspex::pipeline {
namespace {

std::string range_text(double from, double to) { return fmt::format("{:g} to {:g} Angstrom", from, to); }

bool is_asked_for(const kernels::ExtractSettings& settings, int ispec) {
  return ispec >= settings.specmin && ispec < settings.specmin + settings.nspec;
}

/// Wavelengths and fibers are looked at on a coarse net: traces are smooth.
constexpr std::size_t nsample = 64;

}  // namespace

std::vector<std::string> check_psf_and_image(const io::PsfFile& psf, const std::string& image_path,
                                             const std::string& image_camera, int nx, int ny, bool force) {
  const bool foreign = !image_camera.empty() && !psf.camera.empty() && image_camera != psf.camera;
  if (foreign && !force) {
    throw FileError(image_path, "IMAGE",
                    fmt::format("expected an image of camera {}, as the PSF {} is, found camera {}. Give the PSF of "
                                "camera {} with --psf, or --force to use this one.",
                                psf.camera, psf.path, image_camera, image_camera));
  }
  if (nx != psf.npix_x || ny != psf.npix_y) {
    throw FileError(image_path, "IMAGE",
                    fmt::format("expected {} x {} pixels, the CCD that the PSF {} was fitted to, found {} x {}. Give "
                                "the PSF of this CCD with --psf.",
                                psf.npix_x, psf.npix_y, psf.path, nx, ny));
  }
  if (!foreign) return {};
  return {fmt::format("{}: an image of camera {} is extracted with the PSF of camera {}, {}, because of --force",
                      image_path, image_camera, psf.camera, psf.path)};
}

std::vector<std::string> check_traces(const std::string& psf_path, FrameJob& job) {
  const kernels::ExtractSettings& settings = job.settings;
  job.psf.faults = kernels::find_trace_faults(job.psf, settings.wave);
  std::vector<std::string> warnings;
  std::set<int> without_data;
  int nmore = 0;
  constexpr std::size_t named = 20;
  for (const TraceFault& fault : job.psf.faults) {
    if (!is_asked_for(settings, fault.ispec) || fault.why.empty()) continue;
    if (fault.holds(settings.wave.front()) && fault.holds(settings.wave.back())) without_data.insert(fault.ispec);
    if (warnings.size() == named) {
      ++nmore;
      continue;
    }
    const double from = std::max(fault.wavemin, settings.wave.front()),
                 to = std::min(fault.wavemax, settings.wave.back());
    warnings.push_back(fmt::format("{}: fiber {}{} (BADFIBER): {}", psf_path, fault.ispec,
                                   fault.everywhere() ? " is left out" : " is masked from " + range_text(from, to),
                                   fault.why));
  }
  if (without_data.size() == static_cast<std::size_t>(settings.nspec)) {
    throw FileError(
        psf_path, "",
        fmt::format(
            "expected fibers with a usable trace, found none of {}; {}. Re-run the PSF fit, or give another PSF.",
            settings.nspec, warnings.front()));
  }
  if (nmore > 0) warnings.push_back(fmt::format("{}: and {} more of the same kinds", psf_path, nmore));
  return warnings;
}

int count_bad_fibers(const FrameJob& job) {
  std::set<int> bad;
  for (const TraceFault& fault : job.psf.faults) {
    if (is_asked_for(job.settings, fault.ispec)) bad.insert(fault.ispec);
  }
  return static_cast<int>(bad.size());
}

std::vector<std::string> check_wavelengths(const io::PsfFile& psf, const FrameJob& job, bool force) {
  const std::vector<double>& wave = job.settings.wave;
  if (wave.empty()) {
    throw ConfigError("configuration", "extract.wavelength",
                      "expected a range with at least one bin, found none. Set -w wmin,wmax,dw.");
  }
  const double wavemin = wave.front(), wavemax = wave.back();
  const double fitted_min = std::max(psf.x.wavemin, psf.y.wavemin), fitted_max = std::min(psf.x.wavemax, psf.y.wavemax);
  const std::string todo = " Set -w wmin,wmax,dw within the PSF's range.";
  if (wavemax < fitted_min || wavemin > fitted_max) {
    throw ConfigError("configuration", "extract.wavelength",
                      fmt::format("expected wavelengths on the CCD, found {}; the PSF {} covers {}.{}",
                                  range_text(wavemin, wavemax), psf.path, range_text(fitted_min, fitted_max), todo));
  }
  std::size_t on = 0, all = 0;
  double first_on = wavemax, last_on = wavemin;
  const std::size_t wave_step = std::max<std::size_t>(1, wave.size() / nsample);
  for (int ispec = job.settings.specmin; ispec < job.settings.specmin + job.settings.nspec; ++ispec) {
    if (job.psf.is_dark(ispec)) continue;
    for (std::size_t i = 0; i < wave.size(); i += wave_step) {
      const double x = evaluate(job.psf.x, ispec, wave[i]), y = evaluate(job.psf.y, ispec, wave[i]);
      ++all;
      if (y < -0.5 - psf.hsizey || y > job.ny - 0.5 + psf.hsizey || x < -0.5 - psf.hsizex ||
          x > job.nx - 0.5 + psf.hsizex)
        continue;
      ++on;
      first_on = std::min(first_on, wave[i]);
      last_on = std::max(last_on, wave[i]);
    }
  }
  if (on == 0) {
    throw ConfigError(
        "configuration", "extract.wavelength",
        fmt::format(
            "expected wavelengths on the CCD, found {}, where the light of all {} fibers falls beside it (PSF {}).{}",
            range_text(wavemin, wavemax), job.settings.nspec, psf.path, todo));
  }
  const double percent_on = std::round(1000.0 * static_cast<double>(on) / static_cast<double>(all)) / 10;
  if (2 * on < all && !force) {
    throw ConfigError(
        "configuration", "extract.wavelength",
        fmt::format(
            "expected wavelengths on the CCD, found {}, of which only {:g} % fall on it, those from about {} (PSF {}). "
            "Set -w wmin,wmax,dw, for each band where cameras differ, or --force to extract it all the same.",
            range_text(wavemin, wavemax), percent_on, range_text(first_on, last_on), psf.path));
  }
  std::vector<std::string> warnings;
  if (on < all) {
    warnings.push_back(
        fmt::format("{}: {:g} % of the wavelengths asked for, {}, fall beside the CCD; their ivar will be 0", psf.path,
                    100 - percent_on, range_text(wavemin, wavemax)));
  }
  // The grid's last bin may pass the end by half a step.
  const double tolerance = 0.5 * job.settings.dwave;
  if (wavemin < psf.wavemin - tolerance || wavemax > psf.wavemax + tolerance) {
    warnings.push_back(
        fmt::format("{}: expected wavelengths that the PSF was fitted to, {}, found {}: its traces are extrapolated",
                    psf.path, range_text(psf.wavemin, psf.wavemax), range_text(wavemin, wavemax)));
  }
  return warnings;
}

std::vector<std::string> check_pixels(const io::Preproc& frame, std::uint32_t unusable, std::int64_t nabsurd) {
  const std::size_t npixel = frame.image.size();
  std::size_t usable = 0, masked = 0;
  for (std::size_t i = 0; i < npixel; ++i) {
    const float ivar = frame.ivar.data()[i];
    const bool by_mask = (frame.mask.data()[i] & unusable) != 0;
    masked += by_mask;
    usable += !by_mask && std::isfinite(frame.image.data()[i]) && std::isfinite(ivar) && ivar > 0;
  }
  if (usable == 0) {
    std::string found = fmt::format("found none of {}: ", npixel);
    if (frame.nan_pixels == npixel) {
      found += "all are NaN or infinite";
    } else if (masked == npixel) {
      found += "all are masked";
    } else {
      found += fmt::format(
          "{} are masked, {} are NaN or infinite, {}the others have ivar <= 0", masked, frame.nan_pixels,
          nabsurd > 0 ? fmt::format("{} are out of the bounds min_pixel_noise and max_pixel_snr, ", nabsurd) : "");
    }
    throw FileError(frame.path, "IMAGE",
                    "expected pixels that can be used, " + found + ". Run the preprocessing again.");
  }
  std::vector<std::string> warnings;
  if (frame.nan_pixels > 0) {
    warnings.push_back(
        fmt::format("{}: {} pixels are NaN or infinite and count as masked", frame.path, frame.nan_pixels));
  }
  if (frame.negative_ivar > 0) {
    warnings.push_back(
        fmt::format("{}[IVAR]: {} pixels have a negative ivar and count as masked", frame.path, frame.negative_ivar));
  }
  return warnings;
}

std::vector<std::string> check_flavor(const io::Header& header, const std::string& image_path) {
  std::string flavor = header.text("FLAVOR").value_or("");
  std::transform(flavor.begin(), flavor.end(), flavor.begin(), [](unsigned char c) { return std::tolower(c); });
  if (flavor != "arc" && flavor != "flat") return {};
  return {
      fmt::format("{}: FLAVOR is {}: the light of lamps is corrected for the motion of the telescope as if it came "
                  "from the sky. Extract calibration exposures without --barycentric-correction",
                  image_path, flavor)};
}

std::vector<std::string> check_tails(const io::PsfFile& psf, bool tails) {
  if (psf.has_tail && !tails) {
    return {
        psf.path +
        ": TAILAMP is not 0, but tails are not used: fluxes will be low by up to 10 TAILAMP. Use --tails to add them"};
  }
  if (tails && !psf.has_tail) return {psf.path + ": tails are asked for, but TAILAMP is 0 in this file"};
  return {};
}

}  // namespace zspex::pipeline
