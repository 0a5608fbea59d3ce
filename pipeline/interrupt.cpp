#include "pipeline/interrupt.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "io/output.hpp"

namespace zspex::pipeline {
namespace {

std::atomic<bool> watching{false};
std::thread* watcher = nullptr;  // NOLINT: outlives exit() from anywhere; joined by ~InterruptWatch

/// All that ask a process to end and can be waited for. SIGUSR1 and SIGUSR2 are what batch systems and mpirun send before
/// the time is over. SIGUSR2 also ends the watch.
sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM})
    sigaddset(&set, signal);
  return set;
}

void watch() {
  const sigset_t set = watched_signals();
  int signal = 0;
  while (sigwait(&set, &signal) == 0) {
    if (signal == SIGUSR2 && !watching) return;
    io::abandon_outputs();
    ::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal);
    _exit(128 + signal);
  }
}

}  // namespace

InterruptWatch::InterruptWatch() {
  // Errors of a write, not deaths: a file over the limit (ulimit -f); a screen that nobody reads any more (| head).
  for (const int signal : {SIGXFSZ, SIGPIPE}) ::signal(signal, SIG_IGN);
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watching = true;
  watcher = new std::thread(watch);
}

InterruptWatch::~InterruptWatch() {
  watching = false;
  pthread_kill(watcher->native_handle(), SIGUSR2);
  watcher->join();
  delete watcher;
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace zspex::pipeline
