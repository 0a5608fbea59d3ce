/// \file
/// How far a job is and when it will be done.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>

namespace zspex::terminal {

/// Seconds since some fixed moment; never goes back.
using Clock = std::function<double()>;
double steady_seconds();

/// Tells how much of a job is done. On a terminal one line that is rewritten at most ten times per second; in a file (a
/// batch log) whole lines, the first after 10 seconds, then at growing intervals up to 5 minutes, so that logs stay
/// short. One thread of one rank uses it.
class Progress {
 public:
  enum class Mode {
    terminal,  ///< rewrite one line
    log,       ///< whole lines
    silent
  };
  /// How it looks.
  struct Style {
    Mode mode = Mode::silent;
    int width = 80;        ///< columns of the terminal
    bool unicode = false;  ///< whether the bar is of block letters
  };

  /// \param label  what is counted, for example "extract r0-00051060"
  /// \param total  units of work; 0 = nothing to do
  /// \param unit   their name in the plural, for example "bundles"
  Progress(std::ostream& out, const Style& style, std::string label, std::size_t total, std::string unit,
           Clock clock = steady_seconds);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// \param done  units that are done by now, of all ranks; never fewer than before
  void update(std::size_t done);
  /// Ends the line. Says how long it took if all is done. Called by the destructor if not before.
  void finish();
  /// Removes the line from the terminal, so that a message can be printed; the next update() brings it back.
  void clear();

  /// Seconds that the rest will take at the mean rate so far; negative while nothing is known.
  double remaining() const;

 private:
  void print(double now);
  std::string line(double now) const;

  std::ostream& out_;
  Style style_;
  std::string label_, unit_;
  std::size_t total_, done_ = 0;
  Clock clock_;
  bool finished_ = false;
  double start_, printed_at_, interval_;
  std::size_t shown_ = 0;  // columns of the line that stands on the terminal
};

}  // namespace zspex::terminal
