#include "pipeline/redshift/input_tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "tests/pipeline/comm/test_folder.hpp"
#include "tests/pipeline/comm/world.hpp"
#include "tests/pipeline/redshift/small_survey.hpp"

namespace zspex::pipeline {
namespace {

using Ids = std::vector<std::int64_t>;
using config::SimulateKind;

// Bits of FIBERSTATUS.
constexpr std::int64_t poor_position = 1 << 10, bad_amp_r = 1 << 23, bad_amp_z = 1 << 24;

class InputTablesOf : public testing::Test {
 protected:
  std::string add(const io::SpectraFile& file) {
    config_.input.push_back(folder_ / (std::to_string(config_.input.size()) + ".fits"));
    return write_survey(config_.input.back(), file);
  }
  InputTables read() const { return read_input_tables(config_, list_targets(config_)); }

  comm::Communicator world_ = comm::test_world();
  TestFolder folder_{world_};
  config::RedshiftConfig config_;
};

template <class T>
void set(io::Table& table, const char* column, std::size_t row, const T& value) {
  std::get<std::vector<T>>(const_cast<io::Column*>(table.find(column))->values)[row] = value;
}

std::string names(const io::Table& table) {
  std::string out;
  for (const io::Column& column : table.columns) out += column.name + " ";
  return out;
}

TEST_F(InputTablesOf, TablesOfACoaddPassThrough) {
  const io::SpectraFile& file = small_survey(SimulateKind::coadds, 5, 2);
  add(file);
  config_.targetids = {file.targetid[4], file.targetid[1], file.targetid[2]};
  const InputTables tables = read();
  const std::vector<std::size_t> rows = {1, 2, 4};  // in the order of the file
  for (const io::Column& column : file.fibermap.pick(rows).columns) {
    const io::Column* found = tables.fibermap.find(column.name);
    ASSERT_NE(found, nullptr) << column.name;
    EXPECT_EQ(found->values, column.values) << column.name;
    EXPECT_EQ(found->unit, column.unit) << column.name;
  }
  ASSERT_TRUE(tables.exp_fibermap);
  EXPECT_EQ(tables.exp_fibermap->integers("TARGETID", ""), (Ids{file.targetid[1], file.targetid[1], file.targetid[2],
                                                                file.targetid[2], file.targetid[4], file.targetid[4]}));
  EXPECT_EQ(names(*tables.exp_fibermap), names(*file.exp_fibermap));
  ASSERT_TRUE(tables.tsnr2);
  EXPECT_EQ(names(*tables.tsnr2).substr(0, 34), "TARGETID TSNR2_ELG_B TSNR2_ELG_R T") << "without MEDIAN_SNR";
  EXPECT_EQ(tables.tsnr2->numbers("TSNR2_LRG_Z", ""), file.scores->pick(rows).numbers("TSNR2_LRG_Z", ""));
  EXPECT_EQ(tables.header.integer("PETAL"), 0);
  EXPECT_TRUE(tables.warnings.empty());
}

TEST_F(InputTablesOf, StatesAreThoseOfCoadds) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 4, 2);
  set<std::int32_t>(file.fibermap, "COADD_FIBERSTATUS", 1, 1 << 10);
  set<std::string>(file.fibermap, "OBJTYPE", 2, "SKY");
  add(file);
  const auto states = read().states;
  EXPECT_EQ(states.count(file.targetid[1]), 1u);
  EXPECT_EQ(states.find(file.targetid[1])->second.status, poor_position);
  EXPECT_EQ(states.find(file.targetid[1])->second.objtype, "TGT");
  EXPECT_EQ(states.find(file.targetid[2])->second.objtype, "SKY");
  // What a file doesn't say is that nothing is wrong.
  io::SpectraFile bare = file;
  bare.targetid = {1, 2, 3, 4};
  std::get<Ids>(const_cast<io::Column*>(bare.fibermap.find("TARGETID"))->values) = bare.targetid;
  std::erase_if(bare.fibermap.columns, [](const io::Column& column) {
    return column.name == "OBJTYPE" || column.name == "COADD_FIBERSTATUS";
  });
  bare.scores.reset();
  config_.input.clear();
  add(bare);
  const InputTables tables = read();
  EXPECT_EQ(tables.states.find(3)->second.objtype, "TGT");
  EXPECT_EQ(tables.states.find(3)->second.status, 0);
  EXPECT_FALSE(tables.tsnr2) << "no SCORES";
}

TEST_F(InputTablesOf, ExposuresBecomeOneRowATarget) {
  io::SpectraFile file = small_survey(SimulateKind::spectra, 3, 3);  // rows 0, 3, 6 are of the first target
  set<std::int32_t>(file.fibermap, "FIBERSTATUS", 0, 1 << 10);
  set<std::int32_t>(file.fibermap, "FIBERSTATUS", 3, (1 << 10) | (1 << 22));
  set<std::int32_t>(file.fibermap, "FIBERSTATUS", 6, 1 << 9);
  file = pick_rows(file, {0, 1, 2, 3, 4, 6});
  add(file);
  const InputTables tables = read();
  EXPECT_EQ(tables.fibermap.integers("TARGETID", ""), (Ids{file.targetid[0], file.targetid[1], file.targetid[2]}));
  EXPECT_EQ(tables.fibermap.integers("COADD_NUMEXP", ""), (Ids{2, 2, 1})) << "good ones";
  EXPECT_EQ(tables.fibermap.integers("COADD_FIBERSTATUS", ""), (Ids{poor_position, 0, 0}));
  EXPECT_EQ(tables.fibermap.find("FIBERSTATUS"), nullptr) << "it is an exposure's";
  EXPECT_EQ(tables.fibermap.find("EXPID"), nullptr);
  EXPECT_EQ(tables.states.find(file.targetid[0])->second.status, poor_position);
  ASSERT_TRUE(tables.exp_fibermap);
  EXPECT_EQ(tables.exp_fibermap->integers("TARGETID", ""), file.targetid);
  EXPECT_EQ(tables.exp_fibermap->integers("EXPID", ""), (Ids{1, 1, 1, 2, 2, 3}));
  ASSERT_TRUE(tables.tsnr2);
  for (const char* name : {"TSNR2_QSO", "TSNR2_BGS_R"}) {
    const auto of_rows = file.scores->numbers(name, ""), sums = tables.tsnr2->numbers(name, "");
    EXPECT_NEAR(sums[0], of_rows[0] + of_rows[3] + of_rows[5], 1e-6 * sums[0]) << name;
    EXPECT_NEAR(sums[1], of_rows[1] + of_rows[4], 1e-6 * sums[1]) << name;
    EXPECT_EQ(sums[2], of_rows[2]) << name;
  }
}

TEST_F(InputTablesOf, CamerasOfAnExposureAreOneExposure) {
  io::SpectraFile file = small_survey(SimulateKind::spectra, 3, 1);
  std::erase_if(file.scores->columns, [](const io::Column& column) { return column.name.ends_with("ELG"); });
  for (const char* band : {"b", "r", "z"}) {
    io::SpectraFile camera = file;
    // Each camera's frame knows what is wrong with its own amplifier.
    const std::int32_t bit = band[0] == 'b' ? 0 : band[0] == 'r' ? 1 << 23 : 1 << 24;
    set<std::int32_t>(camera.fibermap, "FIBERSTATUS", 1, bit);
    for (io::Column& column : camera.scores->columns)
      if (column.name.starts_with("TSNR2_") && column.name.back() != std::toupper(band[0]) && column.code == 'E')
        std::ranges::fill(std::get<std::vector<float>>(column.values), 0.0F);
    config_.input.push_back(write_cframe(folder_ / (std::string(band) + ".fits"), camera, band));
  }
  const InputTables tables = read();
  EXPECT_EQ(tables.fibermap.integers("COADD_NUMEXP", ""), (Ids{1, 1, 1}));
  EXPECT_EQ(tables.exp_fibermap->integers("TARGETID", ""), file.targetid);
  EXPECT_EQ(tables.fibermap.integers("COADD_FIBERSTATUS", ""), (Ids{0, bad_amp_r | bad_amp_z, 0}))
      << "what any of its cameras says";
  const auto b = file.scores->numbers("TSNR2_ELG_B", ""), r = file.scores->numbers("TSNR2_ELG_R", ""),
             z = file.scores->numbers("TSNR2_ELG_Z", ""), sum = tables.tsnr2->numbers("TSNR2_ELG", "");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(sum[i], b[i] + r[i] + z[i], 1e-6 * sum[i]) << "over the cameras";
}

TEST_F(InputTablesOf, CamerasAreNamedByTheirHeadersInAnyOrder) {
  const io::SpectraFile spectra = small_survey(SimulateKind::spectra, 3, 1);
  const auto read_in_order = [&](const std::vector<std::pair<int, const char*>>& order) {
    config_.input.clear();
    for (const auto& [expid, band] : order) {
      io::SpectraFile camera = spectra;
      std::erase_if(camera.fibermap.columns, [](const io::Column& column) {
        return column.name == "NIGHT" || column.name == "EXPID" || column.name == "MJD" || column.name == "TILEID";
      });
      set<std::int32_t>(camera.fibermap, "FIBERSTATUS", 1, 1 << (band[0] == 'b' ? 22 : band[0] == 'r' ? 23 : 24));
      std::get<std::vector<double>>(camera.fibermap.find("FIBER_X")->values)[0] = band[0];
      camera.header.set("EXPID", expid);
      camera.header.set("NIGHT", 20210300 + expid);
      camera.header.set("TILEID", 80613);
      camera.header.set("MJD-OBS", 59000.25 + expid);
      config_.input.push_back(
          write_cframe(folder_ / (std::string(band) + std::to_string(expid) + ".fits"), camera, band));
    }
    return read();
  };
  const std::vector<std::vector<std::pair<int, const char*>>> orders = {
      {{7, "b"}, {7, "r"}, {7, "z"}, {8, "b"}, {8, "r"}}, {{7, "z"}, {8, "r"}, {7, "r"}, {8, "b"}, {7, "b"}}};
  for (const auto& order : orders) {
    const InputTables tables = read_in_order(order);
    const io::Table& exposures = *tables.exp_fibermap;
    EXPECT_EQ(exposures.integers("EXPID", ""), (Ids{7, 7, 7, 8, 8, 8}));
    EXPECT_EQ(exposures.integers("NIGHT", ""), (Ids{20210307, 20210307, 20210307, 20210308, 20210308, 20210308}));
    EXPECT_EQ(exposures.integers("TILEID", "")[5], 80613);
    EXPECT_EQ(exposures.numbers("MJD", "")[4], 59008.25);
    EXPECT_EQ(exposures.integers("FIBERSTATUS", ""),
              (Ids{0, (1 << 22) | bad_amp_r | bad_amp_z, 0, 0, (1 << 22) | bad_amp_r, 0}));
    EXPECT_EQ(exposures.numbers("FIBER_X", "")[0], 'b') << "else the first camera's";
    EXPECT_EQ(exposures.find("EXPID")->code, 'J');
    EXPECT_EQ(tables.fibermap.integers("COADD_NUMNIGHT", ""), (Ids{2, 1, 2})) << "the first is bad in all cameras";
    EXPECT_EQ(tables.fibermap.integers("TILEID", ""), (Ids{80613, 80613, 80613})) << "there is one tile";
  }
}

TEST_F(InputTablesOf, CoaddsWithoutExposuresKeepWhatTheyTell) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 3, 2);
  file.exp_fibermap.reset();
  set<std::int16_t>(file.fibermap, "COADD_NUMEXP", 0, 7);
  set<std::int32_t>(file.fibermap, "COADD_FIBERSTATUS", 1, 1 << 9);
  add(file);
  const InputTables tables = read();
  EXPECT_EQ(names(tables.fibermap), names(file.fibermap)) << "each once";
  EXPECT_EQ(tables.fibermap.integers("COADD_NUMEXP", "")[0], 7);
  EXPECT_EQ(tables.states.find(file.targetid[1])->second.status, 1 << 9);
  EXPECT_FALSE(tables.exp_fibermap);
}

TEST_F(InputTablesOf, ColumnsOfUnlikeNumbersAreJoined) {
  const io::SpectraFile& file = small_survey(SimulateKind::spectra, 2, 1);
  add(file);
  io::SpectraFile other = small_survey(SimulateKind::spectra, 2, 1, 1);
  const auto ra = other.fibermap.numbers("TARGET_RA", "");
  *other.fibermap.find("TARGET_RA") = {
      .name = "TARGET_RA", .unit = "deg", .code = 'E', .values = std::vector<float>(ra.begin(), ra.end())};
  *other.fibermap.find("FIBERSTATUS") = {.name = "FIBERSTATUS", .code = 'K', .values = Ids{0, poor_position}};
  add(other);
  const InputTables tables = read();
  EXPECT_TRUE(tables.warnings.empty());
  ASSERT_NE(tables.fibermap.find("TARGET_RA"), nullptr);
  EXPECT_EQ(tables.fibermap.find("TARGET_RA")->code, 'D');
  EXPECT_EQ(tables.fibermap.numbers("TARGET_RA", "")[2], static_cast<float>(ra[0]));
  EXPECT_EQ(tables.fibermap.integers("COADD_FIBERSTATUS", ""), (Ids{0, 0, 0, poor_position}));
}

TEST_F(InputTablesOf, UnitsAndDescriptionsAreAddedWhereThereAreNone) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 2, 1);
  for (io::Table* table : {&file.fibermap, &*file.exp_fibermap})
    for (io::Column& column : table->columns) column.unit = column.description = "";
  file.fibermap.find("FLUX_G")->unit = "Jy";
  add(file);
  const InputTables tables = read();
  const auto unit = [](const io::Table& table, const char* name) { return table.find(name)->unit; };
  EXPECT_EQ(unit(tables.fibermap, "TARGET_RA"), "deg");
  EXPECT_EQ(unit(tables.fibermap, "FLUX_IVAR_R"), "nanomaggy^-2");
  EXPECT_EQ(unit(tables.fibermap, "FLUX_G"), "Jy") << "the file's own";
  EXPECT_EQ(unit(tables.fibermap, "OBJTYPE"), "");
  EXPECT_EQ(unit(*tables.exp_fibermap, "MJD"), "d");
  EXPECT_FALSE(tables.fibermap.find("OBJTYPE")->description.empty());
}

TEST_F(InputTablesOf, ExposuresWithoutANumberAreToldApart) {
  io::SpectraFile file = small_survey(SimulateKind::spectra, 2, 2);
  std::erase_if(file.fibermap.columns, [](const io::Column& column) { return column.name == "EXPID"; });
  add(file);
  add(file);
  EXPECT_EQ(read().fibermap.integers("COADD_NUMEXP", ""), (Ids{4, 4})) << "each row is one";
  // A number in the header is that of all rows of a file.
  config_.input.clear();
  for (const int expid : {7, 8, 7}) {
    file.header.set("EXPID", expid);
    add(pick_rows(file, {0, 1}));
  }
  EXPECT_EQ(read().fibermap.integers("COADD_NUMEXP", ""), (Ids{2, 2}));
}

TEST_F(InputTablesOf, FilesOfBothKindsAndUnlikeColumnsAreJoined) {
  const io::SpectraFile& coadd = small_survey(SimulateKind::coadds, 3, 2);
  io::SpectraFile other = small_survey(SimulateKind::coadds, 3, 2, 1);
  std::erase_if(other.fibermap.columns, [](const io::Column& column) { return column.name == "PMRA"; });
  const io::SpectraFile& spectra = small_survey(SimulateKind::spectra, 3, 2, 2);
  add(coadd);
  add(other);
  add(spectra);
  config_.ntargets = 2;
  const InputTables tables = read();
  Ids expected;
  for (const io::SpectraFile* file : {&coadd, &std::as_const(other), &spectra})
    expected.insert(expected.end(), file->targetid.begin(), file->targetid.begin() + 2);
  EXPECT_EQ(tables.fibermap.integers("TARGETID", ""), expected) << "file by file, exposures last";
  EXPECT_EQ(tables.fibermap.find("PMRA"), nullptr) << "not in all files";
  EXPECT_NE(tables.fibermap.find("PMDEC"), nullptr);
  EXPECT_EQ(tables.exp_fibermap->nrow, 12u);
  EXPECT_EQ(tables.tsnr2->integers("TARGETID", ""), expected);
  EXPECT_EQ(tables.header.integer("PETAL"), 0) << "of the first file";
  ASSERT_FALSE(tables.warnings.empty());
  EXPECT_NE(tables.warnings[0].find("expected the same columns in all files, found others in " + config_.input[1] +
                                    "; left out: PMRA"),
            std::string::npos)
      << tables.warnings[0];
}

TEST_F(InputTablesOf, ATargetOfTwoCoaddsHasARowAndAStateOfEach) {
  io::SpectraFile file = small_survey(SimulateKind::coadds, 2, 2);
  add(file);
  set<std::int32_t>(file.fibermap, "COADD_FIBERSTATUS", 0, 1 << 10);
  add(file);
  const InputTables tables = read();
  EXPECT_EQ(tables.fibermap.nrow, 4u) << "as Redrock has it";
  EXPECT_EQ(tables.states.count(file.targetid[0]), 2u);
  std::int64_t any = 0;
  const auto [begin, end] = tables.states.equal_range(file.targetid[0]);
  for (auto state = begin; state != end; ++state) any |= state->second.status;
  EXPECT_EQ(any, poor_position);
}

}  // namespace
}  // namespace zspex::pipeline
