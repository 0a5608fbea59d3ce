#include "pipeline/measure/fits.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "core/format.hpp"
#include "pipeline/comm/agree.hpp"
#include "pipeline/measure/invented.hpp"
#include "pipeline/redshift/survey_bands.hpp"

namespace zspex::pipeline::measure {
namespace {

using kernels::BackendKind;
constexpr double giga = 1e9;
constexpr int enough_for_a_core = 64;  // targets: its rate doesn't grow any more

/// Which of the ranks that share this rank's GPU it is, and how many there are; -1 and 0 without one. Collective.
struct Place {
  int place = -1, ranks = 0;
};
Place place_on_gpu(const Ranks& ranks) {
  const Role& mine = ranks.mine();
  const auto visible = kernels::visible_devices();
  std::string name = std::to_string(mine.node) + ":";  // without a GPU in the program the node's host stands for one
  if (mine.device >= 0 && static_cast<std::size_t>(mine.device) < visible.size())
    name += visible[static_cast<std::size_t>(mine.device)];
  if (!mine.on_gpu) name.clear();
  const auto all = comm::all_gather_lists(ranks.world, std::vector<char>(name.begin(), name.end()));
  Place place;
  if (!mine.on_gpu) return place;
  for (std::size_t irank = 0; irank < all.size(); ++irank) {
    if (std::string(all[irank].begin(), all[irank].end()) != name) continue;
    if (static_cast<int>(irank) == ranks.world.rank()) place.place = place.ranks;
    ++place.ranks;
  }
  return place;
}

/// Launches of 1, 2, 4, ... targets, as long as there is time.
Batches time_batches(const SliceScan& slice, int most, double seconds) {
  Batches batches;
  const Stopwatch watch;
  for (int n = 1;; n = std::min(2 * n, most)) {
    const Stopwatch launches;
    int times = 0;
    do {
      slice.scan(static_cast<std::size_t>(n));
      ++times;
    } while (launches.seconds() < 0.02 * seconds);
    batches.fits.push_back(n * slice.redshifts());
    batches.seconds.push_back(launches.seconds() / times);
    // The next one takes twice as long.
    if (n == most || watch.seconds() + 2 * batches.seconds.back() > seconds) return batches;
  }
}

/// Medians over the ranks that took part, of as many sizes as all of them did. Collective.
Batches over_ranks(const comm::Communicator& world, const Batches& mine) {
  const auto all = comm::all_gather_lists(world, mine.seconds), fits = comm::all_gather_lists(world, mine.fits);
  std::size_t n = std::numeric_limits<std::size_t>::max();
  for (const auto& one : all)
    if (!one.empty()) n = std::min(n, one.size());
  Batches batches;
  for (std::size_t rank = 0; rank < all.size() && batches.fits.empty(); ++rank)
    if (!fits[rank].empty())
      batches.fits.assign(fits[rank].begin(), fits[rank].begin() + static_cast<std::ptrdiff_t>(n));
  for (std::size_t i = 0; i < batches.fits.size(); ++i) {
    std::vector<double> seconds;
    for (const auto& one : all)
      if (!one.empty()) seconds.push_back(one[i]);
    batches.seconds.push_back(median(seconds));
  }
  return batches;
}

/// Of the values that aren't 0: of ranks that took part. Collective.
double median_of_some(const comm::Communicator& world, double mine) {
  auto all = comm::all_gather(world, mine);
  std::erase(all, 0.0);
  return median(all);
}
BackendRates median_of_some(const comm::Communicator& world, const BackendRates& mine) {
  return {median_of_some(world, mine.rebin), median_of_some(world, mine.scan), median_of_some(world, mine.fine)};
}

double product_rate(BackendKind kind, int n, double seconds) {
  kernels::MatrixProduct product(kind, n);
  return product.operations() / giga * times_a_second(seconds, [&] { product.run(); });
}

bool mps_runs() {
  const char* folder = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
  std::error_code ignored;
  return std::filesystem::exists(std::string(folder != nullptr ? folder : "/tmp/nvidia-mps") + "/control", ignored);
}

}  // namespace

BatchModel fit_batches(const Batches& batches, double launch) {
  // t = a + b n, weights 1 / t^2: what counts is by which part of itself a time is off.
  double w = 0, wn = 0, wnn = 0, wt = 0, wnt = 0;
  for (std::size_t i = 0; i < batches.fits.size(); ++i) {
    const double n = batches.fits[i], t = batches.seconds[i], weight = 1 / (t * t);
    w += weight;
    wn += weight * n;
    wnn += weight * n * n;
    wt += weight * t;
    wnt += weight * n * t;
  }
  const double determinant = w * wnn - wn * wn;
  if (!(determinant > 1e-12 * w * wnn)) return {launch, wt > 0 ? wn / wt : 0, 0};
  const double a = (wt * wnn - wnt * wn) / determinant, b = (w * wnt - wn * wt) / determinant;
  if (!(b > 0)) return {launch, 0, 0};
  return {std::clamp(launch, 0.0, std::max(a, 0.0)), 1 / b, std::max(a - launch, 0.0) / b};
}

double break_even(const BatchModel& gpu, const BatchModel& core) {
  const double gain = 1 / core.rate - 1 / gpu.rate;  // seconds of each fit
  if (!(gain > 0)) return std::numeric_limits<double>::infinity();
  return std::max(0.0, (gpu.seconds(0) - core.seconds(0)) / gain);
}

FitsMeasured measure_fits(const Ranks& ranks, const Sizes& sizes, double node_memory, double seconds) {
  const comm::Communicator& world = ranks.world;
  const config::RedshiftConfig config;
  const TargetList bands = survey_bands();
  FitsMeasured measured;
  measured.has_gpu = ranks.any_gpu();
  measured.matrix = sizes.matrix;
  const Place place = place_on_gpu(ranks);
  std::shared_ptr<kernels::RedshiftFitter> fitter;
  kernels::OwnTargets targets;
  int it = 0;
  world.barrier();
  comm::agree(world, "measure fits", [&] {
    fitter = survey_fitter(config);
    it = longest_template(*fitter);
    targets = invent_targets(*fitter, bands, 1);
    // A quarter of the node's memory for the targets of all its ranks.
    const auto one = static_cast<double>(targets.arrays().root_ivar.size() * 2 * sizeof(double) +
                                         targets.arrays().rows.size() * sizeof(float));
    const double room = node_memory / 4 / ranks.node.size() / one;
    measured.gpu_targets = std::clamp(static_cast<int>(std::min(room, 1e6)), 1, sizes.targets);
    measured.host_targets = std::min(measured.gpu_targets, enough_for_a_core);
    targets = invent_targets(*fitter, bands, static_cast<std::size_t>(measured.gpu_targets));
    fitter->set_targets(targets.packed, targets.arrays(), false);
  });

  // All cores at work.
  BackendRates host;
  double product = 0;
  Batches batches;
  comm::agree(world, "measure fits", [&] {
    const kernels::FitBackend& backend = fitter->backend(BackendKind::host);
    const double threads = static_cast<double>(kernels::host_concurrency());
    host = measure_host_rates(*fitter, it, config, static_cast<std::size_t>(measured.host_targets), 0.08 * seconds);
    product = product_rate(BackendKind::host, sizes.matrix, 0.04 * seconds) / threads;
    const SliceScan slice(backend, *fitter, it, config);
    measured.slice = slice.redshifts();
    batches = time_batches(slice, measured.gpu_targets, 0.5 * seconds);
  });
  measured.host = median_of_some(world, host);
  measured.host_product = median_of_some(world, product);
  measured.host_batches = over_ranks(world, batches);
  measured.host_model = fit_batches(measured.host_batches, 0);
  if (!measured.has_gpu) return measured;

  // One rank on each GPU, and nobody else.
  const int most = static_cast<int>(most_over_ranks(world, place.ranks));
  BackendRates gpu;
  double launch = 0, upload = 0;
  kernels::CopySeconds copy;
  product = 0;
  batches = {};
  std::optional<SliceScan> slice;
  world.barrier();
  comm::agree(world, "measure fits on a GPU", [&] {
    if (place.place < 0) return;
    fitter->copy_targets_to_device();
    const kernels::FitBackend& backend = fitter->backend(BackendKind::device);
    slice.emplace(backend, *fitter, it, config);
    if (place.place != 0) return;
    gpu = measure_rates(backend, *fitter, it, config, static_cast<std::size_t>(measured.gpu_targets), 0.05 * seconds);
    product = product_rate(BackendKind::device, sizes.matrix, 0.03 * seconds);
    kernels::MatrixProduct nothing(BackendKind::device, 1);
    launch = 1 / times_a_second(0.01 * seconds, [&] { nothing.run(); });
    upload = upload_rate(*fitter, std::size_t{4} << 20, 0.03 * seconds);
    copy = kernels::time_copies(sizes.array);
    batches = time_batches(*slice, measured.gpu_targets, 0.15 * seconds);
  });
  measured.gpu = median_of_some(world, gpu);
  measured.gpu_product = median_of_some(world, product);
  measured.upload = median_of_some(world, upload);
  measured.copied = static_cast<double>(sizes.array);
  measured.copy = {median_of_some(world, copy.to_device), median_of_some(world, copy.to_host)};
  measured.gpu_batches = over_ranks(world, batches);
  measured.gpu_model = fit_batches(measured.gpu_batches, median_of_some(world, launch));

  // A GPU's targets dealt to 1, 2, 4 and 8 of its ranks.
  double alone = 0;
  for (int n = 1; n <= std::min(most, 8); n *= 2) {
    double mine = 0;
    world.barrier();
    comm::agree(world, "measure a shared GPU", [&] {
      const auto share = static_cast<std::size_t>(std::max(1, measured.gpu_targets / n));
      if (place.place >= 0 && place.place < n && place.ranks >= n)
        mine = static_cast<double>(share) * times_a_second(0.05 * seconds, [&] { slice->scan(share); });
    });
    const double speed = n * median_of_some(world, mine);
    if (n == 1) alone = speed;
    measured.shared.push_back({n, speed / alone});
  }
  measured.mps = comm::all_gather(world, static_cast<int>(mps_runs())).front() != 0;
  return measured;
}

Section describe(const FitsMeasured& measured) {
  Section section{fmt::format("redshift fits: 3 bands, 10 basis vectors, slices of {} redshifts", measured.slice), {}};
  auto& rows = section.rows;
  const char *operations = "1e9 op/s", *values = "1e9 values/s";
  const auto rates = [&](const BackendRates& rate, const char* who, int targets) {
    rows.push_back({fmt::format("rebin, {}", who), digits(rate.rebin), values});
    rows.push_back({fmt::format("scan, {}", who), digits(rate.scan), operations, fmt::format("{} targets", targets)});
    rows.push_back(
        {fmt::format("fine scan, {}", who), digits(rate.fine), operations, fmt::format("{} targets", targets)});
  };
  const auto batches = [&](const Batches& measured_ones, const BatchModel& model, const char* who) {
    double best = 0;
    for (std::size_t i = 0; i < measured_ones.fits.size(); ++i)
      best = std::max(best, measured_ones.fits[i] / measured_ones.seconds[i]);
    for (std::size_t i = 0; i < measured_ones.fits.size(); ++i) {
      const double n = measured_ones.fits[i], rate = n / measured_ones.seconds[i];
      rows.push_back({fmt::format("{:.0f} fits at once, {}", n, who), digits(rate), "fits/s", "", rate / best});
    }
    rows.push_back({fmt::format("half speed, {}", who),
                    digits(model.half + model.launch * model.rate),
                    "fits",
                    fmt::format("of {} fits/s", digits(model.rate)),
                    {},
                    true});
  };
  rates(measured.host, "a core", measured.host_targets);
  rows.push_back({"matrix product, a core", digits(measured.host_product), operations,
                  fmt::format("{0} x {0}, plain", measured.matrix)});
  batches(measured.host_batches, measured.host_model, "a rank");
  if (!measured.has_gpu) {
    section.remarks.push_back("No GPU: its rates, batches and sharing are left out.");
    return section;
  }
  rates(measured.gpu, "a GPU", measured.gpu_targets);
  rows.push_back({"matrix product, a GPU", digits(measured.gpu_product), operations,
                  fmt::format("{0} x {0}, plain", measured.matrix)});
  batches(measured.gpu_batches, measured.gpu_model, "a GPU");
  rows.push_back({"launch, a GPU", digits(1e6 * measured.gpu_model.launch), "microseconds", "of an empty kernel"});
  rows.push_back({"a GPU beats a core from",
                  digits(break_even(measured.gpu_model, measured.host_model)),
                  "fits at once",
                  "",
                  {},
                  true});
  rows.push_back({"slices to a GPU", digits(measured.upload), "1e9 bytes/s"});
  const std::string size = format_bytes(static_cast<std::uint64_t>(measured.copied));
  for (const auto& [name, seconds] : {std::pair{"pinned memory to a GPU", measured.copy.to_device},
                                      std::pair{"a GPU to pinned memory", measured.copy.to_host}})
    if (seconds > 0) rows.push_back({name, digits(measured.copied / giga / seconds), "1e9 bytes/s", size});
  for (const auto& [n, speed] : measured.shared)
    rows.push_back({fmt::format("{} rank{} on a GPU", n, n == 1 ? "" : "s"), digits(speed), "times one",
                    measured.mps ? "with MPS" : "without MPS", speed / 2});
  if (measured.shared.size() < 4)
    section.remarks.push_back(fmt::format("A GPU with more ranks than {} was not measured: there are no more on it.",
                                          measured.shared.back().ranks));
  return section;
}

void fill(const FitsMeasured& measured, config::MachineConfig& machine) {
  machine.host_rebin = measured.host.rebin;
  machine.host_scan = measured.host.scan;
  machine.host_fine = measured.host.fine;
  count_whole_cores(machine);
  if (!measured.has_gpu) return;
  machine.gpu_rebin = measured.gpu.rebin;
  machine.gpu_scan = measured.gpu.scan;
  machine.gpu_fine = measured.gpu.fine;
  machine.gpu_bandwidth = measured.upload;
  machine.gpu_launch = 1e6 * measured.gpu_model.launch;
  machine.gpu_half_batch = measured.gpu_model.half;
  if (!measured.shared.empty()) machine.gpu_sharing = measured.shared.back().speed;
}

}  // namespace zspex::pipeline::measure
