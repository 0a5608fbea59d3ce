#include "pipeline/roles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/comm/agree.hpp"
#include "pipeline/extract/extract.hpp"
#include "pipeline/redshift/redshift.hpp"
#include "tests/pipeline/comm/world.hpp"

namespace zspex::pipeline {
namespace {

using comm::test_world;

/// Roles on a node of all ranks. \param visible  the GPUs that each rank sees; \param near  those beside its cores
Roles roles_on(const GpuRequest& request, const std::vector<std::string>& visible, bool gpu_program = true,
               const std::vector<char>& near = {}) {
  const auto world = test_world();
  return assign_roles(world, world.duplicate(), request, {visible, near}, gpu_program);
}

/// What the refusal says; the same on all ranks.
std::string refusal(const GpuRequest& request, const std::vector<std::string>& visible, bool gpu_program = true) {
  try {
    roles_on(request, visible, gpu_program);
  } catch (const comm::AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

const std::vector<std::string> four = {"0000:03:00.0", "0000:41:00.0", "0000:82:00.0", "0000:C1:00.0"};

TEST(MpiRoles, WithAllOnGpusRanksTakeThemInTurn) {
  const Roles roles = roles_on({GpuUse::all, 0, "redshift.gpu_ranks", ""}, {four[0], four[1]});
  const int nrank = test_world().size();
  for (int rank = 0; rank < nrank; ++rank) {
    const Role& role = roles.ranks[static_cast<std::size_t>(rank)];
    EXPECT_TRUE(role.on_gpu);
    EXPECT_EQ(role.device, rank % 2);
    EXPECT_EQ(role.ranks_per_gpu, (nrank + 1 - rank % 2) / 2);
  }
  EXPECT_EQ(roles.gpus, 2);
  EXPECT_EQ(roles.gpu_ranks_of(0), nrank);
}

TEST(MpiRoles, WithSomeOnGpusEachGpuHasOneRankAndTheOthersNone) {
  const int nrank = test_world().size();
  const Roles roles = roles_on({GpuUse::some, 0, "redshift.gpu_ranks", ""}, {four[0], four[1]});
  EXPECT_EQ(roles.gpu_ranks_of(0), std::min(2, nrank));
  EXPECT_TRUE(roles.ranks[0].on_gpu) << "the first rank has one if any has";
  std::vector<int> users(2, 0);
  for (const Role& role : roles.ranks) {
    EXPECT_EQ(role.ranks_per_gpu, 1);
    if (role.on_gpu) ++users[static_cast<std::size_t>(role.device)];
    EXPECT_EQ(role.device >= 0, role.on_gpu);
  }
  EXPECT_EQ(users[0], 1);
  EXPECT_EQ(users[1], nrank > 1 ? 1 : 0);
  // They are spread over the node.
  if (nrank == 4) {
    EXPECT_TRUE(roles.ranks[2].on_gpu);
  }
}

/// As on a node of Perlmutter, where the last GPU is beside the first cores.
std::vector<char> near_in_reverse() {
  std::vector<char> near(4, 0);
  near[static_cast<std::size_t>(3 - test_world().rank() % 4)] = 1;
  return near;
}

TEST(MpiRoles, EachRankHasTheGpuBesideItsCores) {
  for (const GpuUse use : {GpuUse::all, GpuUse::some}) {
    const Roles roles = roles_on({use, 0, "redshift.gpu_ranks", ""}, four, true, near_in_reverse());
    for (int rank = 0; rank < test_world().size(); ++rank)
      EXPECT_EQ(roles.ranks[static_cast<std::size_t>(rank)].device, 3 - rank % 4) << "rank " << rank;
  }
  const Roles one = roles_on({GpuUse::some, 1, "redshift.gpu_ranks", ""}, four, true, near_in_reverse());
  EXPECT_EQ(one.ranks[0].device, 3) << "the first rank has one if any has";
}

TEST(MpiRoles, NoGpuIsLeftAloneBecauseAllCoresAreBesideOne) {
  const int nrank = test_world().size();
  for (const GpuUse use : {GpuUse::all, GpuUse::some}) {
    const Roles roles = roles_on({use, 0, "redshift.gpu_ranks", ""}, four, true, {0, 0, 1, 0});
    std::vector<int> users(4, 0);
    for (const Role& role : roles.ranks) ++users[static_cast<std::size_t>(role.device)];
    EXPECT_EQ(*std::max_element(users.begin(), users.end()), (nrank + 3) / 4);
    EXPECT_EQ(roles.ranks[0].device, 2);
  }
}

TEST(MpiRoles, ALimitOfGpuRanksIsNoDemand) {
  const int nrank = test_world().size();
  for (const int most : {1, 3, 100})
    EXPECT_EQ(roles_on({GpuUse::some, 0, "redshift.gpu_ranks", "", most}, four).gpu_ranks_of(0),
              std::min({most, 4, nrank}));
  // In a program without a GPU the host takes the place of one, whatever the limit.
  EXPECT_EQ(roles_on({GpuUse::some, 0, "redshift.gpu_ranks", "", 4}, {}, false).gpu_ranks_of(0), 1);
}

TEST(MpiRoles, ABindingOfOneGpuToEachRankIsObeyed) {
  // Each rank sees a GPU of its own, as Slurm's --gpus-per-task leaves it: number 0 for each.
  const auto world = test_world();
  const std::string mine = four[static_cast<std::size_t>(world.rank()) % 4];
  const Roles all = roles_on({GpuUse::all, 0, "redshift.gpu_ranks", ""}, {mine});
  const Roles some = roles_on({GpuUse::some, 0, "redshift.gpu_ranks", ""}, {mine});
  for (const Roles* roles : {&all, &some}) {
    EXPECT_EQ(roles->gpus, std::min(world.size(), 4));
    for (const Role& role : roles->ranks) {
      EXPECT_TRUE(role.on_gpu);
      EXPECT_EQ(role.device, 0);
    }
  }
}

TEST(MpiRoles, AGpuIsUsedByARankThatSeesIt) {
  // Only the last rank sees a GPU.
  const auto world = test_world();
  const int last = world.size() - 1;
  const Roles roles = roles_on({GpuUse::some, 0, "redshift.gpu_ranks", ""},
                               world.rank() == last ? std::vector<std::string>{four[3]} : std::vector<std::string>());
  for (int rank = 0; rank <= last; ++rank)
    EXPECT_EQ(roles.ranks[static_cast<std::size_t>(rank)].on_gpu, rank == last) << rank;
  if (last > 0) {
    const std::string text =
        refusal({GpuUse::all, 0, "redshift.gpu_ranks", "choose strategy CPU"},
                world.rank() == last ? std::vector<std::string>{four[3]} : std::vector<std::string>());
    EXPECT_NE(text.find("found none that rank 0 of a node sees"), std::string::npos) << text;
    EXPECT_NE(text.find("or choose strategy CPU"), std::string::npos) << text;
  }
}

TEST(MpiRoles, MoreGpuRanksThanGpusOrRanksAreRefused) {
  const int nrank = test_world().size();
  const std::string gpus = refusal({GpuUse::some, 3, "redshift.gpu_ranks", "choose strategy CPU"}, {four[0], four[1]});
  EXPECT_NE(gpus.find("redshift.gpu_ranks: expected at most as many GPU ranks as GPUs, found 3 for 2"),
            std::string::npos)
      << gpus;
  const std::string none = refusal({GpuUse::some, 0, "extract.gpu_ranks", "use --device cpu"}, {});
  EXPECT_NE(none.find("expected a GPU on each node, found none"), std::string::npos) << none;
  EXPECT_NE(none.find("or use --device cpu"), std::string::npos) << none;
  if (nrank < 4) {
    for (const bool gpu_program : {true, false}) {
      const std::string ranks = refusal({GpuUse::some, 4, "redshift.gpu_ranks", ""}, four, gpu_program);
      EXPECT_NE(ranks.find("as many GPU ranks as ranks, found 4 for " + std::to_string(nrank)), std::string::npos)
          << ranks;
    }
  }
}

TEST(MpiRoles, WithoutAGpuInTheProgramTheHostStandsForOne) {
  const int nrank = test_world().size();
  const Roles one = roles_on({GpuUse::some, 0, "redshift.gpu_ranks", ""}, {}, false);
  EXPECT_EQ(one.gpu_ranks_of(0), 1);
  EXPECT_TRUE(one.ranks[0].on_gpu);
  EXPECT_EQ(one.ranks[0].device, -1);
  EXPECT_EQ(gpu_text(one.ranks[0]), "(0)");
  const Roles all = roles_on({GpuUse::all, 0, "redshift.gpu_ranks", ""}, {}, false);
  EXPECT_EQ(all.gpu_ranks_of(0), nrank);
  EXPECT_EQ(all.ranks[0].ranks_per_gpu, nrank);
  for (const auto& [use, gpu_program] :
       {std::pair(GpuUse::some_if_any, false), std::pair(GpuUse::some_if_any, true), std::pair(GpuUse::none, true)}) {
    const Roles none = roles_on({use, 0, "redshift.gpu_ranks", ""}, {}, gpu_program);
    EXPECT_EQ(none.gpu_ranks_of(0), 0);
    EXPECT_EQ(gpu_text(none.ranks[0]), "-");
  }
}

TEST(MpiRoles, NodesAreCountedByTheirLowestRank) {
  const auto world = test_world();
  const Roles roles = assign_roles(world, world.split(world.rank() % 2), {GpuUse::some, 0, "redshift.gpu_ranks", ""},
                                   {{four[0]}, {}}, true);
  EXPECT_EQ(roles.nnode, std::min(2, world.size()));
  for (int rank = 0; rank < world.size(); ++rank) {
    EXPECT_EQ(roles.ranks[static_cast<std::size_t>(rank)].node, rank % 2);
    EXPECT_EQ(roles.ranks[static_cast<std::size_t>(rank)].on_gpu, rank < 2) << "one per node";
  }
  EXPECT_EQ(roles.ranks_of(0), (world.size() + 1) / 2);
}

TEST(GpuRequestOfExtract, FollowsTheDevice) {
  config::ExtractConfig config;
  for (const bool gpu_program : {false, true}) EXPECT_EQ(gpu_request(config, gpu_program).use, GpuUse::some_if_any);
  config.gpu_ranks = 2;
  EXPECT_EQ(gpu_request(config, true).use, GpuUse::some);
  EXPECT_EQ(gpu_request(config, true).gpu_ranks, 2);
  config.device = config::Device::cpu;
  EXPECT_THROW(gpu_request(config, true), ConfigError) << "GPU ranks without a GPU";
  config.gpu_ranks = 0;
  EXPECT_EQ(gpu_request(config, true).use, GpuUse::none);
  config.device = config::Device::gpu;
  EXPECT_EQ(gpu_request(config, true).use, GpuUse::all);
  EXPECT_THROW(gpu_request(config, false), ConfigError) << "a program without GPUs";
}

TEST(GpuRequestOfRedshift, FollowsTheStrategy) {
  using S = config::StrategyName;
  const std::pair<S, GpuUse> expected[] = {{S::cpu, GpuUse::none},    {S::gpu_v1, GpuUse::all},
                                           {S::gpu_v2, GpuUse::all},  {S::gpu_v3, GpuUse::all},
                                           {S::gpu_v4, GpuUse::some}, {S::gpu_v5, GpuUse::some},
                                           {S::gpu_v6, GpuUse::some}, {S::automatic, GpuUse::some_if_any}};
  for (const auto& [name, use] : expected) {
    config::RedshiftConfig config;
    config.strategy = name;
    EXPECT_EQ(gpu_request(config).use, use) << static_cast<int>(name);
  }
}

}  // namespace
}  // namespace zspex::pipeline
