#include "pipeline/extract/read_frame.hpp"

#include <filesystem>
#include <utility>

#include "core/format.hpp"
#include "core/mask_bits.hpp"
#include "io/preproc_info.hpp"
#include "pipeline/extract/absurd_pixels.hpp"
#include "pipeline/extract/barycentric.hpp"
#include "pipeline/extract/camera_choice.hpp"
#include "pipeline/extract/checks.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;

/// Fibers are numbered through all petals of 500.
constexpr int petal_size = 500;

void append(std::vector<std::string>& to, std::vector<std::string>&& from) {
  for (std::string& text : from) to.push_back(std::move(text));
}

}  // namespace

std::string frame_name(const io::Header& header, const std::string& camera, const std::string& path) {
  const auto expid = header.integer("EXPID");
  if (!camera.empty() && expid && *expid >= 0) return fmt::format("{}-{:08}", camera, *expid);
  std::string stem = fs::path(path).filename().string();
  stem = stem.substr(0, stem.find(".fits"));
  return stem.starts_with("preproc-") ? stem.substr(8) : stem;
}

FrameJob make_job(const config::ExtractConfig& config, const io::PsfFile& psf, const io::Header& header,
                  const io::Header* fibermap, const std::string& camera, const std::string& path, int nx, int ny,
                  std::vector<std::string>& warnings) {
  append(warnings, check_psf_and_image(psf, path, camera, nx, ny, config.force));
  FrameJob job;
  job.name = frame_name(header, camera, path);
  job.psf = usable_psf(psf, config.tails);
  if (config.barycentric_correction) {
    job.heliocor = barycentric_factor(config.site, find_pointing(header, fibermap, path));
    append(warnings, check_flavor(header, path));
  }
  const std::string& known_as = camera.empty() ? psf.camera : camera;
  const auto wavelength = choose_wavelength(config, psf, known_as);
  job.choices = describe_choices(wavelength, choose_psferr(config, psf, known_as));
  job.range = wavelength.value;
  job.wave = kernels::wave_grid(job.range.wavemin, job.range.wavemax, job.range.dwave);
  job.settings = extract_settings(config, psf, known_as, job.heliocor);
  job.nx = nx;
  job.ny = ny;
  job.unusable = config.mask == config::MaskPolicy::desi ? ccdmask::unusable : ~std::uint32_t{0};
  append(warnings, check_traces(psf.path, job));
  append(warnings, check_wavelengths(psf, job, config.force));
  append(warnings, check_tails(psf, config.tails));
  return job;
}

const io::PsfFile& FrameReader::psf(const std::string& path, std::uint64_t& bytes_read) {
  if (!psf_ || psf_->path != path) {
    psf_.reset();
    psf_ = std::make_unique<const io::PsfFile>(io::read_psf(path));
    bytes_read += file_bytes(path);
  }
  return *psf_;
}

LoadedFrame FrameReader::read(const FrameFiles& files) {
  const Stopwatch watch;
  LoadedFrame loaded;
  const io::PsfFile& psf = this->psf(files.psf, loaded.bytes_read);
  append(loaded.warnings, std::vector(psf.notes));
  loaded.pixels = io::read_preproc(files.input, config_.checksums ? io::Checksums::verify : io::Checksums::ignore);
  append(loaded.warnings, std::move(loaded.pixels.notes));
  loaded.bytes_read += file_bytes(files.input);
  io::Preproc& pixels = loaded.pixels;

  const std::string fibermap_path = config_.fibermap.empty() ? files.input : config_.fibermap;
  if (!config_.fibermap.empty()) pixels.fibermap = io::read_fibermap(config_.fibermap);

  loaded.job = make_job(config_, psf, pixels.header, pixels.fibermap ? &pixels.fibermap->header : nullptr,
                        pixels.camera, files.input, static_cast<int>(pixels.image.extent(1)),
                        static_cast<int>(pixels.image.extent(0)), loaded.warnings);
  AbsurdPixels absurd = mask_absurd_pixels(pixels, config_, loaded.job.unusable);
  pixels.readnoise = Array2<float>();  // not used any more; a third of the memory
  append(loaded.warnings, std::move(absurd.warnings));
  append(loaded.warnings, check_pixels(pixels, loaded.job.unusable, absurd.count()));

  FrameFacts& facts = loaded.facts;
  const kernels::ExtractSettings& settings = loaded.job.settings;
  facts.header = std::move(pixels.header);
  facts.wave = loaded.job.wave;
  if (config_.barycentric_correction) facts.heliocor = loaded.job.heliocor;
  facts.wavemin = loaded.job.range.wavemin;
  facts.wavemax = loaded.job.range.wavemax;
  facts.dwave = loaded.job.range.dwave;
  facts.specmin = settings.specmin;
  facts.input = files.input;
  facts.psf = files.psf;
  facts.orig_psf = psf.header.text("IN_PSF");
  facts.version = version_;
  facts.scores = config_.scores;
  facts.nbad_fiber = count_bad_fibers(loaded.job);
  facts.nbad_pixel = absurd.count();
  if (pixels.fibermap) {
    facts.fibermap = trim_fibermap(*pixels.fibermap, settings.specmin, settings.nspec, petal_size, fibermap_path);
    pixels.fibermap.reset();
  } else {
    loaded.warnings.push_back(files.input + ": has no FIBERMAP; the frame will have none. Give one with --fibermap");
  }
  loaded.seconds = watch.seconds();
  return loaded;
}

}  // namespace zspex::pipeline
