#include "tests/pipeline/redshift/small_survey.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <map>
#include <tuple>

#include "io/detail/fits_writer.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/redshift/fitter.hpp"
#include "simulate/shapes.hpp"
#include "simulate/spectra.hpp"
#include "simulate/template_set.hpp"

namespace zspex::pipeline {
namespace {

constexpr config::WaveRange range_b{3990, 4190, 0.8}, range_r{6046, 6126, 0.8}, range_z{8000, 8048, 0.8};

template <class Values>
Values pick(const Values& values, const std::vector<std::size_t>& rows) {
  auto shape = values.shape();
  shape[0] = rows.size();
  Values out(shape);
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(values.row(rows[i]), out.row(i).begin());
  return out;
}

std::string upper(std::string name) {
  for (char& letter : name) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return name;
}

template <class T>
io::Column column(const char* name, char code, std::vector<T> values, int repeat = 1) {
  io::Column out;
  out.name = name;
  out.code = code;
  out.repeat = repeat;
  out.values = std::move(values);
  return out;
}

/// Each HDU but one.
class Writer {
 public:
  Writer(const std::string& path, std::string skip) : file_(path, 0), skip_(std::move(skip)) {}
  void table(io::Table table, const char* name) {
    table.name = name;
    if (name != skip_) file_.table(table);
  }
  template <class Values>
  void image(const std::string& name, const Values& values, const io::Header& header = {}) {
    if (name != skip_) file_.image(name, {values.shape().begin(), values.shape().end()}, values.data(), header);
  }
  void wave(const std::string& name, const std::vector<double>& wave) {
    if (name != skip_) file_.image(name, {wave.size()}, wave.data());
  }
  io::detail::FitsWriter& file() { return file_; }

 private:
  io::detail::FitsWriter file_;
  std::string skip_;
};

void write_band(Writer& file, const io::BandSpectra& band, const std::string& prefix, const io::Header& header) {
  file.image(prefix + "FLUX", band.flux, header);
  file.image(prefix + "IVAR", band.ivar);
  if (!band.mask.empty()) file.image(prefix + "MASK", band.mask);
  file.wave(prefix + "WAVELENGTH", band.wave);
  file.image(prefix + "RESOLUTION", band.resolution);
}

/// Spectra of stars themselves: none is negative.
io::TemplateFile positive_stars() {
  io::TemplateFile file;
  file.spectype = "STAR";
  file.subtype = "F";
  file.method = "NMF";
  file.igm = "None";
  file.version = "small";
  file.wave = kernels::wave_grid(3970, 8060, 0.4);
  file.basis = Array2<double>({3, file.wave.size()});
  const auto bins = simulate::make_light_bins(file.wave, 0.4, 0, 0, 1);
  for (const std::size_t i : {0u, 1u, 2u}) {
    simulate::Target star;
    star.kind = simulate::TargetKind::star;
    star.temperature = 4500 + 1500 * static_cast<double>(i);
    simulate::shape_spectrum(star, 0, bins, file.basis.row(i));
    const double most = *std::ranges::max_element(file.basis.row(i));
    for (double& value : file.basis.row(i)) value /= most;
  }
  return file;
}

/// The spectrum of a band convolved by the resolution of one row, at about five times the noise.
std::vector<double> planted_light(const io::TemplateFile& file, double z, const io::BandSpectra& band,
                                  std::size_t row) {
  const auto resolution = band.resolution.row(row);
  kernels::Target target;
  const std::size_t nwave = band.wave.size();
  target.spectra.push_back({0,
                            std::vector<double>(nwave),
                            std::vector<double>(nwave, 1),
                            static_cast<int>(band.resolution.extent(1)),
                            {resolution.begin(), resolution.end()}});
  kernels::Template tmpl;
  tmpl.igm = file.igm == "Kamble20" ? kernels::IgmModel::kamble20 : kernels::IgmModel::none;
  tmpl.wave = file.wave;
  tmpl.basis = file.basis;
  tmpl.redshifts = {z, z + 1e-6, z + 2e-6};
  Zfit fit;
  fit.z = z;
  for (std::size_t i = 0; i < file.basis.extent(0); ++i) fit.coeff.push_back(i == 0 ? 1 : 0.2 / static_cast<double>(i));
  const auto model = kernels::RedshiftFitter({band.wave}, {tmpl}, {}).model(target, fit)[0];
  return {model.begin(), model.end()};
}

void plant(io::SpectraFile& file, const io::SpectraFile& dark, std::size_t row, const io::TemplateFile& tmpl,
           double z) {
  double noise = 0;  // of the band with most of it
  for (const io::BandSpectra& band : dark.bands)
    for (const float ivar : band.ivar.row(row))
      if (ivar > 0) noise = std::max(noise, 1 / std::sqrt(static_cast<double>(ivar)));
  for (std::size_t iband = 0; iband < file.bands.size(); ++iband) {
    io::BandSpectra& to = file.bands[iband];
    const io::BandSpectra& from = dark.bands[iband];
    const auto light = planted_light(tmpl, z, to, row);
    for (std::size_t i = 0; i < light.size(); ++i)
      to.flux(row, i) = static_cast<float>(from.flux(row, i) + 5 * noise * light[i]);
    std::ranges::copy(from.ivar.row(row), to.ivar.row(row).begin());
  }
}

io::SpectraFile make_survey(config::SimulateKind kind, int ntargets, int nexp, int petal) {
  config::SimulateConfig config;
  config.kind = kind;
  config.nexp = nexp;
  config.wave_b = range_b;
  config.wave_r = range_r;
  config.wave_z = range_z;
  config.snr_scale = 4;
  config.cosmics = 500;
  io::SpectraFile file = simulate::simulate_spectra(config, {petal, ntargets, "", ""}).file;
  config.snr_scale = 0;
  const io::SpectraFile dark = simulate::simulate_spectra(config, {petal, ntargets, "", ""}).file;
  const auto& templates = small_templates();
  for (std::size_t row = 0; row < file.targetid.size(); ++row) {
    const std::size_t target = row % static_cast<std::size_t>(ntargets);
    if (target < templates.size()) plant(file, dark, row, templates[target], planted[target].z);
  }
  return file;
}

std::vector<io::TemplateFile> make_templates() {
  // At the redshifts of small_redshift_config() and of the quasars' own grid these cover 3989 to 8049 Angstrom.
  std::vector<io::TemplateFile> files = {
      simulate::make_template({"GALAXY", "", "Calura12", {3000, 7100, 0.8}, 0, 0, 25, 4, 0, 0}),
      simulate::make_template({"QSO", "HIZ", "Kamble20", {1130, 2450, 0.4}, 2.3, 2.5, 20, 3, 0, 0}), positive_stars()};
  for (io::TemplateFile& file : files) file.version = "small";
  return files;
}

}  // namespace

const io::SpectraFile& small_survey(config::SimulateKind kind, int ntargets, int nexp, int petal) {
  static std::map<std::tuple<config::SimulateKind, int, int, int>, io::SpectraFile> made;
  const auto [at, fresh] = made.try_emplace({kind, ntargets, nexp, petal});
  if (fresh) at->second = make_survey(kind, ntargets, nexp, petal);
  return at->second;
}

io::SpectraFile pick_rows(const io::SpectraFile& file, const std::vector<std::size_t>& rows) {
  io::SpectraFile out = file;
  out.targetid.clear();
  for (const std::size_t row : rows) out.targetid.push_back(file.targetid[row]);
  for (std::size_t iband = 0; iband < file.bands.size(); ++iband) {
    const io::BandSpectra& from = file.bands[iband];
    io::BandSpectra& to = out.bands[iband];
    to.flux = pick(from.flux, rows);
    to.ivar = pick(from.ivar, rows);
    if (!from.mask.empty()) to.mask = pick(from.mask, rows);
    to.resolution = pick(from.resolution, rows);
  }
  out.fibermap = file.fibermap.pick(rows);
  if (file.scores) out.scores = file.scores->pick(rows);
  return out;
}

std::string write_survey(const std::string& path, const io::SpectraFile& spectra, const std::string& skip) {
  Writer file(path, skip);
  file.file().primary(spectra.header);
  file.table(spectra.fibermap, "FIBERMAP");
  if (spectra.exp_fibermap) file.table(*spectra.exp_fibermap, "EXP_FIBERMAP");
  for (const io::BandSpectra& band : spectra.bands) write_band(file, band, upper(band.band) + "_", {});
  if (spectra.scores) file.table(*spectra.scores, "SCORES");
  file.file().finish();
  return path;
}

std::string write_cframe(const std::string& path, const io::SpectraFile& spectra, const std::string& name) {
  Writer file(path, "");
  io::Header header = spectra.header;
  header.set("CAMERA", name + "0");
  const auto band = std::ranges::find(spectra.bands, name, &io::BandSpectra::band);
  write_band(file, *band, "", header);
  file.table(spectra.fibermap, "FIBERMAP");
  if (spectra.scores) file.table(*spectra.scores, "SCORES");
  file.file().finish();
  return path;
}

const std::vector<io::TemplateFile>& small_templates() {
  static const std::vector<io::TemplateFile> made = make_templates();
  return made;
}

void write_small_templates(const std::string& folder) {
  std::ofstream list(folder + "/templates-default.txt");
  for (io::TemplateFile file : small_templates()) {
    const std::string name = "rrtemplate-" + file.spectype + "-small.fits";
    file.path = folder + "/" + name;
    io::write_template(file);
    list << name << "\n";
  }
}

std::string write_archetypes(const std::string& path) {
  using simulate::TargetKind;
  const auto wave = kernels::wave_grid(3000, 7100, 0.8);
  const auto bins = simulate::make_light_bins(wave, 0.8, 0, 0, 1);
  std::vector<float> flux;
  for (const auto& [kind, age] : {std::pair{TargetKind::elg, 0.1}, {TargetKind::lrg, 0.9}, {TargetKind::bgs, 0.5}}) {
    simulate::Target galaxy;
    galaxy.kind = kind;
    galaxy.shape = age;
    std::vector<double> spectrum(wave.size());
    simulate::shape_spectrum(galaxy, 0, bins, spectrum);
    const double most = *std::ranges::max_element(spectrum);
    for (const double value : spectrum) flux.push_back(static_cast<float>(value / most));
  }
  io::Table table;
  table.name = "ARCHETYPES";
  table.nrow = 3;
  table.header.set("CRVAL1", wave.front());
  table.header.set("CDELT1", 0.8);
  table.header.set("LOGLAM", false);
  table.header.set("RRTYPE", "GALAXY");
  table.header.set("VERSION", "small");
  io::Column archetype = column("ARCHETYPE", 'E', std::move(flux));
  archetype.repeat = static_cast<int>(wave.size());
  table.columns = {archetype, column("SUBTYPE", 'A', std::vector<std::string>{"ELG", "LRG", "BGS"}, 3)};
  io::detail::FitsWriter file(path, 0);
  file.primary({});
  file.table(table);
  file.finish();
  return path;
}

std::string write_priors(const std::string& path, const std::string& function,
                         const std::vector<std::int64_t>& targetid, const std::vector<double>& z,
                         const std::vector<double>& sigma) {
  std::vector<std::string> functions(targetid.size(), function == "tophat" ? "gaussian" : "tophat");
  if (!functions.empty()) functions.front() = function;
  io::Table table;
  table.name = "PRIORS";
  table.nrow = targetid.size();
  table.columns = {column("TARGETID", 'K', targetid), column("Z", 'D', z), column("SIGMA", 'D', sigma),
                   column("FUNCTION", 'A', functions, 10)};
  io::detail::FitsWriter file(path, 0);
  file.primary({});
  file.table(table);
  file.finish();
  return path;
}

config::RedshiftConfig small_redshift_config(const std::string& folder) {
  config::RedshiftConfig config;
  config.input = {folder + "/coadd.fits"};
  config.templates = {folder};
  config.output = folder + "/redshifts.fits";
  config.zscan_galaxy = {0.15, 0.28, 4e-4};
  config.zscan_star = {-0.001, 0.00101, 1e-4};
  return config;
}

}  // namespace zspex::pipeline
