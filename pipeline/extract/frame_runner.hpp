/// \file
/// The frames of a group, one after the other, by all its ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/extract_config.hpp"
#include "io/frame.hpp"
#include "kernels/extract/extract.hpp"
#include "pipeline/comm/paced_counter.hpp"
#include "pipeline/extract/async_frame_io.hpp"
#include "pipeline/extract/finish_frame.hpp"
#include "pipeline/extract/frame_comms.hpp"
#include "pipeline/extract/node_image.hpp"
#include "pipeline/extract/plan.hpp"
#include "pipeline/extract/report.hpp"
#include "pipeline/timing.hpp"

namespace zspex::pipeline {

/// Makes what extracts blocks of an image. Tests put in something that fails.
using MakeExtractor = std::function<std::unique_ptr<kernels::Extractor>(const Psf&, const kernels::ExtractSettings&)>;
/// The kernels' own extractor, on a backend.
MakeExtractor kernel_extractors(kernels::BackendKind kind);

/// How a rank takes part.
struct Worker {
  MakeExtractor make_extractor = kernel_extractors(kernels::BackendKind::device);
  double capacity = 1;         ///< how fast it is, against the others, as long as nobody knows better
  std::size_t gpu_memory = 0;  ///< bytes of its GPU; 0: it has none, or nobody knows
};

/// Hears of what happens, on the group's root. Each may be empty.
struct Listener {
  std::function<void(const FrameOutcome& frame, std::uint64_t nblock)> begin;  ///< a frame is computed now
  std::function<void(std::uint64_t done, std::uint64_t nblock)> progress;      ///< blocks of the root's node
  std::function<void(const FrameOutcome& frame)> end;                          ///< it is gathered, or has failed
};

/// Deals frames to the groups that ask: the next one's place in the list; nothing when all are dealt.
using TakeFrame = std::function<std::optional<std::size_t>()>;

/// Runs the frames that are dealt to one group. All ranks of the group make one, with the same arguments, and call run().
class FrameRunner {
 public:
  /// \param frames  all of the job
  /// \param take    asked by the group's root
  FrameRunner(const FrameComms& comms, const std::vector<FrameFiles>& frames, const config::ExtractConfig& config,
              Provenance provenance, Worker worker, const Role& role, TakeFrame take, Listener listener);

  /// \return what became of its frames; on the group's root only. Collective over the group.
  std::vector<FrameOutcome> run();
  const StepTimes& times() const { return total_; }
  const WorkerReport& report() const { return report_; }

 private:
  /// One frame of the group.
  struct Turn {
    std::int64_t frame = -1;  ///< its place in the list; negative: there are no more
    bool last = true;         ///< no other is dealt to the group yet
  };
  Turn next_turn();
  void run_frame(const Turn& turn);
  FrameJob load(bool last);
  void read_ahead();
  std::vector<kernels::BlockSpectra> compute(const FrameJob& job);
  std::optional<FrameSpectra> collect(const FrameJob& job, std::vector<kernels::BlockSpectra> mine);
  void hand_over(const FrameJob& job, const FrameFiles& files, FrameSpectra&& spectra, std::vector<Timing> timing);
  void use_extractor(const FrameJob& job);
  void check_memory(const FrameJob& job);
  void extract_blocks(const FrameJob& job, const kernels::Image& image, const std::vector<kernels::FiberBlock>& blocks,
                      const std::vector<std::uint64_t>& of_node, std::vector<kernels::BlockSpectra>& mine);
  void note_written(const std::optional<AsyncFrameIo::Written>& written);
  void fail(FrameOutcome& outcome, ExitCode code, const std::string& message);

  FrameOutcome& outcome() { return outcomes_.back(); }
  /// Where this frame's image lies, and the next one's.
  ImageSlot& slot(std::size_t ahead = 0) { return slots_[(outcomes_.size() + ahead) % 2]; }

  const FrameComms& comms_;
  const std::vector<FrameFiles>& frames_;
  config::ExtractConfig config_;
  Provenance provenance_;
  Worker worker_;
  Role role_;
  TakeFrame take_;
  Listener listener_;

  comm::PacedCounter counter_;
  bool with_gpu_ = false;  ///< a rank of the group uses one
  bool memory_is_checked_ = false;
  ImageSlot slots_[2];
  std::unique_ptr<kernels::Extractor> extractor_;
  std::vector<std::byte> extractor_for_;  ///< PSF and settings that it was made for
  StepTimes total_, times_;               ///< of all frames, of this one
  WorkerReport report_;
  std::vector<FrameOutcome> outcomes_;  ///< the last one's is at work
  // Only on the group's root. frame_io_ goes first: its thread writes into the slots.
  std::optional<std::size_t> next_;  ///< the frame after this one
  bool reads_ahead_ = false;         ///< it
  std::optional<FrameFacts> facts_;
  std::unique_ptr<AsyncFrameIo> frame_io_;
};

}  // namespace zspex::pipeline
