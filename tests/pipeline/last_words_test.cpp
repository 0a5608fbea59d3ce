#include "pipeline/last_words.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

#include "core/error.hpp"
#include "io/reading.hpp"

namespace zspex::pipeline {
namespace {

void crash_while_reading(const std::string& path, int signal) {
  ::signal(signal, SIG_DFL);  // a sanitizer would exit
  install_last_words("");
  const io::ReadingNote note(path);
  raise(signal);
}

TEST(LastWordsDeathTest, NameTheFileThatWasRead) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT})
    EXPECT_EXIT(crash_while_reading("broken.h5", signal), testing::KilledBySignal(signal),
                "broken.h5: expected a file that can be read");
}

void abort_without_a_file() {
  ::signal(SIGABRT, SIG_DFL);
  install_last_words("rank 3: ");
  raise(SIGABRT);
}

TEST(LastWordsDeathTest, SayWhoAborted) {
  EXPECT_EXIT(abort_without_a_file(), testing::KilledBySignal(SIGABRT), "zspex: rank 3: aborted, for the reason");
}

/// Freed memory of a GPU that has failed, as Kokkos does it.
struct FailsAgain {
  ~FailsAgain() noexcept(false) { throw std::runtime_error("cudaFree: an illegal memory access was encountered"); }
};

void fail_twice() {
  install_last_words("rank 3: ");
  const FailsAgain memory;
  throw std::runtime_error("a kernel: an illegal memory access was encountered");
}

TEST(LastWordsDeathTest, TellAnErrorThatLeavesADestructor) {
  EXPECT_EXIT(fail_twice(), testing::ExitedWithCode(static_cast<int>(ExitCode::internal)),
              "zspex: rank 3: ended in the midst of its work: cudaFree: an illegal memory access");
}

}  // namespace
}  // namespace zspex::pipeline
