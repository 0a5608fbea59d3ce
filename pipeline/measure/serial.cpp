#include "pipeline/measure/serial.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/frame.hpp"
#include "io/preproc.hpp"
#include "io/redshifts.hpp"
#include "kernels/extract/extract.hpp"
#include "kernels/redshift/rank_fits.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/measure/invented.hpp"
#include "pipeline/redshift/backend_rates.hpp"
#include "pipeline/redshift/make_fitter.hpp"
#include "pipeline/redshift/read_targets.hpp"
#include "pipeline/redshift/results.hpp"
#include "pipeline/redshift/survey_bands.hpp"
#include "simulate/instrument.hpp"
#include "simulate/simulate.hpp"
#include "simulate/spectra.hpp"

namespace zspex::pipeline::measure {
namespace {

/// A folder of this rank's that goes with it.
class ScratchFolder {
 public:
  ScratchFolder(const comm::Communicator& world, const std::string& where) {
    const auto made = comm::share(world, [&] {
      std::string path = where + "/zspex-measure-XXXXXX";
      if (mkdtemp(path.data()) == nullptr)
        throw FileError(where, "",
                        fmt::format("expected a folder to write to, found: {}. Name another one with --scratch.",
                                    std::strerror(errno)),
                        ExitCode::output);
      return path;
    });
    path_ = made;
    owner_ = world.is_root();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (owner_) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool owner_ = false;
};

/// What a target's spectra take from a coadd file to what fits read: the ranks of the root's node at once.
void measure_reading(const Ranks& ranks, const Sizes& sizes, const std::string& path, SerialMeasured& measured,
                     std::optional<io::Table>& fibermap) {
  const comm::Communicator& world = ranks.world;
  comm::agree(world, "", [&] {
    if (!world.is_root()) return;
    config::SimulateConfig simulated;
    simulated.kind = config::SimulateKind::coadds;
    auto made = simulate::simulate_spectra(simulated, {0, sizes.coadds, path, ""});
    io::write_spectra(made.file);
    fibermap = std::move(made.file.fibermap);
  });
  world.quiet_barrier();
  measured.coadds = sizes.coadds;
  config::RedshiftConfig config;
  config.input = {path};
  double mine = 0;
  comm::agree(world, "read targets", [&] {
    if (ranks.mine().node != ranks.roles.ranks.front().node) return;  // others may not see the folder
    const TargetList list = list_targets(config);
    TemplateSet templates;
    templates.templates.push_back(galaxy_template());
    const auto fitter = make_fitter(config, list, templates);
    std::vector<int> all(list.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    kernels::OwnTargets own = invent_targets(*fitter, list, all.size());
    own.packed = {};
    kernels::SpectraSize at;
    const Stopwatch watch;
    read_targets(config, list, {}, all,
                 [&](const kernels::Target& target) { at = fitter->pack(target, own.arrays(), at, own.packed); });
    mine = watch.seconds() / static_cast<double>(all.size());
  });
  auto all = comm::all_gather(world, mine);
  std::erase(all, 0.0);
  measured.target_read = median(all);
}

/// Three minima of ten templates, as a refinement makes them.
constexpr int ntemplate = 10, nminima = 3;
std::vector<Zfit> invent_fits(int target, int itemplate) {
  std::vector<Zfit> fits(nminima);
  for (int i = 0; i < nminima; ++i) {
    Zfit& fit = fits[static_cast<std::size_t>(i)];
    fit.itemplate = itemplate;
    fit.z = 0.1 + 0.1 * i + 0.01 * itemplate + 1e-4 * target;
    fit.zerr = 1e-4;
    fit.chi2 = 8000 + 100 * i + 10 * itemplate;
    fit.npixels = 7900;
    fit.coeff.assign(10, 1.5);
    fit.ncoeff = 10;
    fit.zz.assign(15, fit.z);
    fit.zzchi2.assign(15, fit.chi2);
    fit.spectype = itemplate < 2 ? "GALAXY" : itemplate < 4 ? "QSO" : "STAR";
    fit.subtype = itemplate < 4 ? "" : std::string(1, static_cast<char>('A' + itemplate));
  }
  return fits;
}

/// Fits of all ranks to the root, ranked and written.
void measure_results(const Ranks& ranks, const Sizes& sizes, const ScratchFolder& folder,
                     const std::optional<io::Table>& fibermap, SerialMeasured& measured) {
  const comm::Communicator& world = ranks.world;
  const config::RedshiftConfig config;
  const auto n = static_cast<std::size_t>(sizes.targets);
  measured.targets = sizes.targets;
  TargetList list = survey_bands();
  for (std::size_t i = 0; i < n; ++i) list.targetid.push_back(static_cast<std::int64_t>(i) + 1);
  std::vector<int> ours;
  std::vector<TemplateFits> mine;
  for (int i = world.rank(); i < sizes.targets; i += world.size()) {
    for (int it = 0; it < ntemplate; ++it) mine.push_back({ours.size(), it, invent_fits(i, it)});
    ours.push_back(i);
  }
  std::shared_ptr<kernels::RedshiftFitter> fitter;
  kernels::OwnTargets own;
  comm::agree(world, "gather fits", [&] {
    fitter = survey_fitter(config);
    // Without spectra: only their numbers of pixels are asked for.
    own.packed.targets.resize(ours.size(), {0, static_cast<std::int32_t>(fitter->npixel()), 1});
    fitter->set_targets(own.packed, own.arrays(), false);
  });
  AllFits all;
  all.fits.resize(n);
  all.npixels.resize(n);
  world.barrier();
  const Stopwatch gathering;
  gather_fits(world, ours, ntemplate, std::move(mine), *fitter, all);
  measured.gather = most_over_ranks(world, gathering.seconds()) / static_cast<double>(n);

  struct Alone {
    double rank = 0, fits = 0, hdf5 = 0;
  } alone;
  comm::agree(world, "", [&] {
    if (!world.is_root()) return;
    const Stopwatch ranking;
    for (std::size_t i = 0; i < n; ++i)
      all.fits[i] = kernels::rank_fits(std::move(all.fits[i]), nminima, all.npixels[i]);
    TemplateSet templates;
    templates.templates.push_back(galaxy_template());
    for (int it = 0; it < ntemplate; ++it)
      templates.names.push_back({fmt::format("TYPE:::{}", it), "1", "invented.fits"});
    InputTables tables;
    std::vector<std::size_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = i % fibermap->nrow;
    tables.fibermap = fibermap->pick(rows);
    const io::RedshiftResults results = make_results(config, list, templates, tables, std::move(all.fits));
    alone.rank = ranking.seconds() / static_cast<double>(n);
    const Stopwatch fits;
    io::write_redshifts_fits(folder / "redshifts.fits", results, {});
    alone.fits = fits.seconds() / static_cast<double>(n);
    const Stopwatch hdf5;
    io::write_redshifts_hdf5(folder / "redshifts.h5", results, {}, {});
    alone.hdf5 = hdf5.seconds() / static_cast<double>(n);
  });
  world.quiet_barrier();
  alone = comm::all_gather(world, alone).front();
  measured.rank = alone.rank;
  measured.fits = alone.fits;
  measured.hdf5 = alone.hdf5;
}

/// Sub-bundles of a simulated bundle on all cores, as many as there is time for, at least one.
void measure_extraction(const Ranks& ranks, const Sizes& sizes, double seconds, SerialMeasured& measured) {
  double mine = 0;
  std::optional<simulate::Simulated> made;
  io::PsfFile psf;
  kernels::ExtractSettings settings;
  ranks.world.barrier();
  comm::agree(ranks.world, "measure extraction", [&] {
    config::SimulateConfig simulated;
    simulated.nspec = sizes.fibers;
    simulate::Task task;
    task.camera = {'r', 0};
    task.expid = 1;
    task.range = simulate::production_range('r');
    task.range.wavemax = std::min(task.range.wavemax, task.range.wavemin + (sizes.bins - 1) * task.range.dwave);
    psf = simulate::invent_psf(task.camera, sizes.fibers);
    made = simulate::simulate_exposure(simulated, task, psf);
    settings.wave = kernels::wave_grid(task.range.wavemin, task.range.wavemax, task.range.dwave);
    settings.nspec = sizes.fibers;
    const auto extractor = kernels::make_extractor(psf, settings, kernels::BackendKind::host);
    const kernels::Image image{static_cast<int>(made->frame.image.extent(1)),
                               static_cast<int>(made->frame.image.extent(0)), made->frame.image.data(),
                               made->frame.ivar.data(), made->frame.mask.data()};
    int nfiber = 0;
    const Stopwatch watch;
    for (const kernels::FiberBlock& block : kernels::plan_blocks(settings, true)) {
      (void)extractor->extract(image, block);
      nfiber += block.nspec;
      if (watch.seconds() > seconds) break;
    }
    measured.fibers = nfiber;
    constexpr double fibers_of_frame = 500;
    const double bins_of_frame = static_cast<double>(full_bins);
    mine = watch.seconds() * static_cast<double>(kernels::host_concurrency()) * fibers_of_frame / nfiber *
           bins_of_frame / static_cast<double>(settings.wave.size());
  });
  measured.bins = static_cast<int>(settings.wave.size());
  measured.frame_core = median_over_ranks(ranks.world, mine);
}

/// A CCD's files as large as DESI's.
void measure_frame_files(const Ranks& ranks, const Sizes& sizes, const ScratchFolder& folder,
                         SerialMeasured& measured) {
  struct Alone {
    double read = 0, write = 0;
  } alone;
  comm::agree(ranks.world, "", [&] {
    if (!ranks.world.is_root()) return;
    const std::size_t n = sizes.frame_pixels;
    {
      io::Preproc preproc;
      preproc.header.set("CAMERA", "r0");
      preproc.image = Array2<float>({n, n}, std::vector<float>(n * n, 1.25F));
      preproc.ivar = preproc.readnoise = preproc.image;
      preproc.mask = Array2<std::uint32_t>({n, n});
      io::write_preproc(folder / "preproc.fits", preproc);
    }
    const Stopwatch reading;
    (void)io::read_preproc(folder / "preproc.fits");
    alone.read = reading.seconds();
    io::Frame frame;
    constexpr std::size_t nspec = 500, ndiag = 11;
    const auto nwave = static_cast<std::size_t>(sizes.bins);
    for (std::size_t i = 0; i < nwave; ++i) frame.wave.push_back(5760 + 0.8 * static_cast<double>(i));
    frame.flux = frame.ivar = frame.chi2pix = Array2<float>({nspec, nwave}, std::vector<float>(nspec * nwave, 1.25F));
    frame.mask = Array2<std::uint32_t>({nspec, nwave});
    frame.resolution = Array3<float>({nspec, ndiag, nwave}, std::vector<float>(nspec * ndiag * nwave, 0.09F));
    const Stopwatch writing;
    io::write_frame_fits(folder / "frame.fits", frame, {});
    alone.write = writing.seconds();
  });
  ranks.world.quiet_barrier();
  alone = comm::all_gather(ranks.world, alone).front();
  measured.pixels = sizes.frame_pixels;
  measured.frame_read = alone.read;
  measured.frame_write = alone.write;
}

}  // namespace

SerialMeasured measure_serial(const Ranks& ranks, const Sizes& sizes, const std::string& scratch, double start_seconds,
                              double seconds) {
  SerialMeasured measured;
  measured.start = most_over_ranks(ranks.world, start_seconds);
  const ScratchFolder folder(ranks.world, scratch);
  std::optional<io::Table> fibermap;
  measure_reading(ranks, sizes, folder / "coadd.fits", measured, fibermap);
  measure_results(ranks, sizes, folder, fibermap, measured);
  measure_extraction(ranks, sizes, 0.4 * seconds, measured);
  measure_frame_files(ranks, sizes, folder, measured);
  return measured;
}

Section describe(const SerialMeasured& measured) {
  Section section{"files, and what one rank does alone", {}};
  auto& rows = section.rows;
  constexpr double milli = 1e-3;
  rows.push_back({"start, up to the job", digits(measured.start), "s", "the last rank"});
  rows.push_back({"read, mask, pack", digits(measured.target_read / milli), "ms/target",
                  fmt::format("{} targets", measured.coadds)});
  const std::string targets = fmt::format("{} targets", measured.targets);
  rows.push_back({"gather fits", digits(measured.gather / milli), "ms/target", targets});
  rows.push_back({"rank fits, fill tables", digits(measured.rank / milli), "ms/target", targets});
  rows.push_back({"write FITS", digits(measured.fits / milli), "ms/target", targets});
  rows.push_back({"write HDF5", digits(measured.hdf5 / milli), "ms/target", targets});
  rows.push_back({"extract a frame on a core",
                  digits(measured.frame_core),
                  "s",
                  fmt::format("{} fibers, {} bins", measured.fibers, measured.bins),
                  {},
                  true});
  rows.push_back(
      {"read a CCD's image", digits(measured.frame_read), "s", fmt::format("{0} x {0} pixels", measured.pixels)});
  rows.push_back({"write a frame", digits(measured.frame_write), "s", fmt::format("500 x {} bins", measured.bins)});
  section.remarks = {"Files that are read were just written, and lie in memory as a rule."};
  return section;
}

void fill(const SerialMeasured& measured, config::MachineConfig& machine) {
  constexpr double milli = 1e-3;
  machine.start = measured.start;
  machine.target_read = measured.target_read / milli;
  machine.target_serial = (measured.gather + measured.rank + measured.fits) / milli;
  machine.frame_core = measured.frame_core * machine.part_of_core(machine.ranks);
  machine.frame_serial = measured.frame_read + measured.frame_write;
}

}  // namespace zspex::pipeline::measure
