/// \file
/// Whether an exception that passes takes all ranks along, or this one alone.
#pragma once

#include <exception>

namespace zspex::comm {

/// Part of exceptions that all ranks throw at the same place.
class ThrownByAll {
 public:
  ThrownByAll() { ++living_; }
  ThrownByAll(const ThrownByAll&) { ++living_; }
  ThrownByAll& operator=(const ThrownByAll&) = default;
  ~ThrownByAll() { --living_; }

  /// Whether one of this thread's is under way, or being handled.
  static bool is_there() { return living_ > 0; }

 private:
  static inline thread_local int living_ = 0;
};

/// While an exception of this rank alone unwinds the stack, the others are elsewhere, and what needs all of them, such as freeing a
/// communicator, would wait for ever.
inline bool unwinds_alone() { return std::uncaught_exceptions() > 0 && !ThrownByAll::is_there(); }

}  // namespace zspex::comm
