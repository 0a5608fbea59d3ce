/// \file
/// Traps for invalid floating-point operations (0/0, sqrt(-1), comparing NaN): SIGFPE at the operation. Not with clang, which computes
/// both sides of a choice where GCC's -ftrapping-math doesn't.
#pragma once

#include <cfenv>

namespace zspex::test {

#if defined(__GLIBC__) && defined(__x86_64__) && !defined(__clang__)
class TrapInvalid {
 public:
  TrapInvalid() {
    std::feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_INVALID);
  }
  ~TrapInvalid() { fedisableexcept(FE_INVALID); }
};

/// For a test that hands in NaN on purpose. Traps are afterwards as they were before.
class AllowInvalid {
 public:
  AllowInvalid() : trapped_(fedisableexcept(FE_INVALID) & FE_INVALID) {}
  ~AllowInvalid() {
    std::feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(trapped_);
  }

 private:
  int trapped_;
};
#else
class TrapInvalid {
 public:
  TrapInvalid() {}
};
class AllowInvalid {
 public:
  AllowInvalid() {}
};
#endif

}  // namespace zspex::test
