#include "pipeline/extract/listener.hpp"

#include <memory>
#include <ostream>

namespace zspex::pipeline {
namespace {

/// Frames have about as many blocks each, so that the first one's number tells how much there is to do.
class Telling {
 public:
  Telling(std::ostream& out, std::ostream& err, std::size_t nframe, const terminal::Progress::Style& style, bool talk)
      : out_(out), err_(err), nframe_(nframe), style_(style), talk_(talk) {}

  void begin(std::uint64_t nblock) {
    if (!progress_ && nblock > 0) {
      per_frame_ = nblock;
      progress_ = std::make_unique<terminal::Progress>(out_, talk_ ? style_ : terminal::Progress::Style(), "extract",
                                                       nframe_ * per_frame_, "blocks");
    }
  }
  void update(std::uint64_t done, std::uint64_t nblock) {
    // A block that has been taken is not done yet.
    if (progress_ && nblock > 0 && done > 0) progress_->update(over_ * per_frame_ + (done - 1) * per_frame_ / nblock);
  }
  void end(const FrameOutcome& frame) {
    if (progress_) progress_->clear();
    if (frame.code != ExitCode::success) {
      err_ << "zspex extract: " << frame.message << "\n";
      if (nframe_ > 1) err_ << "zspex extract: " << frame.input << " has failed; the others go on\n";
      err_ << std::flush;
    } else {
      for (const std::string& warning : frame.warnings) err_ << "zspex extract: warning: " << warning << "\n";
      err_ << std::flush;
      if (talk_) out_ << describe_outcome(frame) << "\n  " << frame.choices << "\n" << std::flush;
    }
    if (over_ < nframe_) ++over_;  // a frame ends twice if it can't be written
    if (progress_) progress_->update(over_ * per_frame_);
  }

 private:
  std::ostream& out_;
  std::ostream& err_;
  std::size_t nframe_, over_ = 0;
  std::uint64_t per_frame_ = 0;
  terminal::Progress::Style style_;
  bool talk_;
  std::unique_ptr<terminal::Progress> progress_;
};

}  // namespace

Listener make_listener(std::ostream& out, std::ostream& err, std::size_t nframe, const terminal::Progress::Style& style,
                       bool talk) {
  auto telling = std::make_shared<Telling>(out, err, nframe, style, talk);
  Listener listener;
  listener.begin = [telling](const FrameOutcome&, std::uint64_t nblock) { telling->begin(nblock); };
  listener.progress = [telling](std::uint64_t done, std::uint64_t nblock) { telling->update(done, nblock); };
  listener.end = [telling](const FrameOutcome& frame) { telling->end(frame); };
  return listener;
}

}  // namespace zspex::pipeline
