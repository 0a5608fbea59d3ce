// Which GPUs are beside a rank's cores, from what Linux tells of devices.
#include "pipeline/nearness.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/pipeline/comm/test_folder.hpp"

namespace zspex::pipeline {
namespace {

TEST(Nearness, SetsOfProcessorsAreReadAsLinuxWritesThem) {
  EXPECT_EQ(parse_cpulist("0-3,8\n"), (std::vector{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpulist("48-49,112-113"), (std::vector{48, 49, 112, 113}));
  EXPECT_EQ(parse_cpulist("7"), std::vector{7});
  for (const char* other : {"", "\n", "a", "3-", "3-1", "1;2", "-1", "0-99999999999", "1,,2"})
    EXPECT_TRUE(parse_cpulist(other).empty()) << other;
}

TEST(Nearness, AGpuIsNearIfAllCoresOfTheRankAreBesideIt) {
  const auto self = comm::Communicator::duplicate(MPI_COMM_SELF);
  const TestFolder folder(self);
  // A node of Perlmutter: two threads a core.
  const auto device = [&](const std::string& place, const std::string& cpulist) {
    std::filesystem::create_directories(folder / place);
    std::ofstream(folder / (place + "/local_cpulist")) << cpulist << "\n";
  };
  device("0000:03:00.0", "48-63,112-127");
  device("0000:41:00.0", "32-47,96-111");
  device("0000:82:00.0", "16-31,80-95");
  device("0000:c1:00.0", "0-15,64-79");
  const std::vector<std::string> names = {"0000:03:00.0 GPU-a", "0000:41:00.0 GPU-b", "0000:82:00.0 GPU-c",
                                          "0000:C1:00.0 GPU-d", "0000:FF:00.0 GPU-unknown"};
  const auto near = [&](const std::vector<int>& allowed) { return near_gpus(names, allowed, folder.path()); };
  EXPECT_EQ(near({0, 64}), (std::vector<char>{0, 0, 0, 1, 0}));
  EXPECT_EQ(near({50}), (std::vector<char>{1, 0, 0, 0, 0}));
  EXPECT_EQ(near({15, 16}), (std::vector<char>(5, 0)));  // bound to no single one
  EXPECT_EQ(near({}), (std::vector<char>(5, 0)));
}

}  // namespace
}  // namespace zspex::pipeline
