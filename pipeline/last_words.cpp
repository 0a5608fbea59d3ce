#include "pipeline/last_words.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/reading.hpp"

namespace zspex::pipeline {
namespace {

constexpr std::array deadly = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
std::array<struct sigaction, deadly.size()> before;  // NOLINT: one for the process, as signals are
std::array<char, 64> begin_line = {"zspex: "};       // NOLINT: likewise
constexpr const char* of_a_gpu =
    "If it is a GPU that failed: this run can't use it any more, the next one may. scripts/check_gpu.sh tests it.\n";

void say(const char* text) { (void)!write(STDERR_FILENO, text, std::strlen(text)); }

/// Only calls that a signal handler may make.
void last_words(int signal) {
  if (const char* path = io::file_being_read()) {
    say(begin_line.data());
    say(path);
    say(": expected a file that can be read, found one that made the program crash while it was read: it is damaged. "
        "Copy the file again, or make it again.\n");
  } else if (signal == SIGABRT) {  // Kokkos, when a kernel has gone wrong; a check of the C library
    say(begin_line.data());
    say("aborted, for the reason that stands above. ");
    say(of_a_gpu);
  }
  for (std::size_t i = 0; i < deadly.size(); ++i)
    if (deadly[i] == signal) (void)sigaction(signal, &before[i], nullptr);
  (void)raise(signal);  // blocked until this returns
}

/// Nothing is freed, no other destructor runs: with a GPU that has failed each of them would end here again.
[[noreturn]] void tell_and_exit() {
  std::string what = "for no reason that it gave";
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  say(begin_line.data());
  say("ended in the midst of its work: ");
  say(what.c_str());
  say("\n");
  say(of_a_gpu);
  _exit(static_cast<int>(ExitCode::internal));
}

}  // namespace

void install_last_words(const std::string& who) {
  *fmt::format_to_n(begin_line.data(), begin_line.size() - 1, "zspex: {}", who).out = '\0';
  std::set_terminate(&tell_and_exit);
  static std::array<char, 1 << 16> stack;  // a stack of its own: recursion without end leaves no room on the other one
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  (void)sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_handler = &last_words;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < deadly.size(); ++i) (void)sigaction(deadly[i], &action, &before[i]);
}

}  // namespace zspex::pipeline
