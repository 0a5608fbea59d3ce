#include "pipeline/extract/barycentric.hpp"

#include <erfa.h>
#include <erfam.h>

#include <array>
#include <cmath>
#include <optional>

#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline {
namespace {

constexpr double gm_sun = 1.3271244e20, gm_earth = 3.986004e14;  // IAU 2015 nominal values, m^3/s^2
constexpr double degree = ERFA_DD2R;
constexpr double first_mjd = 36934, last_mjd = 88069;  // 1960 (UTC begins) to 2100 (epv00 ends)

std::string join(const std::vector<std::string>& keys) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? "" : i + 1 < keys.size() ? ", " : " or ") + keys[i];
  return text;
}

template <class... Args>
[[noreturn]] void refuse(const std::string& path, const std::string& hdu, fmt::format_string<Args...> what,
                         Args&&... args) {
  throw FileError(path, hdu,
                  fmt::format(what, std::forward<Args>(args)...) +
                      ", which the barycentric correction needs. Add it to the header, or extract without "
                      "--barycentric-correction.");
}

/// The first of some keys that a header has.
std::optional<double> first_of(const io::Header& header, const std::vector<std::string>& keys, const std::string& path,
                               const std::string& hdu) {
  for (const std::string& key : keys) {
    if (!header.has(key)) continue;
    const auto value = header.number(key);
    if (!value || !std::isfinite(*value)) {
      refuse(path, hdu, "expected a number in {}, found {}", key, header.text(key).value_or("something else"));
    }
    return value;
  }
  return std::nullopt;
}

}  // namespace

Pointing find_pointing(const io::Header& image, const io::Header* fibermap, const std::string& path) {
  const auto has_direction = [](const io::Header& header) { return header.has("RA") || header.has("TARGTRA"); };
  const bool elsewhere = !has_direction(image) && fibermap && has_direction(*fibermap);
  const io::Header& header = elsewhere ? *fibermap : image;
  const std::string hdu = elsewhere ? "FIBERMAP" : "IMAGE";
  std::string missing;
  const auto take = [&](const std::vector<std::string>& keys, double from, double to, const std::string& unit) {
    const auto value = first_of(header, keys, path, hdu);
    if (!value) missing += (missing.empty() ? "" : "; ") + join(keys);
    if (value && (*value < from || *value > to)) {
      refuse(path, hdu, "expected {} {}, found {:f}", join(keys), unit, *value);
    }
    return value.value_or(0);
  };
  Pointing pointing;
  pointing.ra = take({"TARGTRA", "SKYRA", "TELRA", "RA"}, -360, 360, "in degrees");
  pointing.dec = take({"TARGTDEC", "SKYDEC", "TELDEC", "DEC"}, -90, 90, "from -90 to 90 degrees");
  const double begin =
      take({"MJD-OBS", "MJD"}, first_mjd, last_mjd, "as a modified Julian date between the years 1960 and 2100");
  if (!missing.empty()) refuse(path, hdu, "expected {}, found none of them", missing);
  const double exptime = first_of(header, {"EXPTIME"}, path, hdu).value_or(0);
  if (exptime < 0) refuse(path, hdu, "expected EXPTIME in seconds, found {:f}", exptime);
  pointing.mjd = begin + exptime / 2 / 3600 / 24;
  return pointing;
}

double barycentric_factor(const config::Site& site, const Pointing& pointing) {
  const double utc1 = ERFA_DJM0, utc2 = pointing.mjd;
  double tai1 = 0, tai2 = 0, tt1 = 0, tt2 = 0;
  // Status 1, a year without known leap seconds, is harmless: a second is 0.006 m/s.
  const bool known = eraUtctai(utc1, utc2, &tai1, &tai2) >= 0 && eraTaitt(tai1, tai2, &tt1, &tt2) == 0;
  double heliocentric[2][3], barycentric[2][3];  // of the Earth: AU, AU/day
  if (!known || eraEpv00(tt1, tt2, heliocentric, barycentric) != 0) {
    throw ConfigError(
        "configuration", "extract.barycentric_correction",
        fmt::format(
            "expected a date from 1960 to 2100, found MJD {:f}. Check MJD-OBS and EXPTIME, or extract without it.",
            pointing.mjd));
  }
  // The site turns with the Earth; from the celestial intermediate frame to the one of the catalogs.
  double rotating[2][3], to_intermediate[3][3], at_site[2][3];  // m, m/s
  eraPvtob(site.longitude * degree, site.latitude * degree, site.height, 0, 0, 0, eraEra00(utc1, utc2), rotating);
  eraC2i06a(tt1, tt2, to_intermediate);
  for (int i : {0, 1}) eraTrxp(to_intermediate, rotating[i], at_site[i]);

  double direction[3], beta[3];
  eraS2c(pointing.ra * degree, pointing.dec * degree, direction);
  for (int k : {0, 1, 2}) beta[k] = (barycentric[1][k] * ERFA_DAU / ERFA_DAYSEC + at_site[1][k]) / ERFA_CMPS;
  const double gamma = 1 / std::sqrt(1 - eraPdp(beta, beta));
  const double potential = gm_sun / (eraPm(heliocentric[0]) * ERFA_DAU) + gm_earth / eraPm(at_site[0]);  // m^2/s^2
  return gamma * (1 + eraPdp(beta, direction)) / (1 - potential / (ERFA_CMPS * ERFA_CMPS));
}

}  // namespace zspex::pipeline
