#include "pipeline/redshift/templates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/error.hpp"
#include "io/template.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "pipeline/comm/agree.hpp"
#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {
namespace {

/// A template of this type, changed.
std::string write_one(const std::string& path, const std::string& type,
                      const std::function<void(io::TemplateFile&)>& change = {}) {
  io::TemplateFile file;
  file.path = path;
  file.spectype = type;
  file.method = "PCA";
  file.igm = "None";
  file.version = "3.1";
  for (int i = 0; i < 7; ++i) file.wave.push_back(1200 + 2 * i);
  file.basis = Array2<double>({2, 7}, 0.5);
  if (change) change(file);
  io::write_template(file);
  return path;
}

class ReadTemplates : public testing::Test {
 protected:
  TemplateSet read(const std::vector<std::string>& files) {
    config_.templates = files;
    return read_templates(config_, warnings_);
  }
  std::vector<double> grid_of(const std::string& type, const std::vector<double>& own = {}) {
    return read({write_one(folder_ / "t.fits", type, [&](auto& file) { file.redshifts = own; })})
        .templates[0]
        .redshifts;
  }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::RedshiftConfig config_;
  std::vector<std::string> warnings_;
};

TEST_F(ReadTemplates, RedshiftsAreRedrocksUnlessAskedForOthers) {
  for (const char* type : {"GALAXY", "QSO", "STAR"})
    EXPECT_EQ(grid_of(type), kernels::redshift_grid(type, kernels::default_range(type))) << type;
  config_.zscan_galaxy = {0.1, 0.2, 1e-3};
  config_.zscan_qso = {1, 2, 2e-3};
  config_.zscan_star = {-0.001, 0.001, 5e-5};
  EXPECT_EQ(grid_of("GALAXY"), kernels::redshift_grid("GALAXY", {0.1, 0.2, 1e-3}));
  EXPECT_EQ(grid_of("QSO"), kernels::redshift_grid("QSO", {1, 2, 2e-3}));
  EXPECT_EQ(grid_of("STAR"), kernels::redshift_grid("STAR", {-0.001, 0.001, 5e-5}));
}

TEST_F(ReadTemplates, NothingOverridesATemplatesOwnRedshifts) {
  config_.zscan_qso = {1, 2, 2e-3};
  const std::vector<double> own = {0.5, 0.75, 1.5, 4};
  EXPECT_EQ(grid_of("QSO", own), own);
  EXPECT_EQ(grid_of("GALAXY", own), own);
  EXPECT_EQ(grid_of("PLANET", own), own) << "a type without a grid of Redrock's needs its own";
  EXPECT_THROW(grid_of("PLANET"), NumericsError);
}

TEST_F(ReadTemplates, WhatTheFileSaysIsWhatIsFitted) {
  using kernels::IgmModel;
  for (const auto& [name, model] : {std::pair{"None", IgmModel::none},
                                    {"Calura12", IgmModel::calura12},
                                    {"Kamble20", IgmModel::kamble20},
                                    {"Inoue14", IgmModel::inoue14}})
    EXPECT_EQ(read({write_one(folder_ / "t.fits", "QSO", [&](auto& file) { file.igm = name; })}).templates[0].igm,
              model)
        << name;
  const auto wide = [](auto& file) {
    file.method = "NMF";
    file.subtype = "WIDE";
    file.basis = Array2<double>({5, 7}, 2.5);
  };
  const TemplateSet set = read({write_one(folder_ / "g.fits", "GALAXY"), write_one(folder_ / "s.fits", "STAR", wide)});
  ASSERT_EQ(set.templates.size(), 2u);
  EXPECT_EQ(set.templates[0].method, FitMethod::pca);
  EXPECT_EQ(set.templates[1].method, FitMethod::nmf);
  EXPECT_EQ(set.templates[1].full_type(), "STAR:::WIDE");
  EXPECT_EQ(set.templates[1].basis(4, 6), 2.5);
  EXPECT_EQ(set.templates[1].wave[6], 1212);
  EXPECT_EQ(set.max_nbasis(), 5);
  EXPECT_EQ(set.names[0].full_type, "GALAXY");
  EXPECT_EQ(set.names[1].version, "3.1");
  EXPECT_EQ(set.names[1].file, "s.fits") << "without its folder";
  EXPECT_TRUE(set.archetypes.empty());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ReadTemplates, OfTwoSetsOfArchetypesOfOneTypeTheLaterIsUsed) {
  config_.archetypes = {write_archetypes(folder_ / "one.fits"), write_archetypes(folder_ / "two.fits")};
  const TemplateSet set = read({write_one(folder_ / "g.fits", "GALAXY")});
  ASSERT_EQ(set.archetypes.size(), 1u);
  EXPECT_EQ(set.archetypes[0].subtypes, (std::vector<std::string>{"ELG_0", "LRG_1", "BGS_2"}));
  EXPECT_EQ(set.archetypes[0].flux.extent(0), 3u);
  EXPECT_EQ(set.archetype_names[0].file, "two.fits");
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("archetypes of GALAXY: expected one file, found one.fits and two.fits"),
            std::string::npos)
      << warnings_[0];
}

TEST(MpiShareTemplates, AllRanksGetEveryFieldOfThem) {
  const auto world = comm::test_world();
  const TestFolder folder(world);
  comm::agree(world, "write the templates", [&] {
    if (!world.is_root()) return;
    write_small_templates(folder.path());
    write_archetypes(folder / "rrarchetype-galaxy.fits");
  });
  auto config = small_redshift_config(folder.path());
  config.archetypes = {folder / "rrarchetype-galaxy.fits"};
  std::vector<std::string> warnings;
  const TemplateSet shared = share_templates(world, config, warnings), read = read_templates(config, warnings);
  ASSERT_EQ(shared.templates.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const kernels::Template &a = shared.templates[i], &b = read.templates[i];
    EXPECT_EQ(a.full_type(), b.full_type());
    EXPECT_EQ(a.method, b.method);
    EXPECT_EQ(a.igm, b.igm);
    EXPECT_EQ(a.wave, b.wave);
    EXPECT_EQ(a.basis, b.basis);
    EXPECT_EQ(a.redshifts, b.redshifts);
    EXPECT_EQ(shared.names[i].file, read.names[i].file);
    EXPECT_EQ(shared.names[i].version, read.names[i].version);
  }
  ASSERT_EQ(shared.archetypes.size(), 1u);
  EXPECT_EQ(shared.archetypes[0].spectype, "GALAXY");
  EXPECT_EQ(shared.archetypes[0].subtypes, read.archetypes[0].subtypes);
  EXPECT_EQ(shared.archetypes[0].wave, read.archetypes[0].wave);
  EXPECT_EQ(shared.archetypes[0].flux, read.archetypes[0].flux);
  EXPECT_EQ(shared.archetype_names[0].file, "rrarchetype-galaxy.fits");
  world.barrier();
}

}  // namespace
}  // namespace zspex::pipeline
