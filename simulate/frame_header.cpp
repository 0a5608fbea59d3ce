#include "simulate/frame_header.hpp"

#include <cmath>
#include <string>

#include "core/format.hpp"
#include "simulate/fingerprint.hpp"

namespace zspex::simulate {
namespace {

/// UTC of a modified Julian date, ISO 8601. Source: Fliegel & Van Flandern 1968, CACM 11, 657.
std::string iso_date(double mjd) {
  const int whole = static_cast<int>(std::floor(mjd));
  int l = whole + 2400001 + 68569;
  const int n = 4 * l / 146097;
  l -= (146097 * n + 3) / 4;
  const int i = 4000 * (l + 1) / 1461001;
  l = l - 1461 * i / 4 + 31;
  const int j = 80 * l / 2447, day = l - 2447 * j / 80, month = j + 2 - 12 * (j / 11),
            year = 100 * (n - 49) + i + j / 11;
  const double seconds = (mjd - whole) * 86400;
  const int hour = static_cast<int>(seconds / 3600), minute = static_cast<int>(seconds / 60) % 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:06.3f}", year, month, day, hour, minute,
                     seconds - hour * 3600 - minute * 60);
}

/// "[1:2057,1:2064]": columns and rows, first and last, counted from 1.
std::string section(int first_x, int nx, int first_y, int ny) {
  return fmt::format("[{}:{},{}:{}]", first_x + 1, first_x + nx, first_y + 1, first_y + ny);
}

/// Four amplifiers, each of a quarter of the CCD. Raw images have their overscans, `overscan` columns each, in the
/// middle.
void add_amplifiers(const config::SimulateConfig& config, int npix_x, int npix_y, io::Header& header) {
  constexpr int overscan = 64;
  const int half_x = npix_x / 2, half_y = npix_y / 2;
  header.set("CCDSIZE", fmt::format("{},{}", npix_x, npix_y), "columns, rows");
  for (std::size_t i = 0; i < amplifier_noise.size(); ++i) {
    const char name = static_cast<char>('A' + i);
    const bool right = i % 2 == 1, upper = i >= 2;
    const int x = right ? half_x : 0, nx = right ? npix_x - half_x : half_x;
    const int y = upper ? half_y : 0, ny = upper ? npix_y - half_y : half_y;
    header.set(std::string("CCDSEC") + name, section(x, nx, y, ny), "of this image");
    header.set(std::string("DATASEC") + name, section(right ? x + 2 * overscan : x, nx, y, ny), "of the raw image");
    header.set(std::string("BIASSEC") + name, section(right ? half_x + overscan : half_x, overscan, y, ny),
               "of the raw image");
    header.set(std::string("GAIN") + name, config.gain, "[electron/ADU]");
    header.set(std::string("OBSRDN") + name, config.readnoise * amplifier_noise[i], "[electron]");
  }
}

}  // namespace

io::Header make_frame_header(const config::SimulateConfig& config, const Task& task, const Exposure& exposure,
                             const Pointing& pointing, int npix_x, int npix_y) {
  const int petal = task.camera.petal;
  io::Header header;
  header.set("CAMERA", task.camera.name());
  header.set("SPECTRO", petal);
  header.set("SPECID", petal);
  header.set("DETECTOR", "SIM");
  header.set("NIGHT", exposure.night);
  header.set("EXPID", task.expid);
  header.set("TILEID", pointing.tileid);
  const char* const flavors[][2] = {{"science", "SCIENCE"}, {"flat", "FLAT"}, {"arc", "ARC"}};
  const auto& flavor = flavors[static_cast<std::size_t>(config.flavor)];
  header.set("FLAVOR", flavor[0]);
  header.set("OBSTYPE", flavor[1]);
  header.set("PROGRAM", "SIMULATION");
  header.set("SURVEY", "main");
  header.set("FAPRGRM", "dark");
  header.set("EXPTIME", exposure.exptime, "[s]");
  header.set("MJD-OBS", exposure.mjd, "start, UTC");
  header.set("DATE-OBS", iso_date(exposure.mjd), "start, UTC");
  if (config.flavor == config::Flavor::science) {
    header.set("TARGTRA", pointing.ra, "[deg]");
    header.set("TARGTDEC", pointing.dec, "[deg]");
  }
  header.set("SKYRA", pointing.ra, "[deg]");
  header.set("SKYDEC", pointing.dec, "[deg]");
  header.set("AIRMASS", exposure.airmass);
  header.set("SEEING", exposure.seeing, "[arcsec]");
  header.set("TRANSPAR", exposure.transparency, "relative to a clear night");
  header.set("RDNOISE", config.readnoise, "[electron]");
  add_amplifiers(config, npix_x, npix_y, header);
  header.set("SIMSEED", config.seed, "seed of the simulation");
  header.set(fingerprint_key, fingerprint(config), "fingerprint of its settings");
  header.set("SIMNOISE", config.noise, "counting and read noise were added");
  return header;
}

}  // namespace zspex::simulate
