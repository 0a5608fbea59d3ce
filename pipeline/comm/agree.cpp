#include "pipeline/comm/agree.hpp"

#include <algorithm>
#include <cstdint>
#include <new>

#include "core/format.hpp"

namespace zspex::comm {

namespace {

Failure out_of_memory() {
  return {ExitCode::memory, "out of memory. Use more nodes or fewer ranks per node; --dry-run shows what a rank needs.",
          false};
}

}  // namespace

Failure describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const AgreedError& agreed) {
    return {agreed.code(), agreed.what(), true};
  } catch (const CommError&) {
    throw;
  } catch (const Error& known) {
    return {known.code(), known.what(), false};
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& stranger) {
    // Kokkos' words: "failed to allocate memory for label" (3.4), "memory space failed to allocate 1 GiB" (4.7).
    if (std::string_view(stranger.what()).find("failed to allocate") != std::string_view::npos) return out_of_memory();
    return {ExitCode::internal, std::string("unexpected error: ") + stranger.what() + ". Please report it.", false};
  } catch (...) {
    return {ExitCode::internal, "unexpected error of an unknown kind. Please report it.", false};
  }
}

namespace detail {

void settle(const Communicator& comm, std::string_view what, const std::optional<Failure>& mine) {
  const auto failed = all_gather<char>(comm, mine ? 1 : 0);
  const auto first = std::find(failed.begin(), failed.end(), char{1});
  if (first == failed.end()) return;
  const int culprit = static_cast<int>(first - failed.begin());

  auto bytes = mine ? to_bytes(*mine) : std::vector<std::byte>{};
  std::uint64_t nbytes = bytes.size();
  broadcast(comm, std::as_writable_bytes(std::span(&nbytes, 1)), culprit);
  bytes.resize(nbytes);  // other failed ranks give way to the first
  broadcast(comm, bytes, culprit);
  const auto failure = from_bytes<Failure>(bytes);

  if (failure.agreed || what.empty()) throw AgreedError(failure.code, failure.message);
  std::string where(what);
  const bool everywhere = std::count(failed.begin(), failed.end(), char{1}) == comm.size();
  if (!everywhere) where += fmt::format(" (rank {} of {})", culprit, comm.size());
  throw AgreedError(failure.code, where + ": " + failure.message);
}

std::vector<std::byte> share_bytes(const Communicator& comm, std::vector<std::byte> bytes,
                                   const std::optional<Failure>& failure, int root) {
  struct Announcement {
    std::uint64_t nbytes = 0;
    std::uint64_t failed = 0;
  } announcement;
  if (comm.rank() == root) {
    if (failure) bytes = to_bytes(*failure);
    announcement = {bytes.size(), failure ? 1u : 0u};
  }
  broadcast(comm, std::as_writable_bytes(std::span(&announcement, 1)), root);
  bytes.resize(announcement.nbytes);
  broadcast(comm, bytes, root);
  if (announcement.failed) {
    const auto theirs = from_bytes<Failure>(bytes);
    throw AgreedError(theirs.code, theirs.message);
  }
  return bytes;
}

}  // namespace detail
}  // namespace zspex::comm
