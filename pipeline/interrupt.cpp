#include "pipeline/interrupt.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "io/output.hpp"

namespace zspex::pipeline {
namespace {

namespace fs = std::filesystem;

std::mutex folders_mutex;
std::set<std::string> folders;  // NOLINT: one for the process, as signals are
std::atomic<bool> watching{false};
std::thread* watcher = nullptr;  // NOLINT: outlives exit() from anywhere; joined by ~InterruptWatch

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);  // SIGUSR2 ends the watch
  return set;
}

/// The writers' temporary files have the host and the process id in their names (io/output.hpp).
void remove_temporary_files() {
  const std::string mark = io::temporary_mark();
  const std::lock_guard lock(folders_mutex);
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      std::error_code ignored;
      if (name.starts_with('.') && name.ends_with(".tmp") && name.find(mark) != std::string::npos) {
        fs::remove(entry.path(), ignored);
      }
    }
  }
}

void watch() {
  const sigset_t set = watched_signals();
  int signal = 0;
  while (sigwait(&set, &signal) == 0) {
    if (signal == SIGUSR2) {
      if (!watching) return;
      continue;  // somebody else's; it has no meaning here
    }
    remove_temporary_files();
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
  ::signal(SIGXFSZ, SIG_IGN);  // a file over the limit (ulimit -f) is an error of the write, not a death
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

void watch_folder_of(const std::string& path) {
  if (path.empty()) return;
  std::error_code error;
  const fs::path real = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : fs::path(path);
  const fs::path folder = real.parent_path();
  const std::lock_guard lock(folders_mutex);
  folders.insert(folder.empty() ? "." : folder.string());
}

}  // namespace zspex::pipeline
