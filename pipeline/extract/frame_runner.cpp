#include "pipeline/extract/frame_runner.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/format.hpp"
#include "kernels/base/region.hpp"
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
  write_step,
  whole_step  ///< but for reading ahead and writing behind
};

StepTimes no_times() {
  return StepTimes("extract",
                   {"read", "wait for input", "share image", "extract", "wait for ranks", "gather", "write", "whole"});
}

}  // namespace

MakeExtractor kernel_extractors(kernels::BackendKind kind) {
  return [kind](const Psf& psf, const kernels::ExtractSettings& settings) {
    return kernels::make_extractor(psf, settings, kind);
  };
}

FrameRunner::FrameRunner(const FrameComms& comms, const std::vector<FrameFiles>& frames,
                         const config::ExtractConfig& config, Provenance provenance, Worker worker, const Role& role,
                         TakeFrame take, Listener listener)
    : comms_(comms),
      frames_(frames),
      config_(config),
      provenance_(std::move(provenance)),
      worker_(std::move(worker)),
      role_(role),
      take_(std::move(take)),
      listener_(std::move(listener)),
      counter_(comms.node, worker_.capacity),
      total_(no_times()),
      times_(no_times()) {
  for (const int on_gpu : comm::all_gather<int>(comms_.group, role_.on_gpu ? 1 : 0))
    with_gpu_ = with_gpu_ || on_gpu != 0;
  if (comms_.group.is_root()) frame_io_ = std::make_unique<AsyncFrameIo>(FrameReader(config_, provenance_.version));
}

std::vector<FrameOutcome> FrameRunner::run() {
  if (frame_io_) {
    next_ = take_();
    read_ahead();
  }
  for (Turn turn = next_turn(); turn.frame >= 0; turn = next_turn()) {
    try {
      run_frame(turn);
    } catch (const comm::AgreedError& error) {
      fail(outcome(), error.code(), error.what());  // all ranks are here; the next frame may do better
    }
    read_ahead();
    total_.add(times_);
    times_ = no_times();
  }
  if (frame_io_) note_written(frame_io_->last_write());
  total_.add(times_);
  return frame_io_ ? std::move(outcomes_) : std::vector<FrameOutcome>();
}

FrameRunner::Turn FrameRunner::next_turn() {
  Turn turn;
  if (frame_io_ && next_) {
    turn.frame = static_cast<std::int64_t>(*next_);
    next_ = take_();
    turn.last = !next_.has_value();
  }
  turn = comm::all_gather(comms_.group, turn).front();
  if (turn.frame < 0) return turn;
  const FrameFiles& files = frames_[static_cast<std::size_t>(turn.frame)];
  FrameOutcome& outcome = outcomes_.emplace_back();
  outcome.index = files.index;
  outcome.input = files.input;
  outcome.output = files.output;
  return turn;
}

/// Begins to read the next frame, unless that has begun or there is none.
void FrameRunner::read_ahead() {
  if (!frame_io_ || !next_ || reads_ahead_) return;
  frame_io_->read_ahead(frames_[*next_], slot(1));
  reads_ahead_ = true;
}

void FrameRunner::run_frame(const Turn& turn) {
  const Stopwatch whole;
  const FrameJob job = load(turn.last);
  const Stopwatch watch;
  auto mine = compute(job);
  if (turn.last) extractor_ = nullptr;  // its memory is more than what gathering and writing take
  auto spectra = collect(job, std::move(mine));
  outcome().seconds = watch.seconds();
  times_.add(whole_step, whole.seconds());
  auto timing = times_.over_ranks(comms_.group);
  if (!frame_io_) return;
  const FrameOutcome& now = outcome();
  if (now.nfailed > 0 && now.nbin_bad == now.nspec * now.nwave) {
    fail(outcome(), ExitCode::numerics,
         fmt::format("{}: expected spectra, found that all {} patches failed, also after a retry; nothing is written. "
                     "Check the image's IVAR and the options.",
                     now.name, now.nfailed));
    return;
  }
  hand_over(job, frames_[static_cast<std::size_t>(turn.frame)], std::move(*spectra), std::move(timing));
}

FrameJob FrameRunner::load(bool last) {
  const kernels::Region named("zspex::extract::load");
  const Stopwatch waiting;
  std::optional<LoadedFrame> loaded;
  FrameJob job = comm::share(comms_.group, [&] {
    reads_ahead_ = false;
    loaded = frame_io_->take();
    return loaded->job;
  });
  times_.add(wait_for_input_step, waiting.seconds());

  const Stopwatch sharing;
  const auto npixel = static_cast<std::size_t>(job.nx) * static_cast<std::size_t>(job.ny);
  slot().reserve(comms_.node, npixel);
  if (!last) slot(1).reserve(comms_.node, npixel);
  if (loaded) {
    times_.add(read_step, loaded->seconds, loaded->bytes_read);
    outcome().name = job.name;
    outcome().choices = job.choices;
    outcome().warnings = std::move(loaded->warnings);
    outcome().nbad_fiber = loaded->facts.nbad_fiber;
    outcome().nbad_pixel = loaded->facts.nbad_pixel;
    if (!loaded->pixels.image.empty()) slot().fill(loaded->pixels);
    facts_ = std::move(loaded->facts);
    read_ahead();
  }
  slot().publish(comms_, npixel);
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

std::vector<kernels::BlockSpectra> FrameRunner::compute(const FrameJob& job) {
  const auto blocks = blocks_of_group(job.settings, comms_.group.size(), with_gpu_);
  // The nodes of a group take every nnode-th block; within a node, whoever is free takes the next.
  std::vector<std::uint64_t> of_node;
  for (std::size_t u = static_cast<std::size_t>(comms_.inode); u < blocks.size();
       u += static_cast<std::size_t>(comms_.nnode)) {
    of_node.push_back(u);
  }
  counter_.restart(comms_.node, of_node.size());
  if (frame_io_ && listener_.begin) listener_.begin(outcome(), of_node.size());

  const kernels::Image image = slot().view(job);
  std::vector<kernels::BlockSpectra> mine;
  double working = 0;
  const kernels::Region named("zspex::extract::blocks of a frame");
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

std::optional<FrameSpectra> FrameRunner::collect(const FrameJob& job, std::vector<kernels::BlockSpectra> mine) {
  const kernels::Region named("zspex::extract::gather");
  const Stopwatch watch;
  std::optional<FrameSpectra> spectra;
  comm::agree(comms_.group, "make room for the spectra of " + job.name, [&] {
    if (frame_io_) spectra = allocate_spectra(job);
  });
  const kernels::BlockFacts sum = gather_blocks(comms_.group, std::move(mine), spectra ? &*spectra : nullptr);
  if (spectra) {
    FrameOutcome& outcome = outcomes_.back();
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

void FrameRunner::hand_over(const FrameJob& job, const FrameFiles& files, FrameSpectra&& spectra,
                            std::vector<Timing> timing) {
  // Shared, because a std::function must be copyable.
  auto result = std::make_shared<FrameSpectra>(std::move(spectra));
  auto write = [files, name = job.name, result, facts = std::move(*facts_), provenance = provenance_,
                timing = std::move(timing), options = io::WriteOptions{.compress = config_.compress}] {
    return write_result(files, name, std::move(*result), facts, provenance, timing, options);
  };
  result.reset();
  const auto earlier = frame_io_->write_behind(outcomes_.size() - 1, std::move(write));
  if (listener_.end) listener_.end(outcome());
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
