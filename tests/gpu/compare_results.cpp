// compare_results NEW REFERENCE: whether two redshift files, or two frames, of zspex agree as far as rounding lets them. Prints
// one line; exit status 0: they agree, 1: they don't, 2: they can't be compared. For scripts/check_gpu.sh, on machines that may
// have neither Python nor its modules.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/frame.hpp"
#include "io/redshifts.hpp"
#include "io/results.hpp"

namespace {

using namespace zspex;

// Sums in another order: in double, 1e-9 of chi^2 and 1e-9 of 1 + z have been seen; extracted spectra differ by 4e-12 sigma,
// and are stored as float.
constexpr double most_dz = 1e-7, most_dchi2 = 1e-9, most_sigma = 1e-5, most_resolution = 1e-5;

/// As std::max, but a NaN stays: a comparison with it would pass.
void raise_to(double& most, double value) {
  if (!(value <= most)) most = value;
}

bool compare_redshifts(const std::vector<io::RedshiftRow>& mine, const std::vector<io::RedshiftRow>& reference) {
  if (mine.size() != reference.size() || mine.empty()) {
    std::printf("expected %zu targets, found %zu\n", reference.size(), mine.size());
    return false;
  }
  std::size_t same = 0;
  double dz = 0, dchi2 = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const io::RedshiftRow &a = mine[i], &b = reference[i];
    if (a.targetid == b.targetid && a.spectype == b.spectype && a.subtype == b.subtype && a.zwarn == b.zwarn) ++same;
    raise_to(dz, std::abs(a.z - b.z) / (1 + b.z));
    raise_to(dchi2, std::abs(a.model_chi2 - b.model_chi2) / std::max(std::abs(b.model_chi2), 1.0));
  }
  std::printf("%zu of %zu with the same type and ZWARN, |dz|/(1+z) to %.1e, chi2 to %.1e\n", same, mine.size(), dz,
              dchi2);
  return same == mine.size() && dz <= most_dz && dchi2 <= most_dchi2;
}

bool compare_frames(const io::Frame& mine, const io::Frame& reference) {
  if (mine.flux.size() != reference.flux.size() || mine.resolution.size() != reference.resolution.size() ||
      mine.flux.size() == 0) {
    std::printf("expected %zu bins, found %zu\n", reference.flux.size(), mine.flux.size());
    return false;
  }
  const std::size_t nbin = mine.flux.size();
  std::size_t other_mask = 0;
  double sigma = 0, ivar = 0, resolution = 0;
  for (std::size_t i = 0; i < nbin; ++i) {
    const double flux = mine.flux.data()[i], weight = reference.ivar.data()[i];
    other_mask += mine.mask.data()[i] != reference.mask.data()[i];
    raise_to(sigma, std::abs(flux - reference.flux.data()[i]) * std::sqrt(weight));
    raise_to(ivar, weight == 0 ? mine.ivar.data()[i] : std::abs(mine.ivar.data()[i] / weight - 1));
  }
  for (std::size_t i = 0; i < mine.resolution.size(); ++i)
    raise_to(resolution, std::abs(double{mine.resolution.data()[i]} - reference.resolution.data()[i]));
  std::printf("%zu bins, flux to %.1e sigma, ivar to %.1e, resolution to %.1e, %zu other masks\n", nbin, sigma, ivar,
              resolution, other_mask);
  return other_mask == 0 && sigma <= most_sigma && ivar <= most_sigma && resolution <= most_resolution;
}

io::Frame read_frame(const io::ResultsSummary& summary) {
  return summary.kind == io::FileKind::frame_fits ? io::read_frame_fits(summary.path)
                                                  : io::read_frame_hdf5(summary.path);
}

bool compare(const std::string& mine, const std::string& reference) {
  const io::ResultsSummary a = io::read_summary(mine), b = io::read_summary(reference);
  if (a.has_redshifts && b.has_redshifts)
    return compare_redshifts(io::read_redshifts(mine), io::read_redshifts(reference));
  return compare_frames(read_frame(a), read_frame(b));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: compare_results NEW REFERENCE: two redshift files or two frames of zspex\n";
    return 2;
  }
  try {
    return compare(argv[1], argv[2]) ? 0 : 1;
  } catch (const Error& error) {
    std::cerr << "compare_results: " << error.what() << "\n";
    return 2;
  }
}
