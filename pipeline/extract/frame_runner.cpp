#include "pipeline/extract/frame_runner.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/format.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/collect.hpp"
#include "pipeline/extract/write_frame.hpp"

namespace zspex::pipeline {
namespace {

enum Step : std::size_t {
  read_step,
  wait_for_input_step,
  share_image_step,
  extract_step,
  wait_for_ranks_step,
  gather_step,
  write_step
};

StepTimes no_times() {
  return StepTimes("extract",
                   {"read", "wait for input", "share image", "extract", "wait for ranks", "gather", "write"});
}

}  // namespace

MakeExtractor kernel_extractors(kernels::BackendKind kind) {
  return [kind](const Psf& psf, const kernels::ExtractSettings& settings) {
    return kernels::make_extractor(psf, settings, kind);
  };
}

FrameRunner::FrameRunner(const FrameComms& comms, std::vector<FrameFiles> frames, const config::ExtractConfig& config,
                         Provenance provenance, Worker worker, const Role& role, Listener listener)
    : comms_(comms),
      frames_(std::move(frames)),
      config_(config),
      provenance_(std::move(provenance)),
      worker_(std::move(worker)),
      role_(role),
      listener_(std::move(listener)),
      counter_(comms.node, worker_.capacity),
      total_(no_times()),
      times_(no_times()) {
  for (const int on_gpu : comm::all_gather<int>(comms_.group, role_.on_gpu ? 1 : 0))
    with_gpu_ = with_gpu_ || on_gpu != 0;
  for (const FrameFiles& files : frames_) {
    FrameOutcome outcome;
    outcome.input = files.input;
    outcome.output = files.output;
    outcomes_.push_back(outcome);
  }
  if (comms_.group.is_root())
    frame_io_ = std::make_unique<AsyncFrameIo>(frames_, FrameReader(config_, provenance_.version));
}

std::vector<FrameOutcome> FrameRunner::run() {
  if (frame_io_) frame_io_->read_ahead(0, slots_[0]);
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    try {
      run_frame(i);
    } catch (const comm::AgreedError& error) {
      fail(outcomes_[i], error.code(), error.what());  // all ranks are here; the next frame may do better
    }
    if (frame_io_) frame_io_->read_ahead(i + 1, slots_[(i + 1) % 2]);
    total_.add(times_);
    times_ = no_times();
  }
  if (frame_io_) note_written(frame_io_->last_write());
  total_.add(times_);
  return frame_io_ ? std::move(outcomes_) : std::vector<FrameOutcome>();
}

void FrameRunner::run_frame(std::size_t i) {
  const FrameJob job = load(i);
  const Stopwatch watch;
  auto mine = compute(job, i);
  if (i + 1 == frames_.size()) extractor_ = nullptr;  // its memory is more than what gathering and writing take
  auto spectra = collect(job, std::move(mine), i);
  outcomes_[i].seconds = watch.seconds();
  auto timing = times_.over_ranks(comms_.group);
  if (!frame_io_) return;
  const FrameOutcome& outcome = outcomes_[i];
  if (outcome.nfailed > 0 && outcome.nbin_bad == outcome.nspec * outcome.nwave) {
    fail(outcomes_[i], ExitCode::numerics,
         fmt::format("{}: expected spectra, found that all {} patches failed, also after a retry; nothing is written. "
                     "Check the image's IVAR and the options.",
                     outcome.name, outcome.nfailed));
    return;
  }
  hand_over(job, i, std::move(*spectra), std::move(timing));
}

FrameJob FrameRunner::load(std::size_t i) {
  const Stopwatch waiting;
  std::optional<LoadedFrame> loaded;
  FrameJob job = comm::share(comms_.group, [&] {
    loaded = frame_io_->take();
    return loaded->job;
  });
  times_.add(wait_for_input_step, waiting.seconds());

  const Stopwatch sharing;
  ImageSlot& slot = slots_[i % 2];
  ImageSlot& next = slots_[(i + 1) % 2];
  const auto npixel = static_cast<std::size_t>(job.nx) * static_cast<std::size_t>(job.ny);
  slot.reserve(comms_.node, npixel);
  if (i + 1 < frames_.size()) next.reserve(comms_.node, npixel);
  if (loaded) {
    times_.add(read_step, loaded->seconds, loaded->bytes_read);
    outcomes_[i].name = job.name;
    outcomes_[i].choices = job.choices;
    outcomes_[i].warnings = std::move(loaded->warnings);
    outcomes_[i].nbad_fiber = loaded->facts.nbad_fiber;
    outcomes_[i].nbad_pixel = loaded->facts.nbad_pixel;
    if (!loaded->pixels.image.empty()) slot.fill(loaded->pixels);
    facts_ = std::move(loaded->facts);
    frame_io_->read_ahead(i + 1, next);
  }
  slot.publish(comms_, npixel);
  times_.add(share_image_step, sharing.seconds());
  return job;
}

void FrameRunner::use_extractor(const FrameJob& job) {
  comm::ByteWriter writer;
  writer(job.psf, job.settings);
  auto key = writer.take();
  if (extractor_ && key == extractor_for_) return;
  extractor_ = nullptr;  // free its workspace before the next one is taken
  extractor_ = worker_.make_extractor(job.psf, job.settings);
  extractor_for_ = std::move(key);
}

/// Whether a GPU holds what its ranks need; once, of the first frame.
void FrameRunner::check_memory(const FrameJob& job) {
  if (memory_is_checked_ || worker_.gpu_memory == 0) return;
  const bool fine = blocks_are_fine(job.settings, comms_.group.size(), with_gpu_);
  check_gpu_memory(extractor_->memory(fine).device, role_.ranks_per_gpu, worker_.gpu_memory);
  memory_is_checked_ = true;
}

/// Takes blocks as long as there are some. Where several are in work, a device computes one while the host finishes the
/// one before and prepares the next.
void FrameRunner::extract_blocks(const FrameJob& job, const kernels::Image& image,
                                 const std::vector<kernels::FiberBlock>& blocks,
                                 const std::vector<std::uint64_t>& of_node, std::vector<kernels::BlockSpectra>& mine) {
  const auto width = kernels::bin_widths(job.settings.wave, job.settings.dwave);
  const auto depth = static_cast<std::size_t>(extractor_->depth());
  std::deque<std::uint64_t> in_work;
  Stopwatch since_last;
  const auto finish_one = [&] {
    mine.push_back(kernels::finish_block(extractor_->finish(), job.wave, width, job.heliocor));
    mine.back().index = in_work.front();
    in_work.pop_front();
    counter_.finish(since_last.seconds());
    since_last = Stopwatch();
    if (frame_io_ && listener_.progress) listener_.progress(counter_.taken(), of_node.size());
  };
  while (const auto item = counter_.take()) {
    if (in_work.empty()) since_last = Stopwatch();
    const std::uint64_t index = of_node[*item];
    extractor_->start(image, blocks[index]);
    in_work.push_back(index);
    if (in_work.size() == depth) finish_one();
  }
  while (!in_work.empty()) finish_one();
}

std::vector<kernels::BlockSpectra> FrameRunner::compute(const FrameJob& job, std::size_t i) {
  const auto blocks = blocks_of_group(job.settings, comms_.group.size(), with_gpu_);
  // The nodes of a group take every nnode-th block; within a node, whoever is free takes the next.
  std::vector<std::uint64_t> of_node;
  for (std::size_t u = static_cast<std::size_t>(comms_.inode); u < blocks.size();
       u += static_cast<std::size_t>(comms_.nnode)) {
    of_node.push_back(u);
  }
  counter_.restart(comms_.node, of_node.size());
  if (frame_io_ && listener_.begin) listener_.begin(outcomes_[i], of_node.size());

  const kernels::Image image = slots_[i % 2].view(job);
  std::vector<kernels::BlockSpectra> mine;
  double working = 0;
  const Stopwatch watch;
  comm::agree(comms_.group, "extract " + job.name, [&] {
    try {
      use_extractor(job);
      check_memory(job);
      extract_blocks(job, image, blocks, of_node, mine);
    } catch (...) {
      counter_.stop();
      extractor_ = nullptr;
      throw;
    }
    working = watch.seconds();
  });
  comm::agree(comms_.group, "extract " + job.name, [&] {
    if (counter_.taken() < of_node.size())
      throw CommError(
          "extract",
          "expected that all blocks are done, found some left. This is a defect of zspex; please report it.");
  });
  times_.add(extract_step, working);
  times_.add(wait_for_ranks_step, watch.seconds() - working);
  report_.nblock += static_cast<std::int64_t>(mine.size());
  report_.busy += working;
  report_.idle += watch.seconds() - working;
  return mine;
}

std::optional<FrameSpectra> FrameRunner::collect(const FrameJob& job, std::vector<kernels::BlockSpectra> mine,
                                                 std::size_t i) {
  const Stopwatch watch;
  std::optional<FrameSpectra> spectra;
  comm::agree(comms_.group, "make room for the spectra of " + job.name, [&] {
    if (frame_io_) spectra = allocate_spectra(job);
  });
  const kernels::BlockFacts sum = gather_blocks(comms_.group, std::move(mine), spectra ? &*spectra : nullptr);
  if (spectra) {
    FrameOutcome& outcome = outcomes_[i];
    outcome.npatch = sum.npatch;
    outcome.nretried = sum.nretried;
    outcome.nfailed = sum.nfailed;
    facts_->npatch = sum.npatch;
    facts_->nretried = sum.nretried;
    facts_->nfailed = sum.nfailed;
    outcome.nspec = spectra->flux.extent(0);
    outcome.nwave = spectra->flux.extent(1);
    outcome.nbin_bad = static_cast<std::uint64_t>(std::count(spectra->ivar.begin(), spectra->ivar.end(), 0.0f));
  }
  times_.add(gather_step, watch.seconds());
  return spectra;
}

void FrameRunner::hand_over(const FrameJob& job, std::size_t i, FrameSpectra&& spectra, std::vector<Timing> timing) {
  // Shared, because a std::function must be copyable.
  auto result = std::make_shared<FrameSpectra>(std::move(spectra));
  auto write = [files = frames_[i], name = job.name, result, facts = std::move(*facts_), provenance = provenance_,
                timing = std::move(timing)] {
    return write_result(files, name, std::move(*result), facts, provenance, timing);
  };
  result.reset();
  const auto earlier = frame_io_->write_behind(i, std::move(write));
  if (listener_.end) listener_.end(outcomes_[i]);
  note_written(earlier);
}

void FrameRunner::note_written(const std::optional<AsyncFrameIo::Written>& written) {
  if (!written) return;
  times_.add(write_step, written->seconds, 0, written->bytes);
  if (!written->error) return;
  const auto failure = comm::describe(written->error);
  fail(outcomes_[written->frame], failure.code, failure.message);
}

void FrameRunner::fail(FrameOutcome& outcome, ExitCode code, const std::string& message) {
  outcome.code = code;
  outcome.message = message + (code == ExitCode::memory ? " A smaller extract.batch needs less, too." : "");
  if (frame_io_ && listener_.end) listener_.end(outcome);
}

}  // namespace zspex::pipeline
