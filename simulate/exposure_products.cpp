#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "config/value.hpp"
#include "core/error.hpp"
#include "core/format.hpp"
#include "io/output.hpp"
#include "simulate/files.hpp"
#include "simulate/fingerprint.hpp"
#include "simulate/lamps.hpp"
#include "simulate/products.hpp"
#include "simulate/simulate.hpp"

namespace zspex::simulate {
namespace {

namespace fs = std::filesystem;

/// Keeps the PSF beside the frames: a file as it is, unless its CCD was given another size.
void write_task_psf(const Task& task, const config::SimulateConfig& config, const io::PsfFile& psf) {
  if (task.psf_in.empty() || config.npix_x > 0 || config.npix_y > 0) return io::write_psf(task.psf, psf);
  std::error_code error;
  if (fs::equivalent(task.psf_in, task.psf, error)) return;
  std::ifstream file(task.psf_in, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) throw FileError(task.psf_in, "", "expected to copy this file, could not read it. Check it.");
  io::write_file(task.psf, bytes.view());
}

/// What `zspex extract --config` needs for the frames; wavelengths by band where there are several.
std::string extract_yaml(const config::SimulateConfig& config, const std::vector<Task>& tasks) {
  std::string input, psf, output;
  std::map<char, config::WaveRange> ranges;
  for (const Task& task : tasks) {
    const fs::path folder = fs::absolute(config.output).lexically_normal();
    const std::string stem = fs::path(task.truth).filename().string().substr(5);  // "-r0-00000001.fits"
    ranges.emplace(task.camera.band, task.range);
    input += "    - " + quoted(folder / fs::path(task.preproc).filename()) + "\n";
    psf += "    - " + quoted(folder / fs::path(task.psf).filename()) + "\n";
    output += "    - " + quoted(folder / ("frame" + stem.substr(0, stem.size() - 5) + ".h5")) + "\n";
  }
  const std::string wavelength = ranges.size() == 1 ? config::write(ranges.begin()->second)
                                                    : config::write(config::ByCamera<config::WaveRange>(ranges));
  return fmt::format(
      "# Written by zspex simulate. Use: zspex extract --config THIS_FILE\nextract:\n  input:\n{}  psf:\n{}  "
      "output:\n{}  wavelength: {}\n  specmin: {}\n  nspec: {}\n",
      input, psf, output, wavelength, config.specmin, config.nspec);
}

std::string describe(const Task& task, const config::SimulateConfig& config) {
  return fmt::format("{}  {}  {} fibers from {} on, {:g}-{:g} A in steps of {:g} A", task.preproc,
                     task.psf_in.empty() ? "invented PSF" : task.psf_in, config.nspec, config.specmin,
                     task.range.wavemin, task.range.wavemax, task.range.dwave);
}

std::string write(const Task& task, const config::SimulateConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  const io::PsfFile psf = task_psf(config, task);
  const Simulated made = simulate_exposure(config, task, psf);
  if (task.index == 0) write_task_psf(task, config, psf);
  io::write_truth(task.truth, made.truth);
  io::write_preproc(task.preproc, made.frame);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return fmt::format("{}  {} fibers x {} bins on {} x {} pixels, {} cosmics, {} bad pixels, {}", task.preproc,
                     made.truth.flux.extent(0), made.truth.flux.extent(1), made.frame.image.extent(1),
                     made.frame.image.extent(0), made.detector.ncosmic,
                     made.detector.cosmic_pixels + made.detector.dead_pixels + made.detector.hot_pixels,
                     format_duration(took.count()));
}

}  // namespace

std::vector<Product> exposure_products(const config::SimulateConfig& config) {
  std::vector<Product> products;
  for (const Task& task : plan(config))
    products.push_back({{task.preproc, task.truth, task.psf},
                        describe(task, config),
                        [task, &config] { return write(task, config); },
                        fingerprint(config)});
  return products;
}

std::vector<Note> exposure_notes(const config::SimulateConfig& config) {
  const std::string path = fs::path(config.output) / "extract.yaml";
  std::vector<Note> notes = {{path, extract_yaml(config, plan(config)), "for: zspex extract --config " + path}};
  if (config.flavor == config::Flavor::arc)
    notes.push_back({fs::path(config.output) / "arc-lines.txt", arc_lines_text(), "the lines of the lamps"});
  return notes;
}

}  // namespace zspex::simulate
