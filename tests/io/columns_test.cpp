#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "io/detail/fits_writer.hpp"
#include "io/detail/hdf5_writer.hpp"
#include "io/spectra.hpp"
#include "io/truth.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;

template <class T>
Table one_column(char code, std::vector<T> values, double zero = 0, int repeat = 1) {
  Table table;
  table.name = "T";
  table.nrow = values.size() / static_cast<std::size_t>(code == 'A' ? 1 : repeat);
  table.columns.push_back({.name = "X", .code = code, .repeat = repeat, .zero = zero, .values = std::move(values)});
  return table;
}

using Shorts = std::vector<std::int16_t>;
using Ints = std::vector<std::int32_t>;
using Longs = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// The column of both tables' rows, whichever comes first.
void expect_joined(const Table& a, const Table& b, char code, double zero, const Doubles& expected) {
  Table forth = a, back = b;
  EXPECT_TRUE(forth.append(b).empty());
  EXPECT_TRUE(back.append(a).empty());
  for (const Table* table : {&forth, &back}) {
    ASSERT_EQ(table->columns.size(), 1u);
    EXPECT_EQ(table->columns[0].code, code);
    EXPECT_EQ(table->columns[0].zero, zero);
  }
  EXPECT_EQ(forth.numbers("X", ""), expected);
  Doubles swapped(expected.begin() + static_cast<std::ptrdiff_t>(a.nrow), expected.end());
  swapped.insert(swapped.end(), expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(a.nrow));
  EXPECT_EQ(back.numbers("X", ""), swapped);
}

TEST(AppendedColumns, AreOfTheWiderType) {
  const Table shorts = one_column('I', Shorts{-3, 32767}), ints = one_column('J', Ints{1 << 30}),
              longs = one_column('K', Longs{std::int64_t{1} << 40}), floats = one_column('E', Floats{0.5F}),
              doubles = one_column('D', Doubles{0.1});
  expect_joined(shorts, ints, 'J', 0, {-3, 32767, 1 << 30});
  expect_joined(ints, longs, 'K', 0, {1 << 30, 1099511627776.0});
  expect_joined(floats, doubles, 'D', 0, {0.5, 0.1});
  expect_joined(shorts, floats, 'E', 0, {-3, 32767, 0.5});
  expect_joined(ints, floats, 'D', 0, {1 << 30, 0.5});
}

TEST(AppendedColumns, OfUnsignedNumbersHoldBoth) {
  const Table bytes = one_column('B', std::vector<std::uint8_t>{255}),
              signed_bytes = one_column('B', std::vector<std::uint8_t>{0}, -128),
              words = one_column('I', Shorts{32767}, 32768);  // stored; means 65535
  expect_joined(bytes, signed_bytes, 'I', 0, {255, -128});
  expect_joined(bytes, words, 'I', 32768, {255, 65535});
  expect_joined(words, one_column('I', Shorts{-1}), 'J', 0, {65535, -1});
  // No type holds all of these; but the numbers that are there.
  constexpr double top = 9223372036854775808.0;
  const Table huge = one_column('K', Longs{0}, top),
              small = one_column('K', Longs{std::numeric_limits<std::int64_t>::min() + 7}, top);
  expect_joined(small, one_column('K', Longs{-1}), 'K', 0, {7, -1});
  Table table = huge;
  EXPECT_EQ(table.append(one_column('K', Longs{-1})), std::vector<std::string>{"X"}) << "2^63 and -1";
}

TEST(AppendedColumns, ScaledOnesAreWhatTheyMean) {
  Table scaled = one_column('I', Shorts{4});
  scaled.columns[0].scale = 0.25;
  scaled.columns[0].zero = 10;
  expect_joined(scaled, one_column('D', Doubles{0.1}), 'D', 0, {11, 0.1});
}

TEST(AppendedColumns, OfTextsAreAsWideAsTheWider) {
  Table table = one_column('A', std::vector<std::string>{"TGT"}, 0, 3);
  EXPECT_TRUE(table.append(one_column('A', std::vector<std::string>{"LONGER"}, 0, 8)).empty());
  EXPECT_EQ(table.columns[0].repeat, 8);
  EXPECT_EQ(std::get<std::vector<std::string>>(table.columns[0].values)[1], "LONGER");
}

TEST(AppendedColumns, ThatDontGoTogetherAreNamed) {
  const Table number = one_column('J', Ints{1, 2});
  for (const Table& other : {one_column('A', std::vector<std::string>{"1"}, 0, 3), one_column('J', Ints{1, 2}, 0, 2),
                             one_column('L', std::vector<std::uint8_t>{1})}) {
    Table table = number;
    EXPECT_EQ(table.append(other), std::vector<std::string>{"X"});
    EXPECT_TRUE(table.columns.empty());
    EXPECT_EQ(table.nrow, 3u);
  }
}

Table with_two(const char* a, const char* b) {
  Table table = one_column('J', Ints{1, 2});
  table.name = "FIBERMAP";
  table.columns.push_back(table.columns[0]);
  table.columns[0].name = a;
  table.columns[1].name = b;
  return table;
}

TEST(Columns, OfOneNameAreNeverWritten) {
  const test::TempDir folder;
  for (const auto& [a, b, found] : {std::tuple{"FLUX", "FLUX", "FLUX twice"}, {"FLUX", "Flux", "FLUX and Flux"}}) {
    const Table table = with_two(a, b);
    expect_error(
        [&] {
          detail::FitsWriter file(folder / "t.fits", 0);
          file.primary({});
          file.table(table);
        },
        ExitCode::output, {"t.fits[FIBERMAP]", "different names", found});
    expect_error([&] { detail::Hdf5Writer(folder / "t.h5").table("/fibermap", table, "", "target"); }, ExitCode::output,
                 {"t.h5[FIBERMAP]", found});
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Columns, OfOneNameAreRefusedWhenTheyAreRead) {
  const test::TempDir folder;
  test::RawFits file;
  file.image("FLUX", -64, {2, 2}, test::big_endian<double>({1, 2, 3, 4}));
  file.image("WAVELENGTH", -64, {2}, test::big_endian<double>({1, 2}));
  file.hdu({test::card("XTENSION", "'BINTABLE'"), test::card("BITPIX", "8"), test::card("NAXIS", "2"),
            test::card("NAXIS1", "4"), test::card("NAXIS2", "2"), test::card("PCOUNT", "0"), test::card("GCOUNT", "1"),
            test::card("TFIELDS", "2"), test::card("TFORM1", "'1I'"), test::card("TTYPE1", "'NUM'"),
            test::card("TFORM2", "'1I'"), test::card("TTYPE2", "'num'"), test::card("EXTNAME", "'TRUTH'")},
           std::string(8, '\0'));
  file.save(folder / "t.fits");
  expect_error([&] { (void)read_truth(folder / "t.fits"); }, ExitCode::input, {"t.fits[TRUTH]", "NUM and num"});
}

TEST(Columns, OfACoaddMakeAFileOne) {
  const test::TempDir folder;
  for (const char* name : {"COADD_NUMEXP", "COADD_FIBERSTATUS", "NUMEXP"}) {
    SpectraFile file = test::sample_spectra(SpectraKind::spectra);
    file.path = folder / "s.fits";
    Column& column = file.fibermap.columns.emplace_back();
    column.name = name;
    column.code = 'J';
    column.values = Ints(file.fibermap.nrow, 4);
    write_spectra(file);
    const bool coadd = std::string(name) != "NUMEXP";
    EXPECT_EQ(read_spectra_info(file.path).kind == SpectraKind::coadd, coadd) << name;
    EXPECT_EQ(read_spectra(file.path).kind == SpectraKind::coadd, coadd) << name;
  }
}

TEST(LongTexts, AreAnnounced) {
  const test::TempDir folder;
  for (const std::size_t length : {20u, 200u}) {
    Header header;
    header.set("NOTE", std::string(length, 'x'));
    Table table = one_column('J', Ints{1, 2});
    table.header = header;
    detail::FitsWriter file(folder / "t.fits", 0);
    file.primary(header);
    file.table(table);
    file.finish();
    const std::string bytes = test::read_bytes(folder / "t.fits");
    std::size_t n = 0;
    for (auto at = bytes.find("LONGSTRN= 'OGIP 1.0'"); at != std::string::npos; at = bytes.find("LONGSTRN", at + 1))
      ++n;
    EXPECT_EQ(n, length > 100 ? 2u : 0u) << "one in each header with CONTINUE";
  }
}

}  // namespace
}  // namespace zspex::io
