#include "pipeline/redshift/targets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/error.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {
namespace {

using Ids = std::vector<std::int64_t>;
using config::SimulateKind;

/// Files of dark spectra of these targets: of interest is who is in them.
class ListTargets : public testing::Test {
 protected:
  /// \param kind  a coadd, or uncoadded spectra
  io::SpectraFile spectra_of(const Ids& targetid, SimulateKind kind = SimulateKind::coadds) const {
    std::vector<std::size_t> rows(targetid.size(), 0);
    io::SpectraFile file = pick_rows(small_survey(kind, 1), rows);
    file.targetid = targetid;
    for (io::Table* table : {&file.fibermap, &*file.scores})
      std::get<Ids>(const_cast<io::Column*>(table->find("TARGETID"))->values) = targetid;
    return file;
  }
  void add_file(const Ids& targetid, SimulateKind kind = SimulateKind::coadds) { add_file(spectra_of(targetid, kind)); }
  void add_file(const io::SpectraFile& file) {
    config_.input.push_back(folder_ / (std::to_string(config_.input.size()) + ".fits"));
    write_survey(config_.input.back(), file);
  }

  TargetList list() const { return list_targets(config_); }
  std::string refusal(ExitCode code) const {
    try {
      list();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "(not refused)";
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::RedshiftConfig config_;
};

/// "0:3 1:0" for row 3 of the first file and row 0 of the second.
std::string places(const TargetList& list, std::size_t target) {
  std::string out;
  for (const SpectrumSource& source : list.sources[target])
    out += (out.empty() ? "" : " ") + std::to_string(source.file) + ":" + std::to_string(source.row);
  return out;
}

TEST_F(ListTargets, AreInTheOrderOfTheirFirstAppearance) {
  add_file({30, -8, 10});
  add_file({5, 10, 40}, SimulateKind::spectra);
  const TargetList list = this->list();
  EXPECT_EQ(list.targetid, (Ids{30, -8, 10, 5, 40}));
  EXPECT_EQ(places(list, 0), "0:0");
  EXPECT_EQ(places(list, 1), "0:1") << "an id below zero is an id";
  EXPECT_EQ(places(list, 2), "0:2 1:1") << "a target of two files";
  EXPECT_EQ(places(list, 4), "1:2");
  EXPECT_EQ(list.rows_of(0), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(list.rows_of(1), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(list.rows_of(2), (std::vector<std::size_t>{}));
}

TEST_F(ListTargets, RowsOfOneTargetAreItsExposures) {
  add_file({7, 3, 7, 7, 3, 1}, SimulateKind::spectra);
  add_file({3, 3});
  const TargetList list = this->list();
  EXPECT_EQ(list.targetid, (Ids{7, 3, 1}));
  EXPECT_EQ(places(list, 0), "0:0 0:2 0:3");
  EXPECT_EQ(places(list, 1), "0:1 0:4 1:0 1:1") << "file by file, row by row; of coadds, too";
}

TEST_F(ListTargets, GivenIdsComeInTheirOwnOrder) {
  add_file({1, 2, 3});
  add_file({4, 2, 5});
  config_.targetids = {5, 2, 1};
  const TargetList list = this->list();
  EXPECT_EQ(list.targetid, (Ids{2, 1, 5})) << "in each file; first those of the first file, as Redrock does";
  EXPECT_EQ(places(list, 0), "0:1 1:1");
  EXPECT_EQ(list.rows_of(1), (std::vector<std::size_t>{1, 2})) << "rows grow, whatever the order";
  config_.targetids = {5, 77, 78};
  const std::string what = refusal(ExitCode::usage);
  EXPECT_NE(what.find("redshift.targetids: expected targets that are in the files, found 77"), std::string::npos)
      << what;
}

TEST_F(ListTargets, ASliceIsTakenOfEachFile) {
  add_file({1, 2, 3, 4, 2}, SimulateKind::spectra);
  add_file({5, 6});
  const auto slice = [&](int mintarget, int ntargets) {
    config_.mintarget = mintarget;
    config_.ntargets = ntargets;
    return list().targetid;
  };
  EXPECT_EQ(slice(0, 0), (Ids{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(slice(1, 0), (Ids{2, 3, 4, 6})) << "without a number: all from there on";
  EXPECT_EQ(slice(0, 1), (Ids{1, 5}));
  EXPECT_EQ(slice(1, 2), (Ids{2, 3, 6})) << "of a file that has fewer: those that there are";
  EXPECT_EQ(places(list(), 0), "0:1 0:4") << "targets are counted, not their rows";
  EXPECT_EQ(slice(3, 9), (Ids{4})) << "a file may have none";
  config_.mintarget = 4;
  const std::string what = refusal(ExitCode::input);
  EXPECT_NE(what.find("expected more than --mintarget 4 targets in one of the files"), std::string::npos) << what;
}

TEST_F(ListTargets, AFileWithoutRowsAddsNothing) {
  add_file(Ids{});
  const std::string what = refusal(ExitCode::input);
  EXPECT_NE(what.find("0.fits[FIBERMAP]: expected at least one target, found none"), std::string::npos) << what;
  add_file({3, 4});
  EXPECT_EQ(list().targetid, (Ids{3, 4}));
  EXPECT_EQ(places(list(), 1), "1:1");
}

TEST_F(ListTargets, BandsAreThoseOfAllFiles) {
  io::SpectraFile r_alone = spectra_of({1}), b_and_z = spectra_of({2});
  r_alone.bands = {r_alone.bands[1]};
  b_and_z.bands = {b_and_z.bands[2], b_and_z.bands[0]};
  for (io::BandSpectra& band : b_and_z.bands) band.resolution = Array3<float>({1, 13, band.wave.size()});
  add_file(r_alone);
  add_file(b_and_z);
  add_file({3});
  const TargetList list = this->list();
  std::string names;
  for (const BandGrid& band : list.bands) names += band.band;
  EXPECT_EQ(names, "rzb") << "as they appear";
  EXPECT_EQ(list.bands[0].wave, small_survey(SimulateKind::coadds, 1).bands[1].wave);
  EXPECT_EQ(list.bands[0].ndiag, 11);
  EXPECT_EQ(list.bands[1].ndiag, 13) << "the most of all files";
}

TEST_F(ListTargets, UnlikeWavelengthsOfABandAreRefused) {
  for (const bool shorter : {false, true}) {
    config_.input.clear();
    add_file({1});
    io::SpectraFile other = spectra_of({2});
    io::BandSpectra& band = other.bands[1];
    if (shorter) {
      const std::size_t nwave = band.wave.size() - 1;
      band.wave.pop_back();
      band.flux = band.ivar = Array2<float>({1, nwave});
      band.mask = Array2<std::uint32_t>({1, nwave});
      band.resolution = Array3<float>({1, 11, nwave});
    } else {
      band.wave[40] += 1e-4;
    }
    add_file(other);
    const std::string what = refusal(ExitCode::input);
    for (const char* word :
         {"1.fits[r wavelengths]", "expected the grid of the files before (101 wavelengths from 6046",
          shorter ? "found another (100 from" : "found another (101 from"})
      EXPECT_NE(what.find(word), std::string::npos) << word << " not in: " << what;
  }
  config_.input.clear();
  add_file({1});
  io::SpectraFile rounded = spectra_of({2});
  for (double& wave : rounded.bands[1].wave) wave += 5e-7;
  add_file(rounded);
  EXPECT_EQ(list().size(), 2u) << "rounding is not another grid";
}

TEST_F(ListTargets, FilesThatAreNoneAreNamed) {
  add_file({1});
  config_.input.push_back(folder_ / "missing.fits");
  const std::string what = refusal(ExitCode::input);
  EXPECT_NE(what.find("missing.fits"), std::string::npos) << what;
}

/// Targets with so many spectra each.
TargetList with_spectra(const std::vector<int>& counts) {
  TargetList list;
  for (const int n : counts) {
    list.targetid.push_back(static_cast<std::int64_t>(list.size()));
    list.sources.emplace_back(static_cast<std::size_t>(n));
  }
  return list;
}

using Dealt = std::vector<std::vector<int>>;

/// To so many ranks.
Dealt deal(const TargetList& list, int nrank, double first_capacity = 1) {
  std::vector<double> capacities(static_cast<std::size_t>(nrank), 1);
  capacities[0] = first_capacity;
  return deal_targets(list, 0, list.size(), capacities);
}

TEST(DealTargets, EqualOnesGoRound) {
  EXPECT_EQ(deal(with_spectra({1, 1, 1, 1, 1, 1, 1}), 3), (Dealt{{0, 3, 6}, {1, 4}, {2, 5}})) << "as Redrock does";
  EXPECT_EQ(deal(with_spectra({2, 2}), 1), (Dealt{{0, 1}}));
}

TEST(DealTargets, TheMostWorkIsDealtFirstToTheRankWithLeast) {
  // 5 to rank 0, 4 to 1, 3 to 2; then 2 (the fourth) to 2, which has 3; 1s to 1 with 4, and to 0, the first of equals.
  EXPECT_EQ(deal(with_spectra({1, 4, 2, 5, 3, 1}), 3), (Dealt{{3, 5}, {0, 1}, {2, 4}}));
}

TEST(DealTargets, RanksMayBeMoreThanTargets) {
  EXPECT_EQ(deal(with_spectra({1, 3}), 4), (Dealt{{1}, {0}, {}, {}}));
  EXPECT_EQ(deal(with_spectra({}), 2), (Dealt{{}, {}}));
}

TEST(DealTargets, WhoCanDoMoreGetsMore) {
  EXPECT_EQ(deal(with_spectra({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), 3, 3), (Dealt{{0, 1, 2, 5, 6, 7}, {3, 8}, {4, 9}}));
  // Part of a list: indices are those of the list.
  EXPECT_EQ(deal_targets(with_spectra({9, 1, 2, 1, 9}), 1, 3, {1, 1}), (Dealt{{2}, {1, 3}}));
}

TEST(DealTargets, EachGoesToTheRankThatWouldBeDoneFirst) {
  // Of equals the one that can do more, then the first: looked at one by one.
  std::vector<int> counts;
  for (int i = 0; i < 200; ++i) counts.push_back(1 + i * 7 % 11);
  for (const std::vector<double>& capacities :
       {std::vector<double>{1, 15, 1, 1, 15, 1}, {3, 1, 2.5}, {1, 1, 1, 1}, {0.5, 8, 8, 0.5, 0.5}}) {
    std::vector<int> order(counts.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return counts[a] > counts[b]; });
    Dealt expected(capacities.size());
    std::vector<double> load(capacities.size(), 0);
    for (const int i : order) {
      std::size_t best = 0;
      for (std::size_t k = 1; k < load.size(); ++k) {
        const double here = (load[k] + counts[i]) / capacities[k], there = (load[best] + counts[i]) / capacities[best];
        if (here < there || (here == there && capacities[k] > capacities[best])) best = k;
      }
      expected[best].push_back(i);
      load[best] += counts[i];
    }
    for (auto& ranks : expected) std::sort(ranks.begin(), ranks.end());
    EXPECT_EQ(deal_targets(with_spectra(counts), 0, counts.size(), capacities), expected);
  }
}

TEST(DealTargets, EachIsDealtOnceAndLoadsAreEven) {
  std::vector<int> counts;
  for (int i = 0; i < 101; ++i) counts.push_back(1 + i * i % 13);
  for (const int nrank : {1, 2, 7, 16}) {
    std::vector<int> seen;
    std::vector<int> loads;
    for (const auto& mine : deal(with_spectra(counts), nrank)) {
      EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end())) << "files are read in order";
      seen.insert(seen.end(), mine.begin(), mine.end());
      int load = 0;
      for (const int i : mine) load += counts[static_cast<std::size_t>(i)];
      loads.push_back(load);
    }
    std::sort(seen.begin(), seen.end());
    std::vector<int> all(101);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(seen, all);
    const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
    EXPECT_LE(*most - *least, 1) << nrank << " ranks; targets of one exposure come last and fill the gaps";
  }
}

}  // namespace
}  // namespace zspex::pipeline
