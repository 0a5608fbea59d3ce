#include "pipeline/last_words.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "io/reading.hpp"

namespace zspex::pipeline {
namespace {

constexpr std::array deadly = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
std::array<struct sigaction, deadly.size()> before;  // NOLINT: one for the process, as signals are

void say(const char* text) { (void)!write(STDERR_FILENO, text, std::strlen(text)); }

/// Only calls that a signal handler may make.
void last_words(int signal) {
  if (const char* path = io::file_being_read()) {
    say("zspex: ");
    say(path);
    say(": expected a file that can be read, found one that made the program crash while it was read: it is damaged. "
        "Copy the file again, or make it again.\n");
  }
  for (std::size_t i = 0; i < deadly.size(); ++i)
    if (deadly[i] == signal) (void)sigaction(signal, &before[i], nullptr);
  (void)raise(signal);  // blocked until this returns
}

}  // namespace

void install_last_words() {
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
