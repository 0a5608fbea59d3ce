#include "pipeline/terminal/progress.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

#include "core/format.hpp"

namespace zspex::terminal {
namespace {

constexpr double redraw_seconds = 0.1, first_log_seconds = 10, longest_log_seconds = 300;

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(std::ostream& out, const Style& style, std::string label, std::size_t total, std::string unit,
                   Clock clock)
    : out_(out),
      style_(style),
      label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      clock_(std::move(clock)),
      start_(clock_()),
      printed_at_(start_),
      interval_(first_log_seconds) {
  if (style_.mode == Mode::terminal) print(start_);
}

Progress::~Progress() { finish(); }

double Progress::remaining() const {
  const double elapsed = clock_() - start_;
  if (done_ == 0 || elapsed <= 0) return -1;
  return elapsed * static_cast<double>(total_ - done_) / static_cast<double>(done_);
}

void Progress::update(std::size_t done) {
  done_ = std::max(done_, std::min(done, total_));
  if (style_.mode == Mode::silent || finished_) return;
  const double now = clock_();
  if (style_.mode == Mode::terminal) {
    if (now - printed_at_ >= redraw_seconds || shown_ == 0) print(now);
  } else if (now - printed_at_ >= interval_) {
    print(now);
    interval_ = std::min(2 * interval_, longest_log_seconds);
  }
}

std::string Progress::line(double now) const {
  const double part = total_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(total_);
  // Rounded down: 100 % is said when all is done and not before.
  const std::string percent = fmt::format("{} %", static_cast<int>(100 * part));
  const std::string count = fmt::format("{}/{} {}", done_, total_, unit_);
  std::string time;
  if (done_ == total_)
    time = "in " + format_duration(now - start_);
  else if (const double rest = remaining(); rest >= 0)
    time = format_duration(rest) + " left";
  else
    time = "started";
  if (style_.mode == Mode::log) return fmt::format("{}  {}  {}  {}", label_, percent, count, time);

  const std::string text = fmt::format("  {}  {}  {}", padded(percent, -5), count, time);
  // The bar's length must not depend on the numbers, which change: they get what "100 %, 20000/20000 bundles" needs.
  const int reserve = static_cast<int>(display_width(unit_)) + 36,
            room = style_.width - static_cast<int>(display_width(label_)) - reserve;
  std::string bar;
  if (room >= 8) {
    const int length = std::min(room, 30), full = static_cast<int>(length * part);
    bar = "  ";
    for (int i = 0; i < length; ++i) bar += style_.unicode ? (i < full ? "█" : "░") : (i < full ? "#" : ".");
  }
  std::string all = label_ + bar + text;
  // A line that is wider than the terminal wraps, and a wrapped line can't be rewritten.
  while (static_cast<int>(display_width(all)) >= style_.width && !all.empty()) {
    all.pop_back();
    while (!all.empty() && (static_cast<unsigned char>(all.back()) & 0xC0) == 0xC0) all.pop_back();
  }
  return all;
}

void Progress::print(double now) {
  const std::string text = line(now);
  const std::size_t columns = display_width(text);
  if (style_.mode == Mode::terminal) {
    out_ << '\r' << text << std::string(columns < shown_ ? shown_ - columns : 0, ' ') << std::flush;
    shown_ = columns;
  } else {
    out_ << text << std::endl;
  }
  printed_at_ = now;
}

void Progress::clear() {
  if (style_.mode != Mode::terminal || shown_ == 0) return;
  out_ << '\r' << std::string(shown_, ' ') << '\r' << std::flush;
  shown_ = 0;
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (style_.mode == Mode::silent) return;
  print(clock_());
  if (style_.mode == Mode::terminal) out_ << std::endl;
}

}  // namespace zspex::terminal
