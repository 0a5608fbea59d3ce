#include "pipeline/comm/communicator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "core/format.hpp"
#include "pipeline/comm/unwinding.hpp"

namespace zspex::comm {
namespace {

/// MPI counts are ints; longer messages go in pieces of this many bytes.
constexpr std::size_t most_bytes_a_call = std::size_t{1} << 30;

/// Calls transfer(pointer, count) for each piece of a long message.
template <class Bytes, class Transfer>
void in_pieces(Bytes bytes, const Transfer& transfer) {
  for (std::size_t at = 0; at < bytes.size(); at += most_bytes_a_call) {
    transfer(bytes.data() + at, static_cast<int>(std::min(most_bytes_a_call, bytes.size() - at)));
  }
}

/// Open MPI asks UCX and libfabric what network there is, which takes ten times as long as all else in MPI_Init: not where all
/// ranks are on one node, as its launcher's variables tell. What the user chose holds.
void choose_transport() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  const char* local = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const bool alone = !size && !std::getenv("PMIX_RANK") && !std::getenv("PMI_RANK");
  const bool one_node = size && local && std::string_view(size) == local;
  if (!alone && !one_node) return;
  setenv("OMPI_MCA_pml", "ob1", 0);
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION >= 6
  setenv("OMPI_MCA_btl", "^ofi", 0);  // which sleeps for a second when it has found no network
#endif
}

bool mpi_is_running() {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized && !finalized;
}

}  // namespace

void check(const char* operation, int code) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw CommError(operation, std::string(text.data(), static_cast<std::size_t>(length)));
}

MpiSession::MpiSession(int& argc, char**& argv) {
  choose_transport();
  int provided = MPI_THREAD_SINGLE;
  check("MPI_Init_thread", MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided));
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw CommError(
        "MPI_Init_thread",
        "expected an MPI library that allows threads beside it (MPI_THREAD_FUNNELED), found one that does not. "
        "Use an MPI that was built with threads.");
  }
}

MpiSession::~MpiSession() {
  if (mpi_is_running()) MPI_Finalize();
}

std::string mpi_description() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check("MPI_Get_library_version", MPI_Get_library_version(text.data(), &length));
  const std::string whole(text.data(), static_cast<std::size_t>(length));
  return whole.substr(0, whole.find_first_of(",\n"));  // the rest is where and by whom it was built
}

Communicator::~Communicator() {
  if (comm_ != MPI_COMM_NULL && !unwinds_alone() && mpi_is_running()) MPI_Comm_free(&comm_);
}

Communicator Communicator::duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check("MPI_Comm_dup", MPI_Comm_dup(comm, &copy));
  Communicator made(copy);
  check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN));
  return made;
}

int Communicator::rank() const {
  int rank = 0;
  check("MPI_Comm_rank", MPI_Comm_rank(comm_, &rank));
  return rank;
}

int Communicator::size() const {
  int size = 0;
  check("MPI_Comm_size", MPI_Comm_size(comm_, &size));
  return size;
}

Communicator Communicator::split(int color) const {
  MPI_Comm part = MPI_COMM_NULL;
  check("MPI_Comm_split", MPI_Comm_split(comm_, color < 0 ? MPI_UNDEFINED : color, rank(), &part));
  Communicator made(part);
  if (made) check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(part, MPI_ERRORS_RETURN));
  return made;
}

Communicator Communicator::split_by_node() const {
  MPI_Comm node = MPI_COMM_NULL;
  check("MPI_Comm_split_type", MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &node));
  Communicator made(node);
  check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN));
  return made;
}

void Communicator::barrier() const { check("MPI_Barrier", MPI_Barrier(comm_)); }

void Communicator::quiet_barrier() const {
  MPI_Request request = MPI_REQUEST_NULL;
  check("MPI_Ibarrier", MPI_Ibarrier(comm_, &request));
  for (int done = 0;;) {
    check("MPI_Test", MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    if (done != 0) return;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

void Communicator::abort(ExitCode code) const {
  std::fflush(nullptr);
  MPI_Abort(comm_, static_cast<int>(code));
  std::abort();  // MPI_Abort does not return; the compiler can't know
}

void broadcast(const Communicator& comm, std::span<std::byte> bytes, int root) {
  in_pieces(bytes, [&](std::byte* data, int count) {
    check("MPI_Bcast", MPI_Bcast(data, count, MPI_BYTE, root, comm.raw()));
  });
}

void send(const Communicator& comm, std::span<const std::byte> bytes, int destination, int tag) {
  in_pieces(bytes, [&](const std::byte* data, int count) {
    check("MPI_Send", MPI_Send(data, count, MPI_BYTE, destination, tag, comm.raw()));
  });
}

void receive(const Communicator& comm, std::span<std::byte> bytes, int source, int tag) {
  in_pieces(bytes, [&](std::byte* data, int count) {
    MPI_Status status;
    check("MPI_Recv", MPI_Recv(data, count, MPI_BYTE, source, tag, comm.raw(), &status));
    int received = 0;
    check("MPI_Get_count", MPI_Get_count(&status, MPI_BYTE, &received));
    if (received != count) {
      throw CommError(
          fmt::format("receive from rank {}", source),
          fmt::format("expected {} bytes, found {}. This is a defect of zspex; please report it.", count, received));
    }
  });
}

Exchange::Exchange(const Communicator& comm, std::span<const std::byte> outgoing, int destination,
                   std::span<std::byte> incoming, int source) {
  constexpr int tag = 7;
  in_pieces(incoming, [&](std::byte* data, int count) {
    check("MPI_Irecv", MPI_Irecv(data, count, MPI_BYTE, source, tag, comm.raw(), &requests_.emplace_back()));
  });
  in_pieces(outgoing, [&](const std::byte* data, int count) {
    check("MPI_Isend", MPI_Isend(data, count, MPI_BYTE, destination, tag, comm.raw(), &requests_.emplace_back()));
  });
}

void Exchange::wait() {
  check("MPI_Waitall", MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  requests_.clear();
}

void all_gather_bytes(const Communicator& comm, std::span<const std::byte> mine, std::span<std::byte> all) {
  const int count = static_cast<int>(mine.size());
  check("MPI_Allgather", MPI_Allgather(mine.data(), count, MPI_BYTE, all.data(), count, MPI_BYTE, comm.raw()));
}

namespace {

/// Where the lists of these lengths begin and end.
Lists make_lists(const std::vector<std::size_t>& lengths) {
  Lists all;
  all.begin.push_back(0);
  for (const std::size_t length : lengths) all.begin.push_back(all.begin.back() + length);
  all.bytes.resize(all.begin.back());
  return all;
}

/// Calls transfer(what is sent, where what is received lies, counts, displacements) until all lists have travelled: MPI's
/// counts are ints, so that long ones go in several rounds.
template <class Transfer>
void in_rounds(std::span<const std::byte> mine, const std::vector<std::size_t>& lengths, Lists& all,
               const Transfer& transfer) {
  const std::size_t nrank = lengths.size(), most = std::max<std::size_t>(1, most_bytes_a_call / nrank),
                    longest = *std::max_element(lengths.begin(), lengths.end());
  std::vector<int> counts(nrank), at(nrank);
  std::vector<std::byte> piece;
  for (std::size_t first = 0; first < longest; first += most) {
    int total = 0;
    for (std::size_t rank = 0; rank < nrank; ++rank) {
      counts[rank] = static_cast<int>(std::min(most, lengths[rank] - std::min(first, lengths[rank])));
      at[rank] = total;
      total += counts[rank];
    }
    const std::size_t begin = std::min(first, mine.size());
    const auto sent = mine.subspan(begin, std::min(most, mine.size() - begin));
    if (longest <= most) {  // one round: straight into place
      transfer(sent, all.bytes.data(), counts, at);
      return;
    }
    piece.resize(all.bytes.empty() ? 0 : static_cast<std::size_t>(total));
    transfer(sent, piece.data(), counts, at);
    for (std::size_t rank = 0; rank < nrank && !piece.empty(); ++rank)
      std::copy_n(piece.begin() + at[rank], counts[rank],
                  all.bytes.begin() + static_cast<std::ptrdiff_t>(all.begin[rank] + first));
  }
}

}  // namespace

Lists gather_lists(const Communicator& comm, std::span<const std::byte> mine, int root) {
  const auto lengths = all_gather<std::size_t>(comm, mine.size());
  const bool is_root = comm.rank() == root;
  Lists all = is_root ? make_lists(lengths) : Lists();
  in_rounds(mine, lengths, all,
            [&](std::span<const std::byte> sent, std::byte* to, const auto& counts, const auto& at) {
              check("MPI_Gatherv", MPI_Gatherv(sent.data(), static_cast<int>(sent.size()), MPI_BYTE, to, counts.data(),
                                               at.data(), MPI_BYTE, root, comm.raw()));
            });
  return all;
}

Lists all_gather_lists(const Communicator& comm, std::span<const std::byte> mine) {
  const auto lengths = all_gather<std::size_t>(comm, mine.size());
  Lists all = make_lists(lengths);
  in_rounds(mine, lengths, all,
            [&](std::span<const std::byte> sent, std::byte* to, const auto& counts, const auto& at) {
              check("MPI_Allgatherv", MPI_Allgatherv(sent.data(), static_cast<int>(sent.size()), MPI_BYTE, to,
                                                     counts.data(), at.data(), MPI_BYTE, comm.raw()));
            });
  return all;
}

}  // namespace zspex::comm
