#include "pipeline/last_words.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "io/reading.hpp"

namespace zspex::pipeline {
namespace {

void crash_while_reading(const std::string& path, int signal) {
  ::signal(signal, SIG_DFL);  // a sanitizer would exit
  install_last_words();
  const io::ReadingNote note(path);
  raise(signal);
}

TEST(LastWordsDeathTest, NameTheFileThatWasRead) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT})
    EXPECT_EXIT(crash_while_reading("broken.h5", signal), testing::KilledBySignal(signal),
                "broken.h5: expected a file that can be read");
}

}  // namespace
}  // namespace zspex::pipeline
