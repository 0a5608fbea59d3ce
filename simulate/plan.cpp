#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "core/format.hpp"
#include "simulate/instrument.hpp"
#include "simulate/simulate.hpp"

namespace zspex::simulate {
namespace {

template <class... Args>
[[noreturn]] void refuse(const char* key, fmt::format_string<Args...> what, Args&&... args) {
  throw ConfigError("simulate", key, fmt::format(what, std::forward<Args>(args)...));
}

/// fmt compares even what is not a number, which raises a floating-point exception.
std::string text(double value) { return std::isfinite(value) ? fmt::format("{:g}", value) : std::to_string(value); }

void check_shares(const config::SimulateConfig& config) {
  const double shares[] = {config.fraction_galaxy, config.fraction_qso, config.fraction_star, config.fraction_sky};
  double sum = 0;
  for (double share : shares) {
    if (!(share >= 0))
      refuse("fraction_*", "expected parts of the fibers that are not negative, found {}.", text(share));
    sum += share;
  }
  if (std::abs(sum - 1) > 1e-6)
    refuse("fraction_*",
           "expected the fractions of galaxies, quasars, stars and sky to add up to 1, found {:g}. Change one of them "
           "by {:g}.",
           sum, 1 - sum);
}

void check_fibers(const config::SimulateConfig& config) {
  const auto whole_bundles = [](int n) { return n >= 0 && n % bundle_size == 0; };
  if (!whole_bundles(config.specmin))
    refuse("specmin",
           "expected a multiple of {}, found {}. Fibers of a bundle share pixels and are simulated together.",
           bundle_size, config.specmin);
  if (config.nspec == 0 || !whole_bundles(config.nspec))
    refuse("nspec",
           "expected a multiple of {} above 0, found {}. Fibers of a bundle share pixels and are simulated together.",
           bundle_size, config.nspec);
}

void check_numbers(const config::SimulateConfig& config) {
  if (config.nexp < 1) refuse("nexp", "expected at least 1 exposure, found {}.", config.nexp);
  if (config.expid < 0 || config.expid + (config.nexp - 1LL) > 99999999)
    refuse("expid",
           "expected exposure numbers from 0 to 99999999, found {} and {} more. Names of files have eight digits.",
           config.expid, config.nexp - 1);
  const int month = config.night / 100 % 100, day = config.night % 100;
  if (config.night < 19000101 || config.night > 21001231 || month < 1 || month > 12 || day < 1 || day > 31)
    refuse("night", "expected a date as YYYYMMDD, found {}.", config.night);
  const auto need_positive = [](const char* key, double value, bool zero) {
    if (!std::isfinite(value) || value < 0 || (value == 0 && !zero))
      refuse(key, "expected a number {}, found {}.", zero ? "that is not negative" : "above 0", text(value));
  };
  need_positive("exptime", config.exptime, false);
  need_positive("sky_level", config.sky_level, true);
  need_positive("snr_scale", config.snr_scale, true);
  need_positive("readnoise", config.readnoise, true);
  need_positive("gain", config.gain, false);
  need_positive("cosmics", config.cosmics, true);
  need_positive("dead_columns", config.dead_columns, true);
  need_positive("hot_pixels", config.hot_pixels, true);
  need_positive("npix_x", config.npix_x, true);
  need_positive("npix_y", config.npix_y, true);
}

}  // namespace

void check_settings(const config::SimulateConfig& config) {
  if (config.output.empty()) refuse("output", "expected a folder to write to, found nothing. Give one with -o.");
  check_shares(config);
  check_numbers(config);
}

std::vector<Task> plan(const config::SimulateConfig& config) {
  check_settings(config);
  check_fibers(config);
  if (config.cameras.empty())
    refuse("cameras", "expected at least one camera, found none. Give for example --cameras r0.");
  if (!config.psf.empty() && config.psf.size() != config.cameras.size())
    refuse("psf",
           "expected one PSF file for each of {} cameras, found {}. Give --cameras to match the files, or no PSF file "
           "for the invented instrument.",
           config.cameras.size(), config.psf.size());

  std::vector<Task> tasks;
  const std::filesystem::path folder = config.output;
  for (std::size_t icamera = 0; icamera < config.cameras.size(); ++icamera) {
    const Camera camera = parse_camera(config.cameras[icamera]);
    if (std::count(config.cameras.begin(), config.cameras.end(), config.cameras[icamera]) > 1)
      refuse("cameras", "expected each camera once, found {} more often. Use nexp for more exposures.", camera.name());
    for (int index = 0; index < config.nexp; ++index) {
      Task task;
      task.camera = camera;
      task.index = index;
      task.expid = config.expid + index;
      task.range = camera.band == 'b' ? config.wave_b : camera.band == 'r' ? config.wave_r : config.wave_z;
      if (!config.psf.empty()) task.psf_in = config.psf[icamera];
      const std::string stem = fmt::format("{}-{:08}.fits", camera.name(), task.expid);
      const char* suffix = config.compress == config::Compression::gz   ? ".gz"
                           : config.compress == config::Compression::fz ? ".fz"
                                                                        : "";
      task.preproc = folder / ("preproc-" + stem + suffix);
      task.truth = folder / ("truth-" + stem);
      task.psf = folder / ("psf-" + camera.name() + ".fits");
      tasks.push_back(std::move(task));
    }
  }
  return tasks;
}

}  // namespace zspex::simulate
