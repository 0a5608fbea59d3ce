// Tests that run the same on every rank: all ranks go through the same tests in the same order, rank 0 tells how it
// goes, also as XML (--gtest_output), and the others speak only when they fail. The exit status is that of the worst rank.
#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdio>
#include <string>

#include "kernels/base/session.hpp"
#include "pipeline/comm/communicator.hpp"

namespace {

class FailuresOfRank : public testing::EmptyTestEventListener {
 public:
  explicit FailuresOfRank(int rank) : rank_(rank) {}

 private:
  // The test's name is kept here: asking GoogleTest for it during OnTestPartResult would wait for a lock that we hold.
  void OnTestStart(const testing::TestInfo& test) override {
    test_ = std::string(test.test_suite_name()) + "." + test.name();
  }
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "[rank %d] %s %s:%d\n%s\n", rank_, test_.c_str(),
                 result.file_name() ? result.file_name() : "-", result.line_number(), result.message());
  }
  int rank_;
  std::string test_ = "-";
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const zspex::comm::MpiSession mpi(argc, argv);
  auto world = zspex::comm::Communicator::duplicate(MPI_COMM_WORLD);
  const zspex::kernels::KokkosSession kokkos(zspex::kernels::BackendKind::device, -1, true);

  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
    listeners.Append(new FailuresOfRank(world.rank()));
  }
  int failed = RUN_ALL_TESTS(), failed_anywhere = 0;
  MPI_Allreduce(&failed, &failed_anywhere, 1, MPI_INT, MPI_MAX, world.raw());
  return failed_anywhere;
}
