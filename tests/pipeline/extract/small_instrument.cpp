#include "tests/pipeline/extract/small_instrument.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "kernels/extract/extract.hpp"
#include "pipeline/extract/frame_job.hpp"

namespace zspex::pipeline {
namespace {

constexpr int nfiber = 50, nx = 401, ny = 263;
constexpr double wavemin = 5990, wavemax = 6110;

template <class Value>
Legendre series(std::size_t ncoeff, const Value& value) {
  Legendre out{wavemin, wavemax, Array2<double>({nfiber, ncoeff})};
  for (std::size_t ispec = 0; ispec < nfiber; ++ispec) {
    for (std::size_t k = 0; k < ncoeff; ++k) out.coeff(ispec, k) = value(static_cast<double>(ispec), k);
  }
  return out;
}

io::Column column(const std::string& name, char code, io::Column::Values values) {
  io::Column out;
  out.name = name;
  out.code = code;
  out.values = std::move(values);
  return out;
}

io::Table small_fibermap() {
  std::vector<std::int32_t> fiber;
  std::vector<std::int64_t> target;
  std::vector<double> ra;
  for (int i = 0; i < nfiber; ++i) {
    fiber.push_back(500 + i);  // petal 1
    target.push_back(39628000000000000 + 17 * i);
    ra.push_back(150.25 + 0.01 * i);
  }
  io::Table table;
  table.name = "FIBERMAP";
  table.nrow = nfiber;
  table.columns = {column("TARGETID", 'K', target), column("FIBER", 'J', fiber), column("TARGET_RA", 'D', ra)};
  return table;
}

}  // namespace

io::PsfFile small_psf(const std::string& camera) {
  io::PsfFile psf;
  psf.path = "small";
  psf.camera = camera;
  psf.header.set("CAMERA", camera);
  psf.nspec = nfiber;
  psf.npix_x = nx;
  psf.npix_y = ny;
  psf.hsizex = 5;
  psf.hsizey = 4;
  psf.ghdegx = psf.ghdegy = 3;
  psf.wavemin = wavemin;
  psf.wavemax = wavemax;
  const auto base = [](double ispec) { return 12.3 + 7.37 * ispec + (ispec >= 25 ? 9.0 : 0.0); };
  psf.x = series(3, [&](double i, std::size_t k) { return k == 0 ? base(i) : k == 1 ? 0.8 : -0.3; });
  psf.y = series(3, [](double i, std::size_t k) { return k == 0 ? 130 + 0.05 * i : k == 1 ? 104.0 : 1.5; });
  psf.sigmax = series(2, [](double i, std::size_t k) { return k == 0 ? 1.02 + 0.001 * i : 0.03; });
  psf.sigmay = series(2, [](double i, std::size_t k) { return k == 0 ? 1.15 - 0.001 * i : -0.02; });
  for (int i = 0; i <= psf.ghdegx; ++i) {
    for (int j = 0; j <= psf.ghdegy; ++j) {
      const double amplitude = i + j == 0         ? 1
                               : i == 3 && j == 0 ? 0.03
                               : i == 0 && j == 3 ? -0.02
                               : i == 1 && j == 1 ? 0.015
                                                  : 0;
      psf.gh.push_back(series(2, [&](double, std::size_t k) { return k == 0 ? amplitude : 0.1 * amplitude; }));
    }
  }
  return psf;
}

io::Preproc small_frame(const io::PsfFile& psf, int expid) {
  const auto wave = kernels::wave_grid(wavemin, wavemax, 0.8);
  Array2<double> photons({nfiber, wave.size()});
  for (std::size_t ispec = 0; ispec < nfiber; ++ispec) {
    for (std::size_t i = 0; i < wave.size(); ++i) {
      const double line = (wave[i] - 6020 - 1.3 * static_cast<double>(ispec)) / 1.1;
      photons(ispec, i) =
          300 + 4 * static_cast<double>(ispec) + static_cast<double>(i) + 3000 * std::exp(-line * line / 2);
    }
  }
  Array2<double> light({ny, nx});
  kernels::project_spectra(usable_psf(psf, false), wave, 0, photons, light);

  io::Preproc frame;
  frame.camera = psf.camera;
  frame.header.set("CAMERA", psf.camera);
  frame.header.set("EXPID", expid);
  frame.header.set("FLAVOR", "science");
  frame.image = Array2<float>({ny, nx});
  frame.ivar = Array2<float>({ny, nx});
  frame.mask = Array2<std::uint32_t>({ny, nx});
  frame.readnoise = Array2<float>({ny, nx}, 3.0f);
  frame.fibermap = small_fibermap();
  std::mt19937_64 random(static_cast<std::uint64_t>(expid));
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < light.size(); ++i) {
    const double variance = light.data()[i] + 9;
    frame.image.data()[i] = static_cast<float>(light.data()[i] + std::sqrt(variance) * normal(random));
    frame.ivar.data()[i] = static_cast<float>(1 / variance);
  }
  for (std::size_t iy = 0; iy < ny; ++iy) frame.mask(iy, 100) = 1;
  for (int hit = 0; hit < 40; ++hit) frame.mask(random() % ny, random() % nx) = 16;
  frame.image(131, 77) = std::numeric_limits<float>::quiet_NaN();
  return frame;
}

config::ExtractConfig small_config(const std::string& folder, int nframe) {
  config::ExtractConfig config;
  for (int i = 0; i < nframe; ++i) {
    config.input.push_back(folder + "/preproc-" + std::to_string(i + 1) + ".fits");
    config.output.push_back(folder + "/frame-" + std::to_string(i + 1) + ".fits");
  }
  config.psf = {folder + "/psf.fits"};
  config.wavelength = config::WaveRange{6000, 6100, 0.8};
  return config;
}

}  // namespace zspex::pipeline
