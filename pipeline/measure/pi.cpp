#include "pipeline/measure/pi.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "core/format.hpp"
#include "kernels/redshift/fitter.hpp"
#include "kernels/yardsticks.hpp"

namespace zspex::pipeline::measure {
namespace {

constexpr double piece_seconds = 5e-3;

/// Counts points, each once, and how many of them lie in the circle.
class Counter {
 public:
  explicit Counter(int rank) : first_(static_cast<std::uint64_t>(rank) << 40) {}

  void count(std::uint64_t n) {
    inside_ += kernels::count_in_circle(first_ + done_, n);
    done_ += n;
  }
  double inside() const { return static_cast<double>(inside_); }
  double done() const { return static_cast<double>(done_); }

 private:
  std::uint64_t first_, done_ = 0, inside_ = 0;
};

constexpr std::uint64_t few = 1 << 14;

/// Points in a second of the first ranks, while the others sleep. Collective.
double rate_of_first(const comm::Communicator& world, int nrank, double seconds, Counter& counter) {
  world.barrier();
  const double mine =
      world.rank() < nrank ? static_cast<double>(few) * times_a_second(seconds, [&] { counter.count(few); }) : 0;
  world.quiet_barrier();
  return sum_over_ranks(world, mine);
}

/// Slowest / mean - 1 of each piece, which all ranks of a node begin together; and of their sums. The worst node's. Collective.
void measure_jitter(const Ranks& ranks, double alone, double seconds, Counter& counter, PiMeasured& measured) {
  const auto n = std::max(few, static_cast<std::uint64_t>(alone * piece_seconds) / 2 * 2);
  const int npiece = std::max(5, static_cast<int>(seconds / piece_seconds));
  std::vector<double> mine;
  for (int i = 0; i < npiece; ++i) {
    ranks.node.barrier();
    const Stopwatch watch;
    counter.count(n);
    mine.push_back(watch.seconds());
  }
  const auto all = comm::all_gather_lists(ranks.node, mine);
  const auto spread = [&](const auto& seconds_of) {
    double most = 0, sum = 0;
    for (const auto& rank : all) {
      most = std::max(most, seconds_of(rank));
      sum += seconds_of(rank);
    }
    return most / (sum / static_cast<double>(all.size())) - 1;
  };
  std::vector<double> pieces;
  for (std::size_t i = 0; i < static_cast<std::size_t>(npiece); ++i)
    pieces.push_back(spread([&](const std::vector<double>& rank) { return rank[i]; }));
  const double whole =
      spread([](const std::vector<double>& rank) { return std::accumulate(rank.begin(), rank.end(), 0.0); });
  measured.jitter = most_over_ranks(ranks.world, median(pieces));
  measured.jitter_whole = most_over_ranks(ranks.world, whole);
}

/// Points in a second of a thread on each of these processors; 0 if the system doesn't let it run there.
double rate_on(const std::vector<int>& processors, double seconds) {
  std::atomic<bool> refused = false;
  std::vector<double> rates(processors.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < processors.size(); ++i)
    threads.emplace_back([&, i] {
      constexpr int most = 8192;
      cpu_set_t* set = CPU_ALLOC(most);
      const std::size_t size = CPU_ALLOC_SIZE(most);
      CPU_ZERO_S(size, set);
      CPU_SET_S(static_cast<std::size_t>(processors[i]), size, set);
      if (pthread_setaffinity_np(pthread_self(), size, set) != 0) refused = true;
      CPU_FREE(set);
      Counter counter(1000 + static_cast<int>(i));
      rates[i] = static_cast<double>(few) * times_a_second(seconds, [&] { counter.count(few); });
    });
  threads.clear();  // joins them
  return refused ? 0 : std::accumulate(rates.begin(), rates.end(), 0.0);
}

}  // namespace

PiMeasured measure_pi(const Ranks& ranks, double seconds) {
  const comm::Communicator& world = ranks.world;
  const Cores cores = read_cores();
  PiMeasured measured;
  measured.cores = static_cast<int>(cores.size());
  measured.faults = binding_faults(gather_bindings(ranks), cores);
  std::vector<int> counts;
  for (int n = 1; n < world.size(); n *= 2) counts.push_back(n);
  counts.push_back(world.size());
  Counter counter(world.rank());
  for (const int n : counts)
    measured.curve.push_back({n, rate_of_first(world, n, 0.5 * seconds / static_cast<double>(counts.size()), counter)});
  measure_jitter(ranks, measured.alone(), 0.2 * seconds, counter, measured);

  struct Alone {
    int threads = 1, hardware_threads = 1;
    double by_threads = 0, gain = 1;
  } alone;
  world.barrier();
  if (world.is_root()) {
    alone.threads = static_cast<int>(kernels::host_concurrency());
    const std::uint64_t many = few * static_cast<std::uint64_t>(alone.threads) * 16;
    if (alone.threads > 1)
      alone.by_threads = static_cast<double>(many) *
                         times_a_second(0.1 * seconds, [&] { (void)kernels::count_in_circle_by_threads(0, many); });
    const auto several =
        std::find_if(cores.begin(), cores.end(), [](const std::vector<int>& threads) { return threads.size() > 1; });
    if (several != cores.end()) {
      const double one = rate_on({several->front()}, 0.1 * seconds), all = rate_on(*several, 0.1 * seconds);
      if (one > 0 && all > 0) {
        alone.gain = all / one;
        alone.hardware_threads = static_cast<int>(several->size());
      }
    }
  }
  world.quiet_barrier();
  alone = comm::all_gather(world, alone).front();
  measured.threads = alone.threads;
  measured.by_threads = alone.by_threads;
  measured.hardware_threads = alone.hardware_threads;
  measured.thread_gain = alone.gain;
  measured.pi = 4 * sum_over_ranks(world, counter.inside()) / sum_over_ranks(world, counter.done());
  return measured;
}

Section describe(const PiMeasured& measured) {
  Section section{"pi by Monte Carlo: work that needs nobody else, the ideal curve", {}};
  constexpr double million = 1e6;
  const auto percent = [](double part) { return fmt::format("{:.0f} %", 100 * part); };
  for (const auto& point : measured.curve) {
    const double efficiency = point.rate / (point.ranks * measured.alone());
    section.rows.push_back(
        {point.ranks == 1 ? "one rank, all others asleep" : fmt::format("{} ranks at once", point.ranks),
         digits(point.rate / million), "1e6 points/s", point.ranks == 1 ? "" : percent(efficiency),
         point.rate / measured.curve.back().rate});
  }
  if (measured.threads > 1)
    section.rows.push_back({fmt::format("{} threads of a rank", measured.threads),
                            digits(measured.by_threads / million), "1e6 points/s",
                            percent(measured.by_threads / (measured.threads * measured.alone())) + " of ideal"});
  section.rows.push_back({"jitter of 5 ms pieces", digits(measured.jitter), "", "slowest / mean - 1"});
  section.rows.push_back({"jitter of all pieces together", digits(measured.jitter_whole), "", "slowest / mean - 1"});
  section.rows.push_back({"cores of a node", std::to_string(measured.cores), ""});
  if (measured.hardware_threads > 1)
    section.rows.push_back({fmt::format("{} hardware threads of a core", measured.hardware_threads),
                            digits(measured.thread_gain), "times one"});
  else
    section.rows.push_back({"hardware threads of a core", "1", "", "no gain to be had"});
  section.rows.push_back({"pi", fmt::format("{:.6f}", measured.pi), ""});
  section.remarks = measured.faults;
  return section;
}

void fill(const PiMeasured& measured, config::MachineConfig& machine) {
  machine.cores = measured.cores;
  machine.thread_gain = measured.thread_gain;
  machine.jitter = measured.jitter_whole;  // of long work
}

}  // namespace zspex::pipeline::measure
