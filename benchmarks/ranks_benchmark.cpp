// What many ranks cost beside their fits: mpirun -n 64 --oversubscribe build/ranks_benchmark. Each piece at the size that a job of
// so many ranks has, without spectra. Ranks that share cores take turns, so that a time is about that of all ranks' work together.
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/format.hpp"
#include "core/median.hpp"
#include "core/timing.hpp"
#include "io/detail/gzip.hpp"
#include "io/unzipped.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/comm/communicator.hpp"
#include "pipeline/comm/gather.hpp"
#include "pipeline/comm/node_shared.hpp"
#include "pipeline/rank_groups.hpp"
#include "pipeline/redshift/node_inputs.hpp"
#include "pipeline/redshift/targets.hpp"

namespace {

using namespace zspex;
using Bytes = std::vector<std::byte>;

constexpr std::size_t targets_a_rank = 100, templates = 10, bytes_a_fit = 400;

class Table {
 public:
  explicit Table(const comm::Communicator& world) : world_(world) {}

  /// Median of some goes, all ranks at once, on the rank that takes longest.
  void row(const char* what, const std::function<void()>& work) const {
    constexpr int goes = 5;
    std::vector<double> seconds;
    for (int i = 0; i <= goes; ++i) {
      world_.barrier();
      const Stopwatch watch;
      work();
      const auto all = comm::all_gather(world_, watch.seconds());
      if (i > 0) seconds.push_back(*std::max_element(all.begin(), all.end()));  // the first warms up
    }
    if (world_.is_root()) std::printf("%4d  %-62s %10.3f\n", world_.size(), what, 1e3 * median(seconds));
  }

 private:
  const comm::Communicator& world_;
};

/// Lists of all ranks, each broadcast by its own: what MPI_Allgatherv does better.
void lists_one_by_one(const comm::Communicator& world, const Bytes& mine) {
  for (int rank = 0; rank < world.size(); ++rank) {
    std::uint64_t length = mine.size();
    comm::broadcast(world, std::as_writable_bytes(std::span(&length, 1)), rank);
    Bytes list(length);
    comm::broadcast(world, list, rank);
  }
}

/// Parts to rank 0, a message each.
void parts_one_by_one(const comm::Communicator& world, const std::vector<Bytes>& mine) {
  constexpr int tag = 1;
  if (!world.is_root()) {
    for (const Bytes& part : mine) comm::send(world, part, 0, tag);
    return;
  }
  Bytes part(bytes_a_fit);
  for (std::size_t i = 0; i < mine.size(); ++i)
    for (int rank = 1; rank < world.size(); ++rank) comm::receive(world, part, rank, tag);
}

void gathered(const comm::Communicator& world, const std::vector<Bytes>& mine) {
  std::vector<comm::Part> parts;
  for (std::size_t i = 0; i < mine.size(); ++i)
    parts.push_back({i * static_cast<std::size_t>(world.size()) + static_cast<std::size_t>(world.rank()), mine[i]});
  Bytes place(bytes_a_fit);
  comm::gather(world, parts, [&](std::uint64_t, std::size_t) { return std::span(place); });
}

pipeline::TargetList many_targets(std::size_t n) {
  pipeline::TargetList targets;
  for (std::size_t i = 0; i < n; ++i) {
    targets.targetid.push_back(static_cast<std::int64_t>(i));
    targets.sources.emplace_back(1 + i % 7);  // exposures
  }
  targets.bands_of_file = {{0, 1, 2}};
  return targets;
}

/// A gzipped file of numbers that compress as spectra do. The same name on all ranks; made and removed by the first.
class GzippedFile {
 public:
  explicit GzippedFile(const comm::Communicator& world) : mine_(world.is_root()) {
    path_ = comm::share(world, [] {
      const std::string path =
          std::filesystem::temp_directory_path() / fmt::format("zspex-ranks-benchmark-{}.gz", ::getpid());
      std::mt19937 generator(1);
      std::normal_distribution<float> normal;
      std::vector<float> values(std::size_t{4} << 20);
      for (float& value : values) value = normal(generator);
      std::ofstream file(path, std::ios::binary);
      io::detail::gzip(path, std::as_bytes(std::span(values)), {}, [&](std::span<const std::byte> piece) {
        file.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
      });
      return path;
    });
  }
  ~GzippedFile() {
    if (mine_) std::filesystem::remove(path_);
  }
  GzippedFile(const GzippedFile&) = delete;
  GzippedFile& operator=(const GzippedFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  bool mine_;
  std::string path_;
};

void measure(const comm::Communicator& world) {
  const Table table(world);
  const auto n = static_cast<std::size_t>(world.size());
  const Bytes list(100), set(std::size_t{20} << 20);
  const std::vector<Bytes> fits(targets_a_rank * templates, Bytes(bytes_a_fit));
  const pipeline::TargetList targets = many_targets(targets_a_rank * n);
  const std::vector<double> capacities(n, 1);
  std::vector<pipeline::Role> roles(n);
  for (std::size_t rank = 0; rank < n; ++rank) roles[rank].node = static_cast<int>(rank / 64);
  const std::vector<pipeline::RunCost> runs(4 * n, {40, 0, 0.3, 0});

  table.row("agree that nobody failed", [&] { comm::agree(world, "", [] {}); });
  table.row("lists of 100 bytes of all ranks to all", [&] { (void)comm::all_gather_lists(world, list); });
  table.row("the same by a broadcast of each", [&] { lists_one_by_one(world, list); });
  table.row("20 MiB of templates to all", [&] { (void)comm::share(world, [&] { return set; }); });
  table.row("fits of 100 targets a rank to rank 0", [&] { gathered(world, fits); });
  table.row("the same in a message for each target and template", [&] { parts_one_by_one(world, fits); });
  table.row("deal 100 targets a rank, on one rank", [&] {
    if (world.is_root()) (void)pipeline::deal_targets(targets, 0, targets.size(), capacities);
  });
  table.row("choose groups for 4 runs a rank, on one rank", [&] {
    if (world.is_root()) (void)pipeline::choose_group_size(roles, runs, {});
  });
  const comm::Communicator node = world.split_by_node();
  {
    const GzippedFile file(world);
    table.row("16 MiB out of a gzipped file, once for all ranks",
              [&] { const pipeline::NodeInputs inputs(world, node, {file.path()}); });
    table.row("the same by each rank", [&] { (void)io::Unzipped(file.path()); });
    world.barrier();
  }
  {
    comm::WorkCounter counter(node);
    table.row("take a run, each rank 10 times", [&] {
      counter.restart(node, 10 * n);
      for (int i = 0; i < 10; ++i) (void)counter.take();
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const comm::MpiSession mpi(argc, argv);
  const auto world = comm::Communicator::duplicate(MPI_COMM_WORLD);
  if (world.is_root()) std::printf("ranks %-62s %10s\n", "", "ms");
  measure(world);
  return 0;
}
