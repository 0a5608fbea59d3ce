#include "pipeline/simulate/simulate.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>

#include "config/base/error.hpp"
#include "io/output.hpp"

namespace zspex::pipeline {
namespace {

using simulate::Simulated;
using simulate::Task;
namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw FileError(folder, "", "expected to make this folder, found: " + error.message() + ". Choose another with -o.",
                    ExitCode::output);
}

/// Refuses before any work what could not be written after it.
void check_outputs(const config::SimulateConfig& config, const config::JobConfig& job, const std::vector<Task>& tasks) {
  for (const Task& task : tasks)
    for (const std::string& path : {task.preproc, task.truth, task.psf}) {
      if (!config.overwrite && !job.resume && fs::exists(path))
        throw FileError(path, "",
                        "expected no file of this name, found one. Choose another folder, or allow overwrite.",
                        ExitCode::output);
      io::check_output(path);
    }
}

/// Where a file is written before it gets its name. Like the names of io's writers, so that an interrupt removes it,
/// too.
fs::path aside_of(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().string() + "." + std::to_string(getpid()) + ".0.tmp");
}

/// A text file, whole or not at all.
void write_text(const std::string& path, const std::string& text) {
  const fs::path aside = aside_of(path);
  std::ofstream file(aside);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(aside, path, error);
  if (!file || error) {
    fs::remove(aside, error);
    throw FileError(path, "",
                    "expected to write " + std::to_string(text.size()) + " bytes, could not. Is the disk full?",
                    ExitCode::output);
  }
}

/// Keeps the PSF beside the frames: a file as it is, unless its CCD was given another size.
void write_task_psf(const Task& task, const config::SimulateConfig& config, const io::GaussHermitePsf& psf) {
  if (task.psf_in.empty() || config.npix_x > 0 || config.npix_y > 0) return io::write_psf(task.psf, psf);
  std::error_code error;
  if (fs::equivalent(task.psf_in, task.psf, error)) return;
  const fs::path aside = aside_of(task.psf);
  fs::copy_file(task.psf_in, aside, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(aside, fs::perms::owner_write, fs::perm_options::add, error);
  if (!error) fs::rename(aside, task.psf, error);
  if (error) {
    const std::string why = error.message();
    fs::remove(aside, error);
    throw FileError(task.psf, "", "expected to copy " + task.psf_in + ", found: " + why + ".", ExitCode::output);
  }
}

std::string quoted(const std::string& path) {
  std::string out = "\"";
  for (char c : path) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// What `zspex extract --config` needs for the frames of one band.
std::string extract_yaml(const config::SimulateConfig& config, const std::vector<Task>& tasks) {
  std::string input, psf, output;
  for (const Task& task : tasks) {
    const fs::path folder = fs::absolute(config.output).lexically_normal();
    const std::string stem = fs::path(task.truth).filename().string().substr(5);  // "-r0-00000001.fits"
    input += "    - " + quoted(folder / fs::path(task.preproc).filename()) + "\n";
    psf += "    - " + quoted(folder / fs::path(task.psf).filename()) + "\n";
    output += "    - " + quoted(folder / ("frame" + stem.substr(0, stem.size() - 5) + ".h5")) + "\n";
  }
  const config::WaveRange& range = tasks.front().range;
  char wavelength[96];
  std::snprintf(wavelength, sizeof wavelength, "[%.10g, %.10g, %.10g]", range.wavemin, range.wavemax, range.dwave);
  return "# Written by zspex simulate. Use: zspex extract --config THIS_FILE\nextract:\n  input:\n" + input +
         "  psf:\n" + psf + "  output:\n" + output + "  wavelength: " + wavelength +
         "\n  specmin: " + std::to_string(config.specmin) + "\n  nspec: " + std::to_string(config.nspec) + "\n";
}

std::vector<std::string> write_extract_configs(const config::SimulateConfig& config, const std::vector<Task>& tasks) {
  std::map<char, std::vector<Task>> bands;
  for (const Task& task : tasks) bands[task.camera.band].push_back(task);
  std::vector<std::string> paths;
  for (const auto& [band, of_band] : bands) {
    const std::string name = bands.size() == 1 ? "extract.yaml" : std::string("extract-") + band + ".yaml";
    paths.push_back(fs::path(config.output) / name);
    write_text(paths.back(), extract_yaml(config, of_band));
  }
  return paths;
}

void print_plan(const config::SimulateConfig& config, const std::vector<Task>& tasks, std::ostream& out) {
  out << "simulate: " << tasks.size() << " frames, " << config.nspec << " fibers from " << config.specmin
      << " on, seed " << config.seed << "\n";
  for (const Task& task : tasks)
    out << "  " << task.preproc << "  " << (task.psf_in.empty() ? "invented PSF" : task.psf_in) << "  "
        << task.range.wavemin << "-" << task.range.wavemax << " A in steps of " << task.range.dwave << " A\n";
}

void print_made(const Task& task, const Simulated& made, double seconds, std::ostream& out) {
  char line[160];
  std::snprintf(line, sizeof line, "  %zu fibers x %zu bins on %zu x %zu pixels, %zu cosmics, %zu bad pixels, %.1f s\n",
                made.truth.flux.extent(0), made.truth.flux.extent(1), made.frame.image.extent(1),
                made.frame.image.extent(0), made.detector.ncosmic,
                made.detector.cosmic_pixels + made.detector.dead_pixels + made.detector.hot_pixels, seconds);
  out << task.preproc << line << std::flush;
}

}  // namespace

void run_simulate(const config::SimulateConfig& config, const config::JobConfig& job, const Share& share,
                  std::ostream& out) {
  const std::vector<Task> tasks = simulate::plan(config);
  const bool talk = job.verbosity >= 0;
  if (job.dry_run) {
    if (share.rank == 0) print_plan(config, tasks, out);
    return;
  }
  make_folder(config.output);
  check_outputs(config, job, tasks);
  for (std::size_t itask = 0; itask < tasks.size(); ++itask) {
    if (static_cast<int>(itask % static_cast<std::size_t>(share.nranks)) != share.rank) continue;
    const Task& task = tasks[itask];
    const auto start = std::chrono::steady_clock::now();
    if (job.resume && fs::exists(task.preproc) && fs::exists(task.truth) && fs::exists(task.psf)) {
      if (talk) out << task.preproc << "  is there already\n";
      continue;
    }
    const io::GaussHermitePsf psf = simulate::task_psf(config, task);
    const Simulated made = simulate::simulate_exposure(config, task, psf);
    if (task.index == 0) write_task_psf(task, config, psf);
    io::write_truth(task.truth, made.truth);
    io::write_preproc(task.preproc, made.frame);  // last: where it is, the others are
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (talk) print_made(task, made, took.count(), out);
  }
  if (share.rank != 0) return;
  for (const std::string& path : write_extract_configs(config, tasks))
    if (talk) out << path << "  for: zspex extract --config " << path << "\n";
}

}  // namespace zspex::pipeline
