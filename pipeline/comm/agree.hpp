/// \file
/// Ranks that succeed or fail together. Whoever waits for the others in a collective must hear of their failure there;
/// a rank that just threw would leave them waiting for ever.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/error.hpp"
#include "pipeline/comm/bytes.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/comm/unwinding.hpp"

namespace zspex::comm {

/// A failure that all ranks of a communicator know of and throw at the same place. Its code is that of the first error.
class AgreedError : public Error {
 public:
  using Error::Error;

 private:
  ThrownByAll thrown_by_all_;
};

/// An exception as a value that can travel.
struct Failure {
  ExitCode code = ExitCode::internal;
  std::string message;
  bool agreed = false;  ///< an AgreedError: the message already says where it happened
};
template <class Archive>
void fields(Archive& archive, Failure& failure) {
  archive(failure.code, failure.message, failure.agreed);
}

/// What an exception means: its exit code and its message; out of memory and strangers are put in words.
/// An error of MPI itself (CommError) is thrown on: after it no rank can be told anything.
Failure describe(const std::exception_ptr& error);

namespace detail {
/// Throws AgreedError on all ranks if one of them failed; the lowest such rank is quoted. Collective.
void settle(const Communicator& comm, std::string_view what, const std::optional<Failure>& mine);
/// The root's bytes to all, or its failure to all, as an AgreedError. Collective.
std::vector<std::byte> share_bytes(const Communicator& comm, std::vector<std::byte> bytes,
                                   const std::optional<Failure>& failure, int root);
}  // namespace detail

/// Runs fn() on all ranks; when it throws on one or more of them, all throw the error of the lowest such rank, named
/// with `what` and the rank. Collective: every rank comes here, whatever happens to it. fn must not contain collectives
/// over `comm` after a place where a single rank can throw.
template <class Function>
void agree(const Communicator& comm, std::string_view what, Function&& fn) {
  std::optional<Failure> failure;
  try {
    fn();
  } catch (...) {
    failure = describe(std::current_exception());
  }
  detail::settle(comm, what, failure);
}

/// make() runs on `root` only; all ranks get its value, or its error in its own words. Collective.
/// The value's fields travel by `fields()`, see bytes.hpp.
template <class Make>
auto share(const Communicator& comm, Make&& make, int root = 0) -> std::decay_t<std::invoke_result_t<Make>> {
  using Value = std::decay_t<std::invoke_result_t<Make>>;
  std::optional<Failure> failure;
  std::optional<Value> value;
  std::vector<std::byte> bytes;
  if (comm.rank() == root) {
    try {
      value = make();
      if (comm.size() > 1) bytes = to_bytes(*value);
    } catch (...) {
      failure = describe(std::current_exception());
    }
  }
  bytes = detail::share_bytes(comm, std::move(bytes), failure, root);
  if (comm.rank() == root) return std::move(*value);
  return from_bytes<Value>(bytes);
}

}  // namespace zspex::comm
