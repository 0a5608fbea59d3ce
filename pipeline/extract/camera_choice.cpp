#include "pipeline/extract/camera_choice.hpp"

#include <map>

#include "config/value.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::pipeline {
namespace {

using config::CameraRule;
using config::WaveRange;

/// What DESI's production gives desi_extract_spectra.
struct Production {
  WaveRange wave;
  double psferr;
};
const std::map<char, Production> desi_production = {
    {'b', {{3600, 5800, 0.8}, 0.04}}, {'r', {{5760, 7620, 0.8}, 0.01}}, {'z', {{7520, 9824, 0.8}, 0.01}}};

/// nullptr for a camera that is not DESI's.
const Production* production(const std::string& camera) {
  const auto found = desi_production.find(config::desi_band(camera));
  return found == desi_production.end() ? nullptr : &found->second;
}

std::string named(const std::string& camera) { return camera.empty() ? "an image without CAMERA" : "camera " + camera; }

const Production& need_production(const std::string& key, const std::string& camera) {
  if (const Production* desi = production(camera)) return *desi;
  throw ConfigError("configuration", key,
                    "expected one of DESI's cameras, b0 to b9, r0 to r9 or z0 to z9, found " + named(camera) +
                        ". Give a value instead of desi.");
}

bool covers(const io::PsfFile& psf, const WaveRange& range) {
  return psf.wavemin <= range.wavemin && psf.wavemax >= range.wavemax;
}

/// What the configuration gives for a camera; nothing if a rule is to find it.
template <class T>
std::optional<T> given_for(const config::ByCamera<T>& setting, const std::string& key, const std::string& camera) {
  if (!setting.bands().empty() && !production(camera)) {
    throw ConfigError("configuration", key,
                      "expected one value for all cameras, as " + named(camera) +
                          " is none of b0 to b9, r0 to r9 and z0 to z9, found values of bands. Give it one value.");
  }
  return setting.of(camera);
}

const char* const as_given = "as asked for";

std::string of_desi(const std::string& camera) { return "DESI's for camera " + camera; }

}  // namespace

Chosen<WaveRange> choose_wavelength(const config::ExtractConfig& config, const io::PsfFile& psf,
                                    const std::string& camera) {
  if (const auto given = given_for(config.wavelength, "extract.wavelength", camera)) return {*given, as_given};
  const CameraRule rule = config.wavelength.rule();
  if (rule == CameraRule::desi) return {need_production("extract.wavelength", camera).wave, of_desi(camera)};
  const Production* desi = production(camera);
  if (rule == CameraRule::automatic && desi && covers(psf, desi->wave)) return {desi->wave, of_desi(camera)};
  return {{psf.wavemin, psf.wavemax, 0.8}, "the PSF's"};
}

Chosen<double> choose_psferr(const config::ExtractConfig& config, const io::PsfFile& psf, const std::string& camera) {
  if (const auto given = given_for(config.psferr, "extract.psferr", camera)) return {*given, as_given};
  const CameraRule rule = config.psferr.rule();
  if (rule == CameraRule::desi) return {need_production("extract.psferr", camera).psferr, of_desi(camera)};
  if (psf.header.has("PSFERR")) return {psf.psferr, "the PSF file's"};
  const Production* desi = production(camera);
  if (rule == CameraRule::automatic && desi) return {desi->psferr, of_desi(camera)};
  return {psf.psferr, "the usual"};
}

std::string describe_choices(const Chosen<WaveRange>& wavelength, const Chosen<double>& psferr) {
  const WaveRange& range = wavelength.value;
  return fmt::format("{},{},{} Angstrom ({}), psferr {} ({})", config::write(range.wavemin),
                     config::write(range.wavemax), config::write(range.dwave), wavelength.source,
                     config::write(psferr.value), psferr.source);
}

}  // namespace zspex::pipeline
