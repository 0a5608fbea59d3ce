/// \file
/// Wavelengths and error of the PSF that a camera is extracted with: what the configuration gives, DESI's production
/// values, or the PSF file's.
#pragma once

#include <string>

#include "config/extract_config.hpp"
#include "io/psf.hpp"

namespace zspex::pipeline {

/// A value and where it comes from, for the user.
template <class T>
struct Chosen {
  T value{};
  std::string source;
};

/// The range that the configuration gives for a camera; else by its rule: `psf`, the PSF's range in steps of 0.8
/// Angstrom; `desi`, what DESI's production takes (b 3600-5800, r 5760-7620, z 7520-9824, steps of 0.8); `auto`, DESI's
/// where the camera is one of DESI's and the PSF covers them, else the PSF's.
/// \param camera  for example "r0"; another name than DESI's is any camera
/// \throws ConfigError when DESI's are asked for, or values of bands given, and it is none of DESI's cameras
Chosen<config::WaveRange> choose_wavelength(const config::ExtractConfig& config, const io::PsfFile& psf,
                                            const std::string& camera);

/// Likewise the fractional error of the PSF: `psf`, PSFERR of the file, or 0.01 without; `desi`, 0.04 in b and 0.01 in
/// r and z; `auto`, PSFERR where the file has it, else DESI's for DESI's cameras, else 0.01.
Chosen<double> choose_psferr(const config::ExtractConfig& config, const io::PsfFile& psf, const std::string& camera);

/// "5760,7620,0.8 Angstrom (DESI's for camera r0), psferr 0.01 (the PSF file's)"
std::string describe_choices(const Chosen<config::WaveRange>& wavelength, const Chosen<double>& psferr);

}  // namespace zspex::pipeline
