// What becomes of several runs: their codes together, and their table.
#include "pipeline/outcome.hpp"

#include <gtest/gtest.h>

#include "tests/pipeline/comm/world.hpp"

namespace zspex::pipeline {
namespace {

TEST(Outcomes, TheCodeOfAllIsThatOfTheOneOrPartial) {
  const auto code = [](std::vector<ExitCode> codes) { return overall_code(codes); };
  EXPECT_EQ(code({ExitCode::success, ExitCode::success}), ExitCode::success);
  EXPECT_EQ(code({ExitCode::success, ExitCode::input}), ExitCode::partial);
  EXPECT_EQ(code({ExitCode::output, ExitCode::input}), ExitCode::output);
  EXPECT_EQ(code({ExitCode::numerics}), ExitCode::numerics);
  EXPECT_EQ(code({}), ExitCode::success);
}

TEST(Outcomes, TheTableQuotesWhatWouldBreakIt) {
  RunOutcome done{1, "coadd-2.fits", "redrock-2.fits"};
  done.nspec = 500;
  done.nwarned = 7;
  done.seconds = 12.3456;
  done.group = 3;
  done.host = "nid001234";
  const RunOutcome failed{
      2, "a, b.fits", "out.h5", RunOutcome::Status::failed, ExitCode::input, "expected \"x\",\nfound y"};
  const RunOutcome kept{0, "coadd-1.fits", "redrock-1.fits", RunOutcome::Status::kept};
  EXPECT_EQ(to_csv({kept, done, failed}),
            "number,input,output,status,exit_code,spectra,warned,seconds,group,host,reason\n"
            "1,coadd-1.fits,redrock-1.fits,kept,0,0,0,0.000,0,,\n"
            "2,coadd-2.fits,redrock-2.fits,done,0,500,7,12.346,3,nid001234,\n"
            "3,\"a, b.fits\",out.h5,failed,3,0,0,0.000,0,,\"expected \"\"x\"\", found y\"\n");
}

TEST(Outcomes, AFailureIsToldOnOneLineWithItsReason) {
  const RunOutcome failed{0, "a.fits", "out.h5", RunOutcome::Status::failed, ExitCode::input, "expected x,\nfound y"};
  EXPECT_EQ(describe_failure(failed), "a.fits -> out.h5: expected x, found y");
}

TEST(MpiOutcomes, AreGatheredInTheOrderOfTheJob) {
  const auto world = comm::test_world();
  std::vector<RunOutcome> mine;  // of rank r: n - 1 - r, 2n - 1 - r
  const int n = world.size();
  for (int i = 1; i <= 2; ++i)
    mine.push_back({static_cast<std::uint64_t>(i * n - 1 - world.rank()), std::to_string(world.rank()), "out"});
  const auto all = gather_outcomes(world, mine);
  ASSERT_EQ(all.size(), world.is_root() ? 2u * static_cast<unsigned>(n) : 0u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].index, i);
    EXPECT_EQ(all[i].input, std::to_string(n - 1 - static_cast<int>(i) % n));
  }
}

}  // namespace
}  // namespace zspex::pipeline
