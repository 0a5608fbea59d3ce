#include "config/schema.hpp"

#include <algorithm>
#include <iterator>

#include "config/suggest.hpp"
#include "core/error.hpp"
#include "core/format.hpp"

namespace zspex::config {
namespace {

/// What a table row says beyond key and member.
struct Notes {
  char letter = 0;
  std::string metavar = "";
  std::string unit = "";
  Limits limits = {};
  std::vector<Switch> switches = {};
  std::vector<Alias> aliases = {};
  std::string help = "";
};

template <class T>
using Names = std::vector<std::pair<T, std::string>>;

std::string dashed(std::string_view key) {
  std::string result(key);
  std::replace(result.begin(), result.end(), '_', '-');
  return result;
}

/// Appends the fields of one section to the table.
template <class Part>
class Rows {
 public:
  Rows(std::vector<Field>& table, std::string section, Part Settings::*part)
      : table_(table), section_(std::move(section)), part_(part) {}

  template <class T>
  void operator()(const std::string& key, T Part::*member, Notes notes) const {
    Field field = common(key, member, std::move(notes));
    field.type = type_name(static_cast<const T*>(nullptr));
    field.takes_many = std::is_same_v<T, std::vector<std::string>>;
    if constexpr (std::is_same_v<T, bool>)
      field.switches = {{"--" + dashed(key), field.letter, "true"}, {"--no-" + dashed(key), 0, "false"}};
    field.store = [part = part_, member](const Field& self, Settings& settings, const Value& value) {
      read(value, self.name(), self.limits, settings.*part.*member);
    };
    field.yaml = [part = part_, member](const Settings& settings) { return write(settings.*part.*member); };
    table_.push_back(std::move(field));
  }

  /// A field whose values have names.
  template <class T>
  void operator()(const std::string& key, T Part::*member, const Names<T>& names, Notes notes) const {
    Field field = common(key, member, std::move(notes));
    for (const auto& [value, name] : names) {
      field.choices.push_back(name);
      field.type += (field.type.empty() ? "" : ", ") + name;
      field.metavar += (field.metavar.empty() ? "" : "|") + name;
    }
    field.store = [part = part_, member, names](const Field& self, Settings& settings, const Value& value) {
      const auto entry = std::find_if(names.begin(), names.end(), [&](const auto& pair) {
        return value.kind == Value::Kind::scalar && pair.second == value.text;
      });
      if (entry == names.end()) {
        const std::string near = value.kind == Value::Kind::scalar ? nearest(value.text, self.choices) : "";
        throw ConfigError(value.where, self.name(),
                          fmt::format("expected one of {}, found {}{}", self.type, found(value),
                                      near.empty() ? "" : "; did you mean " + near + "?"));
      }
      settings.*part.*member = entry->first;
    };
    field.yaml = [part = part_, member, names](const Settings& settings) {
      for (const auto& [value, name] : names) {
        if (value == settings.*part.*member) return name;
      }
      return std::string("unnamed");  // refused when it is read back
    };
    table_.push_back(std::move(field));
  }

 private:
  template <class T>
  Field common(const std::string& key, T Part::*member, Notes notes) const {
    Field field;
    field.section = section_;
    field.key = key;
    field.letter = notes.letter;
    field.metavar = std::move(notes.metavar);
    field.unit = std::move(notes.unit);
    field.limits = notes.limits;
    field.switches = std::move(notes.switches);
    field.aliases = std::move(notes.aliases);
    field.help = std::move(notes.help);
    field.address = [part = part_, member](const Settings& settings) -> const void* {
      return &(settings.*part.*member);
    };
    return field;
  }

  std::vector<Field>& table_;
  std::string section_;
  Part Settings::*part_;
};

Limits at_least(double bound) { return {.at_least = bound}; }
Limits above(double bound) { return {.above = bound}; }
Limits between(double low, double high) { return {.at_least = low, .at_most = high}; }

void add_job(std::vector<Field>& table) {
  const Rows<JobConfig> row(table, "job", &Settings::job);
  using C = JobConfig;
  row("dry_run", &C::dry_run, {.help = "print the plan (what, by whom, how much memory) and touch no data"});
  row("resume", &C::resume,
      {.help = "keep outputs that are whole and of the same inputs and settings, and do the rest"});
  row("verbosity", &C::verbosity, {{-1, "quiet"}, {0, "normal"}, {1, "verbose"}},
      {.switches = {{"--quiet", 'q', "quiet"}, {"--verbose", 'v', "verbose"}},
       .aliases = {{"--loglevel",
                    {{"debug", "verbose"},
                     {"info", "normal"},
                     {"warning", "quiet"},
                     {"warn", "quiet"},
                     {"error", "quiet"},
                     {"critical", "quiet"}}}},
       .help = "how much is said on the terminal"});
  row("progress", &C::progress,
      {{ProgressShow::automatic, "auto"},
       {ProgressShow::bar, "bar"},
       {ProgressShow::lines, "lines"},
       {ProgressShow::none, "none"}},
      {.help = "bar: one line that is rewritten; lines: now and then one, for logs; auto: a bar where mpirun writes to "
               "a terminal"});
}

/// What jobs have that do several runs.
template <class Part>
void add_group_rows(const Rows<Part>& row) {
  row("group", &Part::group,
      {.metavar = "N",
       .unit = "ranks",
       .limits = between(0, 1000000),
       .help =
           "ranks that work together on one file of several, while other groups work on others; 0: by the number of "
           "files, their sizes, and the machine"});
  row("report", &Part::report,
      {.metavar = "FILE", .help = "a table of the files: done, kept or failed and why, seconds, by whom (.csv)"});
  row("part", &Part::part,
      {.metavar = "I/N",
       .help = "only the I-th of N parts of the files, every N-th of them, for N jobs that share a list"});
}

/// What jobs have that write large files.
template <class Part>
void add_compress_row(const Rows<Part>& row) {
  row("compress", &Part::compress, {{Compress::none, "none"}, {Compress::fast, "fast"}, {Compress::best, "best"}},
      {.help = "how HDF5 files and those named .gz are compressed: not at all; fast; a little smaller in several times "
               "the time"});
}

void add_extract(std::vector<Field>& table) {
  const Rows<ExtractConfig> row(table, "extract", &Settings::extract);
  using C = ExtractConfig;
  row("input", &C::input, {.letter = 'i', .metavar = "FILE", .help = "preproc files (.fits, .fits.gz, .fits.fz)"});
  row("psf", &C::psf, {.letter = 'p', .metavar = "FILE", .help = "PSF files: one for all inputs, or one an input"});
  row("output", &C::output,
      {.letter = 'o',
       .metavar = "FILE",
       .help = "frame files, one an input (.fits, .fits.gz, .h5), or one folder, written with a / at its end"});
  row("model", &C::model,
      {.letter = 'm',
       .metavar = "FILE",
       .help = "model images, one an input (.fits, .fits.gz), or one folder, written with a / at its end"});
  row("list", &C::list,
      {.letter = 'l',
       .metavar = "FILE",
       .help =
           "instead of input: a text with PREPROC PSF [OUTPUT] on each line, or a YAML list of input, psf, output and "
           "model"});
  add_group_rows(row);
  row("model_of", &C::model_of, {{ModelOf::reconvolved, "reconvolved"}, {ModelOf::flux, "flux"}},
      {.help = "reconvolved: the model image is A R f, smoother than the data, as gpu_specter's; flux: A f, to compare "
               "with the data"});
  row("fibermap", &C::fibermap,
      {.letter = 'f', .metavar = "FILE", .help = "a file whose FIBERMAP replaces that of the inputs"});
  row("wavelength", &C::wavelength,
      {.letter = 'w',
       .metavar = "WMIN,WMAX,DW",
       .unit = "vacuum Angstrom",
       .help = "first and last bin and step, one for all cameras or by band (b:3600,5800,0.8,r:5760,7620,0.8); desi: "
               "DESI's production's; psf: the PSF's range in steps of 0.8; auto: desi for DESI's cameras, else psf"});
  row("barycentric_correction", &C::barycentric_correction,
      {.help = "wavelengths as seen from the solar system's barycenter: by direction, time and site of the exposure"});
  row("site", &C::site,
      {.metavar = "LAT,LON,HEIGHT",
       .unit = "degrees, degrees, m",
       .help = "the telescope's geodetic latitude, longitude (east is positive) and height"});
  row("specmin", &C::specmin,
      {.letter = 's', .metavar = "N", .limits = at_least(0), .help = "first fiber, a multiple of bundlesize"});
  row("nspec", &C::nspec,
      {.letter = 'n',
       .metavar = "N",
       .limits = at_least(0),
       .help = "number of fibers, a multiple of bundlesize; 0: all from specmin on"});
  row("solver", &C::solver, {{Solver::patch, "patch"}, {Solver::bundle, "bundle"}},
      {.help = "patch: the reference's overlapping patches; bundle: one seamless solve along each bundle"});
  row("decorrelation", &C::decorrelation, {{Decorrelation::signal, "signal"}, {Decorrelation::noise, "noise"}},
      {.switches = {{"--decorrelate-fibers", 0, "noise"}},
       .help = "signal: spectra without cross-talk; noise: errors without correlation between fibers"});
  row("bundlesize", &C::bundlesize,
      {.metavar = "N", .limits = between(1, 500), .help = "fibers of a bundle; light of other bundles is ignored"});
  row("nsubbundles", &C::nsubbundles,
      {.metavar = "N",
       .limits = between(1, 500),
       .help = "parts of a bundle that are solved one by one; must divide bundlesize"});
  row("nwavestep", &C::nwavestep,
      {.metavar = "N", .unit = "bins", .limits = between(1, 10000), .help = "wavelength bins kept of a patch"});
  row("wavepad", &C::wavepad,
      {.metavar = "N",
       .unit = "bins",
       .limits = between(0, 1000),
       .help = "bins solved for and thrown away on each side of a patch, before wavepad_frac"});
  row("wavepad_frac", &C::wavepad_frac,
      {.metavar = "X",
       .limits = between(0, 10),
       .help = "part of wavepad that is added to it: 10 bins and 0.2 make 12"});
  row("pixpad_frac", &C::pixpad_frac,
      {.metavar = "X",
       .limits = between(0, 1),
       .help = "part of the padding bins' rows that belongs to a patch's pixels"});
  row("regularize", &C::regularize,
      {.letter = 'r', .metavar = "X", .limits = at_least(0), .help = "weight of a prior that flux is zero"});
  row("psferr", &C::psferr,
      {.metavar = "X",
       .limits = between(0, 1),
       .help = "fractional error of the PSF in chi2pix, one for all cameras or by band (b:0.04,r:0.01); desi: 0.04 in "
               "b, else 0.01; psf: the PSF file's, or 0.01; auto: the PSF file's, or desi"});
  row("tails", &C::tails, {.help = "add the PSF's Lorentzian tails to its spots"});
  row("mask", &C::mask, {{MaskPolicy::desi, "desi"}, {MaskPolicy::any, "any"}},
      {.help = "desi: leave out pixels with MASK & 767; any: pixels with MASK not 0"});
  row("min_pixel_noise", &C::min_pixel_noise,
      {.metavar = "X",
       .unit = "read noise",
       .limits = between(0, 1),
       .help = "leave out pixels whose ivar claims less noise than this part of the read noise; 0: none"});
  row("max_pixel_snr", &C::max_pixel_snr,
      {.metavar = "X",
       .limits = at_least(0),
       .help = "leave out pixels whose signal is more than this times its error; 0: none"});
  row("scores", &C::scores, {.help = "write the table SCORES"});
  row("device", &C::device, {{Device::automatic, "auto"}, {Device::cpu, "cpu"}, {Device::gpu, "gpu"}},
      {.switches = {{"--gpu", 0, "gpu"}, {"--use-gpu", 0, "gpu"}, {"--no-gpu", 0, "cpu"}},
       .help =
           "where to compute; auto: one rank of a node on each GPU and the others on the CPU; gpu: all ranks on GPUs"});
  row("gpu_ranks", &C::gpu_ranks,
      {.metavar = "N",
       .limits = at_least(0),
       .help = "ranks of a node that use a GPU with device auto, one GPU each; 0: one for each GPU"});
  row("gpu_capacity", &C::gpu_capacity,
      {.metavar = "X",
       .limits = {.above = 0, .at_most = 1e6},
       .help = "how fast a GPU rank is, times a CPU rank, as long as that has not been seen"});
  row("batch", &C::batch,
      {.metavar = "N",
       .unit = "patches",
       .limits = at_least(0),
       .help = "patches solved in one launch; 0: chosen by device"});
  row("force", &C::force,
      {.help = "extract with a PSF of another camera, or a range that lies mostly off the CCD, with a warning"});
  row("checksums", &C::checksums,
      {.help = "refuse inputs whose CHECKSUM or DATASUM is not that of their bytes; small files are always checked"});
  add_compress_row(row);
  row("overwrite", &C::overwrite, {.help = "replace outputs that exist"});
}

/// The same names of a value that may be left as it is.
template <class T, class List>
Names<std::optional<T>> or_same(const List& names) {
  Names<std::optional<T>> result = {{std::nullopt, "same"}};
  for (const auto& [value, name] : names) result.emplace_back(value, name);
  return result;
}

/// The columns of strategy CUSTOM.
void add_custom_strategy(const Rows<RedshiftConfig>& row) {
  using C = RedshiftConfig;
  Names<StrategyName> like;
  for (const auto& [value, name] : strategy_names)
    if (value != StrategyName::automatic && value != StrategyName::custom) like.emplace_back(value, name);
  row("custom_like", &C::custom_like, like, {.help = "CUSTOM: the strategy whose columns are taken where none is set"});
  row("custom_templates", &C::custom_templates, or_same<Holding>(holding_names),
      {.help = "CUSTOM: who holds which rebinned templates; same: as the strategy that it is like"});
  row("custom_dealing", &C::custom_dealing, or_same<Dealing>(dealing_names),
      {.help = "CUSTOM: how targets are dealt to ranks"});
  row("custom_gpus", &C::custom_gpus,
      or_same<GpuUsers>(Names<GpuUsers>{{GpuUsers::all, "all"}, {GpuUsers::one, "one"}}),
      {.help = "CUSTOM: which ranks use a GPU; one: one for each GPU"});
  const Names<Place> places = {{Place::host, "host"}, {Place::gpu, "gpu"}};
  const auto place = [&](const char* key, std::optional<Place> C::*member, const char* help) {
    row(key, member, or_same<Place>(places), {.help = help});
  };
  place("custom_rebin", &C::custom_rebin, "CUSTOM: where a GPU rank rebins templates");
  place("custom_convolve", &C::custom_convolve, "CUSTOM: where it convolves them with a target's resolution");
  place("custom_fit", &C::custom_fit, "CUSTOM: where it fits; host: no rank uses a GPU");
  place("custom_refine", &C::custom_refine, "CUSTOM: where it refines minima");
  row("custom_redeal", &C::custom_redeal, or_same<bool>(Names<bool>{{true, "yes"}, {false, "no"}}),
      {.help = "CUSTOM: whether targets are dealt anew, evenly, before their minima are refined"});
}

void add_redshift(std::vector<Field>& table) {
  const Rows<RedshiftConfig> row(table, "redshift", &Settings::redshift);
  using C = RedshiftConfig;
  row("input", &C::input,
      {.letter = 'i',
       .metavar = "FILE",
       .aliases = {{"--infiles"}},
       .help = "coadd, spectra or cframe files (.fits, .fits.gz, .fits.fz)"});
  row("templates", &C::templates,
      {.letter = 't',
       .metavar = "FILE",
       .help = "Redrock templates: files, one list (.txt) or one folder; []: $RR_TEMPLATE_DIR"});
  row("output", &C::output,
      {.letter = 'o',
       .metavar = "FILE",
       .aliases = {{"--outfile"}},
       .help = "redshifts: Redrock's table (.fits, .fits.gz), HDF5 (.h5), or a folder for one of each input"});
  row("details", &C::details,
      {.letter = 'd', .metavar = "FILE", .help = "scans and all minima of each target: Redrock's details (.h5)"});
  row("model", &C::model,
      {.letter = 'm', .metavar = "FILE", .help = "the best model of each target (.fits, .fits.gz)"});
  row("list", &C::list,
      {.letter = 'l',
       .metavar = "FILE",
       .help = "instead of input: a text with COADD [OUTPUT] on each line, or a YAML list of input, output, details, "
               "model, priors and chi2_scan; equal outputs are one"});
  add_group_rows(row);
  row("targetids", &C::targetids, {.metavar = "ID,...", .help = "fit only these targets, in this order; []: all"});
  row("mintarget", &C::mintarget,
      {.metavar = "N", .limits = at_least(0), .help = "first target of each file that is fitted; 0: its first"});
  row("ntargets", &C::ntargets,
      {.letter = 'n',
       .metavar = "N",
       .limits = at_least(0),
       .help = "number of targets of each file; 0: all from mintarget on"});
  row("nminima", &C::nminima,
      {.metavar = "N",
       .limits = between(0, 1000),
       .help = "minima refined of each template, and rows kept of each spectral type; 0: 3, with archetypes 9"});
  row("zminfit_npoints", &C::zminfit_npoints,
      {.metavar = "N", .limits = between(3, 1000), .help = "redshifts in the fine scan around each minimum"});
  row("zscan_galaxy", &C::zscan_galaxy,
      {.metavar = "ZMIN,ZMAX,DZ",
       .help = "scan of galaxy templates whose file has no REDSHIFTS; dz in log10(1+z); null: -0.005,1.7,3e-4"});
  row("zscan_qso", &C::zscan_qso,
      {.metavar = "ZMIN,ZMAX,DZ", .help = "the same of quasar templates; dz in log10(1+z); null: 0.05,6.0,5e-4"});
  row("zscan_star", &C::zscan_star,
      {.metavar = "ZMIN,ZMAX,DZ", .help = "the same of star templates; dz in z; null: -0.002,0.00201,4e-5"});
  row("priors", &C::priors,
      {.metavar = "FILE", .help = "what is known of redshifts beforehand: Redrock's priors (.fits)"});
  row("chi2_scan", &C::chi2_scan,
      {.metavar = "FILE", .help = "details file whose scans are taken instead of scanning (.h5)"});
  row("archetypes", &C::archetypes,
      {.metavar = "FILE", .help = "Redrock archetypes: files or one folder (rrarchetype-*.fits); []: none"});
  row("archetype_nnearest", &C::archetype_nnearest,
      {.metavar = "N",
       .limits = between(0, 50),
       .help = "archetypes fitted together, those that fit best alone; 0: only the best one"});
  row("archetype_legendre_degree", &C::archetype_legendre_degree,
      {.metavar = "N",
       .limits = between(0, 10),
       .switches = {{"--archetypes-no-legendre", 0, "0"}},
       .help = "Legendre polynomials beside archetypes; 0: none"});
  row("archetype_legendre_percamera", &C::archetype_legendre_percamera,
      {.help = "each camera has its own polynomials"});
  row("archetype_legendre_prior", &C::archetype_legendre_prior,
      {.metavar = "X",
       .limits = at_least(0),
       .help = "sigma of a Gaussian prior on each camera's polynomials; 0: no prior"});
  row("allspec", &C::allspec, {.help = "fit the spectra of a target's exposures together, without coadding them"});
  row("resolution", &C::resolution,
      {.metavar = "R",
       .limits = between(20, 1e6),
       .help = "of bands whose file has no RESOLUTION: wavelength / FWHM of lines, or none, as sharp as the templates; "
               "null: refuse them"});
  row("cosmics_nsig", &C::cosmics_nsig,
      {.metavar = "X",
       .unit = "sigma",
       .limits = at_least(0),
       .help = "reject cosmic rays that stand out by this in a target's exposures; 0: reject none"});
  row("negflux_nsig", &C::negflux_nsig,
      {.metavar = "X",
       .unit = "sigma",
       .limits = at_least(0),
       .help = "mask pixels with flux further below zero than this"});
  row("max_pixel_snr", &C::max_pixel_snr,
      {.metavar = "X",
       .limits = at_least(0),
       .help = "mask pixels whose flux is more than this times its error; 0: none"});
  row("skymask", &C::skymask, {.help = "mask the bright sky lines: 5572 to 5582 and 9792 to 9795 Angstrom"});
  row("precision", &C::precision, {{Precision::mixed, "mixed"}, {Precision::full, "double"}},
      {.help = "mixed: the scan convolves templates in single precision, all else is double; double: all is double"});
  row("refine", &C::refine, {{Refinement::reference, "reference"}, {Refinement::adaptive, "adaptive"}},
      {.help = "reference: as Redrock; adaptive: look at more minima first, with a third of the scan's step"});
  row("strategy", &C::strategy, {strategy_names.begin(), strategy_names.end()},
      {.switches = {{"--gpu", 0, "GPU_V6"}},
       .help =
           "where the pieces of the scan run and how they are dealt to ranks (docs/strategies.md); AUTO: the fastest "
           "here, by a calibration"});
  row("era", &C::era, {{Era::today, "today"}, {Era::published, "2021"}},
      {.help = "GPU_V1 to GPU_V5 as they are built today, or as they were published in 2021"});
  add_custom_strategy(row);
  row("gpu_ranks", &C::gpu_ranks,
      {.metavar = "N",
       .limits = between(0, 100000),
       .help =
           "ranks of each node that use a GPU, in GPU_V4 to GPU_V6; 0: one per GPU; without a GPU in the program one"});
  row("max_gpu_ranks", &C::max_gpu_ranks,
      {.metavar = "N",
       .limits = between(0, 100000),
       .aliases = {{"--max-gpuprocs"}},
       .help = "with gpu_ranks 0: at most so many ranks of each node use a GPU; 0: no limit"});
  row("gpu_capacity", &C::gpu_capacity,
      {.metavar = "X",
       .limits = between(0, 1e6),
       .help =
           "targets of a GPU rank, times those of a CPU rank, in GPU_V4 and GPU_V5; 0: by their rates where these are "
           "measured, else 15"});
  row("slice", &C::slice,
      {.metavar = "N",
       .unit = "redshifts",
       .limits = between(1, 100000),
       .help = "redshifts of a template that are fitted in one go, at most"});
  row("memory", &C::memory,
      {.metavar = "X",
       .unit = "GiB",
       .limits = {.above = 0, .at_most = 1e6},
       .help = "memory of each rank for spectra, scans and rebinned templates, at most"});
  row("device_memory", &C::device_memory,
      {.metavar = "X",
       .unit = "GiB",
       .limits = between(0, 1e6),
       .help = "memory of each GPU for all ranks that use it, at most; 0: nine tenths of it"});
  row("machine", &C::machine,
      {.metavar = "FILE", .help = "a description of the machine (section machine) for which --dry-run plans"});
  const auto plans = [&](const char* key, std::vector<std::int64_t> C::*member, const char* option, const char* help) {
    row(key, member, {.metavar = "N,...", .aliases = {{option}}, .help = help});
  };
  plans("plan_ranks", &C::plan_ranks, "--ranks", "--dry-run: plans for so many ranks of a node, one by one");
  plans("plan_nodes", &C::plan_nodes, "--nodes", "--dry-run: plans for so many nodes");
  plans("plan_targets", &C::plan_targets, "--targets",
        "--dry-run: plans for so many targets; without input, with DESI's three bands");
  plans("plan_frames", &C::plan_frames, "--frames", "--dry-run: how long so many frames of 500 fibers take to extract");
  row("plan_table", &C::plan_table, {.metavar = "FILE", .help = "--dry-run: the plans as a table (.csv)"});
  row("calibrate", &C::calibrate, {{Calibrate::automatic, "auto"}, {Calibrate::always, "always"}},
      {.help =
           "auto: AUTO takes what zspex measure found out about this machine, else measures where that pays; always: "
           "it measures"});
  row("device_kernels", &C::device_kernels, {{DeviceKernels::native, "native"}, {DeviceKernels::teams, "teams"}},
      {.help =
           "native: a device's own kernels; teams: those of a GPU also where the host stands for one, to test them"});
  row("slowdown", &C::slowdown,
      {.metavar = "X,...",
       .limits = at_least(1),
       .help = "for tests of how work is dealt: each rank takes this many times as long; []: none does"});
  row("checksums", &C::checksums,
      {.help = "refuse inputs whose CHECKSUM or DATASUM is not that of their bytes; small files are always checked"});
  add_compress_row(row);
  row("overwrite", &C::overwrite, {.help = "replace outputs that exist"});
}

void add_simulate(std::vector<Field>& table) {
  const Rows<SimulateConfig> row(table, "simulate", &Settings::simulate);
  using C = SimulateConfig;
  using K = SimulateKind;
  row("kind", &C::kind,
      {{K::exposures, "exposures"}, {K::coadds, "coadds"}, {K::spectra, "spectra"}, {K::templates, "templates"}},
      {.letter = 'k',
       .help = "exposures: CCD frames; coadds, spectra: what redshifts are found from, coadded or each exposure, and "
               "templates; templates: these alone"});
  row("flavor", &C::flavor, {{Flavor::science, "science"}, {Flavor::flat, "flat"}, {Flavor::arc, "arc"}},
      {.help =
           "of CCD frames: science: sky and targets; flat: a lamp with a smooth continuum on all fibers; arc: lamps "
           "with lines of known wavelengths"});
  row("output", &C::output,
      {.letter = 'o', .metavar = "FOLDER", .help = "folder for all files; made if it is not there"});
  row("cameras", &C::cameras,
      {.letter = 'c', .metavar = "NAME", .help = "cameras: a band (b, r, z) and a petal (0 to 9)"});
  row("psf", &C::psf,
      {.letter = 'p', .metavar = "FILE", .help = "PSF files, one per camera; []: an invented instrument"});
  row("specmin", &C::specmin,
      {.letter = 's', .metavar = "N", .limits = between(0, 475), .help = "first fiber with light, a multiple of 25"});
  row("nspec", &C::nspec,
      {.letter = 'n',
       .metavar = "N",
       .limits = between(25, 500),
       .help = "number of fibers with light, a multiple of 25"});
  row("ntargets", &C::ntargets,
      {.metavar = "N", .limits = between(1, 5000), .help = "targets of coadds or spectra, 500 per file"});
  row("bad_fibers", &C::bad_fibers,
      {.metavar = "N",
       .limits = between(0, 500),
       .help = "fibers of each file of coadds or spectra that have no b, r or z camera or are all masked"});
  row("wave_b", &C::wave_b, {.metavar = "WMIN,WMAX,DW", .unit = "vacuum Angstrom", .help = "bins of b cameras"});
  row("wave_r", &C::wave_r, {.metavar = "WMIN,WMAX,DW", .unit = "vacuum Angstrom", .help = "bins of r cameras"});
  row("wave_z", &C::wave_z, {.metavar = "WMIN,WMAX,DW", .unit = "vacuum Angstrom", .help = "bins of z cameras"});
  row("nexp", &C::nexp, {.metavar = "N", .limits = between(1, 10000), .help = "exposures of the same targets"});
  row("exptime", &C::exptime,
      {.metavar = "X", .unit = "s", .limits = {.above = 0, .at_most = 1e5}, .help = "exposure time"});
  row("expid", &C::expid, {.metavar = "N", .limits = between(0, 99999999), .help = "number of the first exposure"});
  row("night", &C::night,
      {.metavar = "N", .unit = "YYYYMMDD", .limits = between(19000101, 29991231), .help = "the night's date"});
  row("seed", &C::seed,
      {.metavar = "N", .limits = at_least(0), .help = "seed of all random numbers: same seed, same files"});
  row("sky_level", &C::sky_level,
      {.metavar = "X", .limits = between(0, 1e6), .help = "sky brightness, times a dark night's"});
  row("snr_scale", &C::snr_scale,
      {.metavar = "X", .limits = between(0, 1e6), .help = "the targets' light, times the usual"});
  row("fraction_galaxy", &C::fraction_galaxy,
      {.metavar = "X", .limits = between(0, 1), .help = "part of the fibers on galaxies; the four parts sum to 1"});
  row("fraction_qso", &C::fraction_qso,
      {.metavar = "X", .limits = between(0, 1), .help = "part of the fibers on quasars"});
  row("fraction_star", &C::fraction_star,
      {.metavar = "X", .limits = between(0, 1), .help = "part of the fibers on stars"});
  row("fraction_sky", &C::fraction_sky,
      {.metavar = "X", .limits = between(0, 1), .help = "part of the fibers on blank sky"});
  row("readnoise", &C::readnoise,
      {.metavar = "X", .unit = "electrons", .limits = {.above = 0, .at_most = 1e4}, .help = "read noise of a pixel"});
  row("gain", &C::gain,
      {.metavar = "X", .unit = "electrons/ADU", .limits = above(0), .help = "gain, as the headers tell it"});
  row("cosmics", &C::cosmics,
      {.metavar = "X", .unit = "per million pixels", .limits = between(0, 1e5), .help = "cosmic ray hits"});
  row("dead_columns", &C::dead_columns,
      {.metavar = "N", .limits = between(0, 1000), .help = "dead columns of each CCD"});
  row("hot_pixels", &C::hot_pixels, {.metavar = "N", .limits = between(0, 1000000), .help = "hot pixels of each CCD"});
  row("noise", &C::noise, {.help = "add photon and read noise; without, images and spectra are the expectation"});
  row("npix_x", &C::npix_x,
      {.metavar = "N", .unit = "pixels", .limits = between(0, 20000), .help = "columns of the CCD; 0: the PSF's"});
  row("npix_y", &C::npix_y,
      {.metavar = "N", .unit = "pixels", .limits = between(0, 20000), .help = "rows of the CCD; 0: the PSF's"});
  row("compress", &C::compress, {{Compression::none, "none"}, {Compression::gz, "gz"}, {Compression::fz, "fz"}},
      {.help = "none: plain .fits files; gz: compressed as a whole; fz: lossless tiles, preproc files only"});
  row("overwrite", &C::overwrite, {.help = "replace outputs that exist"});
}

void add_inspect(std::vector<Field>& table) {
  const Rows<InspectConfig> row(table, "inspect", &Settings::inspect);
  using C = InspectConfig;
  row("file", &C::file,
      {.metavar = "FILE", .help = "the results file (.h5, .fits); the option's name may be left out"});
  row("frame", &C::frame, {.metavar = "NAME", .help = "frame in the file, for example r0-00051060; \"\": the first"});
  row("row", &C::row, {.metavar = "N", .limits = at_least(0), .help = "spectrum to draw, the first is 0; null: none"});
  row("width", &C::width,
      {.metavar = "N",
       .unit = "columns",
       .limits = between(0, 1000),
       .help = "width of the picture; 0: the terminal's"});
}

void add_measure(std::vector<Field>& table) {
  const Rows<MeasureConfig> row(table, "measure", &Settings::measure);
  using C = MeasureConfig;
  row("output", &C::output,
      {.letter = 'o',
       .metavar = "FILE",
       .help = "the machine as a file (.yaml) for zspex redshift --machine; \"\": only the table"});
  row("seconds", &C::seconds,
      {.metavar = "X", .unit = "s", .limits = {.above = 0, .at_most = 3600}, .help = "that all takes, about"});
  row("scratch", &C::scratch,
      {.metavar = "FOLDER",
       .help = "folder whose disk is measured; \"\": the output's, or this one. What is written there is removed at "
               "the end"});
  row("cache", &C::cache,
      {.help = "keep what was measured for zspex redshift --strategy AUTO, in the folder zspex of XDG_CACHE_HOME or "
               ".cache"});
}

void add_machine(std::vector<Field>& table) {
  const Rows<MachineConfig> row(table, "machine", &Settings::machine);
  using C = MachineConfig;
  const auto count = [&](const char* key, int C::*member, double least, const char* help) {
    row(key, member, {.limits = between(least, 1000000), .help = help});
  };
  const auto amount = [&](const char* key, double C::*member, const char* unit, const char* help) {
    row(key, member, {.unit = unit, .limits = between(0, 1e9), .help = help});
  };
  const auto rate = [&](const char* key, double C::*member, const char* unit, const char* help) {
    row(key, member, {.unit = unit, .limits = {.above = 0, .at_most = 1e9}, .help = help});
  };
  row("name", &C::name, {.help = "what it is called"});
  count("nodes", &C::nodes, 1, "nodes");
  count("ranks", &C::ranks, 1, "ranks of each node");
  rate("memory", &C::memory, "GiB", "memory of each node");
  count("gpus", &C::gpus, 0, "GPUs of each node");
  amount("gpu_memory", &C::gpu_memory, "GiB", "memory of each GPU");
  amount("rank_overhead", &C::rank_overhead, "MiB", "memory of a process before it does anything");
  amount("gpu_overhead", &C::gpu_overhead, "MiB", "memory of a GPU that each process which uses it takes");
  rate("host_rebin", &C::host_rebin, "1e9 values/s", "one core: templates averaged over pixels");
  rate("host_scan", &C::host_scan, "1e9 operations/s", "one core: fits in the scan's precision");
  rate("host_fine", &C::host_fine, "1e9 operations/s", "one core: fits in double");
  rate("gpu_rebin", &C::gpu_rebin, "1e9 values/s", "one GPU: templates averaged over pixels");
  rate("gpu_scan", &C::gpu_scan, "1e9 operations/s", "one GPU: fits in the scan's precision");
  rate("gpu_fine", &C::gpu_fine, "1e9 operations/s", "one GPU: fits in double");
  rate("gpu_bandwidth", &C::gpu_bandwidth, "1e9 bytes/s", "from the host's memory to a GPU");
  rate("ring_bandwidth", &C::ring_bandwidth, "1e9 bytes/s", "from one rank to the next, with all others sending");
  count("cores", &C::cores, 0, "cores of each node; 0: one for each rank");
  rate("thread_gain", &C::thread_gain, "", "work of all hardware threads of a core, times that of one of them alone");
  amount("jitter", &C::jitter, "",
         "by how much of their mean the slowest rank of a node takes longer for the same work");
  amount("gpu_launch", &C::gpu_launch, "microseconds", "a launch on a GPU, before any fit");
  amount("gpu_half_batch", &C::gpu_half_batch, "",
         "fits (targets times redshifts) of a launch with which a GPU has half its speed");
  rate("gpu_sharing", &C::gpu_sharing, "", "speed of a GPU that several ranks use, times that with one");
  amount("ring_latency", &C::ring_latency, "microseconds", "a message from a rank to the next");
  amount("network_bandwidth", &C::network_bandwidth, "1e9 bytes/s", "from a node to the next; 0: as in a node");
  amount("network_latency", &C::network_latency, "microseconds", "a message from a node to the next");
  amount("memory_bandwidth", &C::memory_bandwidth, "1e9 bytes/s",
         "of a node's memory, all ranks together; 0: not known");
  amount("fresh_memory", &C::fresh_memory, "1e9 bytes/s", "memory that a rank touches for the first time; 0: at once");
  amount("disk_read", &C::disk_read, "1e9 bytes/s", "reading a file that isn't in memory, one rank; 0: not known");
  amount("disk_write", &C::disk_write, "1e9 bytes/s", "writing a file, up to the disk, one rank; 0: not known");
  amount("start", &C::start, "s", "a rank's start, until it knows its job");
  amount("target_read", &C::target_read, "milliseconds", "a target on the rank that fits it: read, masked, packed");
  amount("target_serial", &C::target_serial, "milliseconds",
         "a target on the first rank alone: gathered, ranked, written");
  amount("frame_core", &C::frame_core, "s", "one core for the kernels of a frame of 500 fibers; 0: not known");
  amount("frame_serial", &C::frame_serial, "s", "a frame on one rank alone: read and written");
  rate("template_copies", &C::template_copies, "",
       "of each rebinned template that a GPU rank holds; above 1 in double, as the programs of 2021 did");
  row("measured_by", &C::measured_by, {.help = "the program whose rates these are; \"\": they are estimates"});
}

/// Keys that leave results as they are. Files that are read count by what they are, not by their names.
constexpr std::string_view without_outcome[] = {"job.dry_run",
                                                "job.resume",
                                                "job.verbosity",
                                                "job.progress",
                                                "extract.input",
                                                "extract.psf",
                                                "extract.output",
                                                "extract.model",
                                                "extract.fibermap",
                                                "extract.device",
                                                "extract.gpu_ranks",
                                                "extract.gpu_capacity",
                                                "extract.batch",
                                                "extract.force",
                                                "extract.compress",
                                                "redshift.compress",
                                                "extract.list",
                                                "extract.group",
                                                "extract.report",
                                                "extract.part",
                                                "redshift.part",
                                                "redshift.list",
                                                "redshift.group",
                                                "redshift.report",
                                                "extract.overwrite",
                                                "redshift.input",
                                                "redshift.templates",
                                                "redshift.output",
                                                "redshift.details",
                                                "redshift.model",
                                                "redshift.priors",
                                                "redshift.chi2_scan",
                                                "redshift.archetypes",
                                                "redshift.strategy",
                                                "redshift.era",
                                                "redshift.gpu_ranks",
                                                "redshift.max_gpu_ranks",
                                                "redshift.gpu_capacity",
                                                "redshift.slice",
                                                "redshift.memory",
                                                "redshift.device_memory",
                                                "redshift.machine",
                                                "redshift.device_kernels",
                                                "redshift.slowdown",
                                                "redshift.overwrite",
                                                "redshift.calibrate",
                                                "simulate.output",
                                                "simulate.psf",
                                                "simulate.overwrite"};

std::vector<Field> make_schema() {
  std::vector<Field> table;
  add_job(table);
  add_extract(table);
  add_redshift(table);
  add_simulate(table);
  add_inspect(table);
  add_measure(table);
  add_machine(table);
  for (Field& field : table)
    field.outcome =
        std::find(std::begin(without_outcome), std::end(without_outcome), field.name()) == std::end(without_outcome) &&
        !field.key.starts_with("custom_") && !field.key.starts_with("plan_");  // of the strategy, of a dry run
  return table;
}

}  // namespace

std::string Field::option() const { return "--" + dashed(key); }

void Field::set(Settings& settings, const Value& value) const {
  store(*this, settings, value);
  settings.origins[name()] = value.where;
}

const std::vector<IdleOption>& idle_options() {
  static const std::vector<IdleOption> table = {
      {"--mpi", "", "accepted: MPI is used wherever mpirun or srun starts zspex"},
      {"--mp", "N", "accepted without effect: mpirun -n N deals the work to N processes"},
      {"--ncpu", "N", "accepted without effect: mpirun -n N deals the work to N processes"},
  };
  return table;
}

const std::vector<Section>& sections() {
  static const std::vector<Section> table = {
      {"job", "what every job knows", Section::Kind::shared},
      {"extract", "CCD frames to spectra"},
      {"redshift", "spectra to redshifts, by template fits"},
      {"simulate", "CCD frames, spectra and templates with known truth, invented"},
      {"inspect", "what is in a results file"},
      {"measure", "how fast this machine is, for plans of zspex redshift; needs no files"},
      {"machine", "a machine, for plans of zspex redshift; in a file of its own", Section::Kind::description},
  };
  return table;
}

std::vector<const Section*> job_sections() {
  std::vector<const Section*> result;
  for (const Section& section : sections()) {
    if (section.kind == Section::Kind::job) result.push_back(&section);
  }
  return result;
}

const std::vector<Field>& schema() {
  static const std::vector<Field> table = make_schema();
  return table;
}

std::vector<const Field*> fields_of(std::string_view section) {
  std::vector<const Field*> result;
  for (const Field& field : schema()) {
    if (field.section == section) result.push_back(&field);
  }
  return result;
}

const Field* find_field(std::string_view section, std::string_view key) {
  for (const Field& field : schema()) {
    if (field.section == section && field.key == key) return &field;
  }
  return nullptr;
}

bool is_job(std::string_view section) {
  const std::vector<const Section*> all = job_sections();
  return std::any_of(all.begin(), all.end(), [&](const Section* one) { return one->name == section; });
}

std::vector<std::string> sections_with(std::string_view key) {
  std::vector<std::string> result;
  for (const Section& section : sections()) {
    if (find_field(section.name, key) != nullptr) result.push_back(section.name);
  }
  return result;
}

}  // namespace zspex::config
