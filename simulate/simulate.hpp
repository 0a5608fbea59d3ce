/// \file
/// The stage `zspex simulate`: preproc frames, coadds, spectra and templates of an invented night, with truth.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/job_config.hpp"
#include "config/simulate_config.hpp"
#include "io/output.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "io/truth.hpp"
#include "simulate/camera.hpp"
#include "simulate/detector.hpp"
#include "simulate/exposure.hpp"
#include "simulate/target.hpp"

namespace zspex::simulate {

/// This process among those that share the work.
struct Share {
  int rank = 0, nranks = 1;
};

/// One camera's exposure: what is made of it, and where it goes.
struct Task {
  Camera camera;
  int index = 0;  ///< of the exposure in its series
  long long expid = 0;
  config::WaveRange range;          ///< bins of the truth
  std::string psf_in;               ///< a PSF file, or empty for the invented one
  std::string preproc, truth, psf;  ///< files to write; the PSF is written with the camera's first exposure
};

/// \throws ConfigError when settings that all kinds share contradict each other
void check_settings(const config::SimulateConfig& config);

/// All tasks, camera by camera, exposure by exposure. Touches no file.
/// \throws ConfigError when the settings contradict each other
std::vector<Task> plan(const config::SimulateConfig& config);

/// What a task makes.
struct Simulated {
  io::Preproc frame;
  io::Truth truth;
  DetectorReport detector;
};

/// The PSF of a task: read, or invented; with the CCD size that the settings ask for.
/// \throws ConfigError, FileError when fibers, wavelengths or the CCD do not fit to it
io::PsfFile task_psf(const config::SimulateConfig& config, const Task& task);

/// Simulates one camera's exposure. The result depends on the settings and the task alone.
///
/// The light of each bin of the extraction goes through the PSF at the bin's center, which is the model that the
/// extraction inverts: the residuals are noise and nothing else. With oversample > 1 each bin is cut into that many
/// parts with a PSF each, as on the sky, and lines that are narrower than a bin fall where they are.
Simulated simulate_exposure(const config::SimulateConfig& config, const Task& task, const io::PsfFile& psf,
                            int oversample = 1);

/// Writes into the folder config.output, by config.kind
/// - exposures: for each camera psf-<camera>.fits and for each exposure preproc-<camera>-<expid>.fits (or .gz, .fz) and
///   truth-<camera>-<expid>.fits; extract.yaml, which `zspex extract --config` takes; and of arcs arc-lines.txt;
/// - coadds, spectra: for each petal coadd-<petal>.fits or spectra-<petal>.fits (or .gz) and truth-<petal>.fits; the
///   folder templates; and redshift.yaml, which `zspex redshift --config` takes;
/// - templates: templates and templates-default.txt alone.
///
/// The files have the same bytes for any number of ranks.
/// \param share  files are dealt to the ranks in turn; the caller waits for the other ranks
/// \param folders  lives until all ranks have ended
/// \param out  one line per file; nothing if job.verbosity < 0
/// \throws ConfigError, FileError
void run_simulate(const config::SimulateConfig& config, const config::JobConfig& job, const Share& share,
                  io::OutputFolders& folders, std::ostream& out);

}  // namespace zspex::simulate
