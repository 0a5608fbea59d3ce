#include "io/table.hpp"

#include <gtest/gtest.h>

#include "io/preproc.hpp"
#include "io/truth.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;

TEST(Table, RowsAreCutOutOfAllColumns) {
  const Table table = test::sample_table("T", 11);
  const Table part = table.rows(3, 5);
  EXPECT_EQ(part.nrow, 5u);
  EXPECT_EQ(part.integers("FIBER", "f")[0], table.integers("FIBER", "f")[3]);
  const auto& all = std::get<std::vector<float>>(table.find("XYZ")->values);
  const auto& some = std::get<std::vector<float>>(part.find("XYZ")->values);
  ASSERT_EQ(some.size(), 15u);
  for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], all[9 + i]);
  EXPECT_EQ(std::get<std::vector<std::string>>(part.find("OBJTYPE")->values)[1], "SKY");
  expect_error([&] { (void)table.rows(8, 4); }, ExitCode::input, {"at least 12 rows", "found 11"});
}

TEST(Table, NumbersApplyOffsetAndScale) {
  const Table table = test::sample_table("T", 5);
  EXPECT_EQ(table.integers("UMASK", "f")[2], 6);
  EXPECT_EQ(table.integers("UID", "f")[2], 10);
  EXPECT_EQ(table.integers("SBYTE", "f")[0], -8);
  EXPECT_EQ(table.numbers("PETAL_LOC", "f")[1], -289);
  Table scaled = table;
  for (Column& column : scaled.columns)
    if (column.name == "FIBER") {
      column.scale = 0.5;
      column.zero = 100;
    }
  EXPECT_EQ(scaled.numbers("FIBER", "f")[1], 101);
  expect_error([&] { (void)scaled.integers("FIBER", "f"); }, ExitCode::input, {"T.FIBER", "integers"});
}

TEST(Table, AWrongColumnIsNamed) {
  const Table table = test::sample_table("T", 5);
  expect_error([&] { (void)table.integers("NONE", "f.fits"); }, ExitCode::input, {"f.fits[T.NONE]", "TARGETID"});
  expect_error([&] { (void)table.integers("TARGET_RA", "f"); }, ExitCode::input, {"T.TARGET_RA", "integers"});
  expect_error([&] { (void)table.numbers("OBJTYPE", "f"); }, ExitCode::input, {"T.OBJTYPE", "5A"});
  expect_error([&] { (void)table.numbers("XYZ", "f"); }, ExitCode::input, {"T.XYZ", "3E"});
}

Truth truth_with(Table table) {
  Truth truth;
  truth.wave = {5000, 5001};
  truth.flux = Array2<double>({table.nrow, 2}, 1.0);
  truth.table = std::move(table);
  return truth;
}

TEST(Table, EveryColumnTypeSurvivesAFitsFile) {
  const test::TempDir folder;
  Table table = test::sample_table("TRUTH", 11);
  Column bits = *table.find("FLAGS");
  bits.name = "BITS";
  bits.code = 'X';
  bits.repeat = 11;  // two bytes per row
  bits.values = std::vector<std::uint8_t>(22, 0xa5);
  table.columns.push_back(bits);
  Column complex = *table.find("PAIR");
  complex.name = "COMPLEX";
  complex.code = 'M';
  complex.repeat = 1;
  table.columns.push_back(complex);
  Column undefined = *table.find("GOOD");
  undefined.name = "MAYBE";
  std::get<std::vector<std::uint8_t>>(undefined.values)[3] = 255;
  table.columns.push_back(undefined);
  Column scaled = *table.find("PETAL_LOC");
  scaled.name = "SCALED";
  scaled.scale = 0.25;
  scaled.zero = -3.5;
  scaled.null = -32768;
  scaled.display = "F8.3";
  table.columns.push_back(scaled);
  write_truth(folder / "t.fits", truth_with(table));
  const Table back = *read_truth(folder / "t.fits").table;
  test::expect_same(table, back);
  EXPECT_EQ(back.find("SCALED")->null, -32768);
  EXPECT_EQ(back.find("SCALED")->display, "F8.3");
}

TEST(Table, NoColumnsAndManyColumnsSurvive) {
  const test::TempDir folder;
  Table table;
  table.name = "TRUTH";
  table.nrow = 3;
  for (int i = 0; i < 211; ++i) {
    Column column;
    column.name = "C" + std::to_string(i);
    column.code = 'J';
    column.values = std::vector<std::int32_t>{i, -i, 7};
    table.columns.push_back(column);
  }
  write_truth(folder / "t.fits", truth_with(table));
  test::expect_same(table, *read_truth(folder / "t.fits").table);
  // A table without columns has no rows either, for CFITSIO.
  table.columns.clear();
  table.nrow = 0;
  Preproc frame = test::sample_preproc();
  frame.fibermap = table;
  write_preproc(folder / "p.fits", frame);
  EXPECT_EQ(read_preproc(folder / "p.fits").fibermap->columns.size(), 0u);
}

TEST(Table, AColumnOfTheWrongLengthIsRefused) {
  const test::TempDir folder;
  Table table = test::sample_table("TRUTH", 5);
  table.columns[1].values = std::vector<std::int32_t>(4);
  expect_error([&] { write_truth(folder / "t.fits", truth_with(table)); }, ExitCode::output,
               {"TRUTH.FIBER", "5 values"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(Table, ColumnsOfVariableLengthAreRefusedByName) {
  const test::TempDir folder;
  test::RawFits file;
  file.image("FLUX", -64, {2, 2}, test::big_endian<double>({1, 2, 3, 4}));
  file.image("WAVELENGTH", -64, {2}, test::big_endian<double>({1, 2}));
  file.hdu({test::card("XTENSION", "'BINTABLE'"), test::card("BITPIX", "8"), test::card("NAXIS", "2"),
            test::card("NAXIS1", "8"), test::card("NAXIS2", "2"), test::card("PCOUNT", "0"), test::card("GCOUNT", "1"),
            test::card("TFIELDS", "1"), test::card("TFORM1", "'1PE(3)'"), test::card("TTYPE1", "'RAGGED'"),
            test::card("EXTNAME", "'TRUTH'")},
           std::string(16, '\0'));
  file.save(folder / "t.fits");
  expect_error([&] { (void)read_truth(folder / "t.fits"); }, ExitCode::input, {"[TRUTH]", "RAGGED", "variable length"});
}

}  // namespace
}  // namespace zspex::io
