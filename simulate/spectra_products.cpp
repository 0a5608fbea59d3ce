#include <chrono>
#include <filesystem>

#include "core/format.hpp"
#include "simulate/files.hpp"
#include "simulate/fingerprint.hpp"
#include "simulate/products.hpp"
#include "simulate/simulate.hpp"
#include "simulate/spectra.hpp"
#include "simulate/template_set.hpp"

namespace zspex::simulate {
namespace {

namespace fs = std::filesystem;

std::string write(const config::SimulateConfig& config, const SpectraTask& task) {
  const auto start = std::chrono::steady_clock::now();
  const SimulatedSpectra made = simulate_spectra(config, task);
  io::write_truth_table(task.truth, made.truth);
  io::write_spectra(made.file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::size_t nbin = 0;
  for (const io::BandSpectra& band : made.file.bands) nbin += band.wave.size();
  return fmt::format("{}  {} spectra of {} targets, {} bins in {} bands, {}", task.spectra, made.file.targetid.size(),
                     task.ntargets, nbin, made.file.bands.size(), format_duration(took.count()));
}

std::string write(const TemplatePlan& plan, const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  io::TemplateFile file = make_template(plan);
  file.path = path;
  io::write_template(file);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return fmt::format("{}  {} vectors of {} samples, {}", path, file.basis.extent(0), file.basis.extent(1),
                     format_duration(took.count()));
}

}  // namespace

std::vector<Product> spectra_products(const config::SimulateConfig& config) {
  check_settings(config);
  std::vector<Product> products;
  for (const SpectraTask& task : plan_spectra(config))
    products.push_back({{task.spectra, task.truth},
                        fmt::format("{}  {} targets, {} exposures", task.spectra, task.ntargets, config.nexp),
                        [task, &config] { return write(config, task); },
                        fingerprint(config)});
  return products;
}

std::vector<Product> template_products(const std::string& folder) {
  std::vector<Product> products;
  for (const TemplatePlan& plan : template_plans()) {
    const std::string path = fs::path(folder) / template_name(plan);
    products.push_back({{path},
                        fmt::format("{}  {} vectors of {} spectra", path, plan.nvector, plan.nmember),
                        [plan, path] { return write(plan, path); }});
  }
  return products;
}

std::vector<Note> spectra_notes(const config::SimulateConfig& config) {
  const fs::path folder = fs::absolute(config.output).lexically_normal();
  std::string input;
  for (const SpectraTask& task : plan_spectra(config))
    input += "    - " + quoted(folder / fs::path(task.spectra).filename()) + "\n";
  const std::string path = fs::path(config.output) / "redshift.yaml";
  return {{path,
           fmt::format("# Written by zspex simulate. Use: zspex redshift --config THIS_FILE\nredshift:\n  input:\n{}  "
                       "templates: [{}]\n  output: {}\n",
                       input, quoted(folder / "templates"), quoted(folder / "redshifts.fits")),
           "for: zspex redshift --config " + path}};
}

std::vector<Note> template_notes(const std::string& folder) {
  std::string names = "# Invented templates, in the order in which they are scanned.\n";
  for (const TemplatePlan& plan : template_plans()) names += template_name(plan) + "\n";
  return {{fs::path(folder) / "templates-default.txt", names, "for: zspex redshift --templates " + folder}};
}

}  // namespace zspex::simulate
