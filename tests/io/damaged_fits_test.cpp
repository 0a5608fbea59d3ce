// What the FITS readers do with files that are damaged, hostile, or whole but odd.
#include <fitsio.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cstring>
#include <numeric>

#include "io/detail/fits_reader.hpp"
#include "io/preproc.hpp"
#include "io/template.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using detail::FitsReader;
using test::card;
using test::expect_error;
using test::RawFits;
using test::TempDir;

void refused(const std::string& path, const std::vector<std::string>& words) {
  expect_error([&] { FitsReader file(path); }, ExitCode::input, words);
}

/// A table whose header says what `cards` say, with some bytes behind it.
std::string table_with(const std::vector<std::string>& cards, std::size_t nbyte = 2880) {
  RawFits file;
  file.image("A", -32, {}, "");
  file.hdu(cards, std::string(nbyte, '\1'));
  return file.bytes();
}

std::vector<std::string> table_cards(const std::string& naxis1, const std::string& naxis2, const std::string& pcount,
                                     const std::string& gcount, const std::string& tfields) {
  return {card("XTENSION", "'BINTABLE'"), card("BITPIX", "8"),    card("NAXIS", "2"),        card("NAXIS1", naxis1),
          card("NAXIS2", naxis2),         card("PCOUNT", pcount), card("GCOUNT", gcount),    card("TFIELDS", tfields),
          card("TTYPE1", "'X'"),          card("TFORM1", "'J'"),  card("EXTNAME", "'TABLE'")};
}

TEST(DamagedFits, SizesThatTheFileCannotHoldAreRefusedBeforeAnythingIsRead) {
  const TempDir folder;
  const auto refuses = [&](const std::vector<std::string>& cards, const std::vector<std::string>& words) {
    test::write_bytes(folder / "t.fits", table_with(cards));
    refused(folder / "t.fits", words);
  };
  refuses(table_cards("4", "3", "0", "9223372036854775807", "1"), {"t.fits[TABLE]", "GCOUNT"});
  refuses(table_cards("4", "3", "9223372036854775807", "1", "1"), {"t.fits[TABLE]", "PCOUNT"});
  refuses(table_cards("4", "4611686018427387904", "0", "1", "1"), {"t.fits[TABLE]", "2^62"});
  refuses(table_cards("4", "99999999", "0", "1", "1"), {"t.fits[TABLE]", "truncated"});
  refuses(table_cards("4", "-1", "0", "1", "1"), {"t.fits[TABLE]", "NAXIS2", "-1"});
  refuses(table_cards("4", "3x", "0", "1", "1"), {"t.fits[TABLE]", "NAXIS2", "3x"});
  refuses(table_cards("4", "", "0", "1", "1"), {"t.fits[TABLE]", "NAXIS2", "nothing"});
  refuses(table_cards("4", "3", "-5", "1", "1"), {"t.fits[TABLE]", "PCOUNT", "-5"});
  refuses(table_cards("4", "3", "0", "1", "1e9"), {"t.fits[TABLE]", "TFIELDS", "1e9"});
  auto cards = table_cards("4", "3", "0", "1", "1");
  cards[1] = card("BITPIX", "7");
  refuses(cards, {"t.fits[TABLE]", "BITPIX", "7"});
  cards[1] = card("BITPIX", "8");
  cards[2] = card("NAXIS", "1000");
  refuses(cards, {"t.fits[TABLE]", "NAXIS", "1000"});
}

TEST(DamagedFits, RowsWithoutBytesAreRefused) {
  const TempDir folder;
  auto cards = table_cards("0", "100000000", "0", "1", "1");
  cards[9] = card("TFORM1", "'0A'");
  test::write_bytes(folder / "t.fits", table_with(cards, 0));
  expect_error(
      [&] {
        FitsReader file(folder / "t.fits");
        (void)file.table(file.need("TABLE"));
      },
      ExitCode::input, {"t.fits[TABLE]", "NAXIS1 = 0", "100000000"});
}

TemplateFile sample_template(const std::string& path) {
  TemplateFile tmpl;
  tmpl.path = path;
  tmpl.spectype = "STAR";
  tmpl.subtype = "A";
  tmpl.method = "PCA";
  tmpl.igm = "None";
  tmpl.version = "0.1";
  tmpl.wave = {4000, 4001, 4002, 4003, 4004};
  tmpl.basis = Array2<double>({3, 5});
  std::iota(tmpl.basis.begin(), tmpl.basis.end(), 1.0);
  return tmpl;
}

TEST(DamagedFits, OneBitOfTheDataIsNoticed) {
  const TempDir folder;
  write_template(sample_template(folder / "t.fits"));
  const std::string bytes = test::read_bytes(folder / "t.fits");
  EXPECT_TRUE(read_template(folder / "t.fits").notes.empty());
  const std::size_t data = bytes.find("END     ") / 2880 * 2880 + 2880;
  for (const std::size_t at : {data, data + 1, data + 7, data + 100}) {
    std::string damaged = bytes;
    damaged[at] ^= 0x10;
    test::write_bytes(folder / "d.fits", damaged);
    expect_error([&] { (void)read_template(folder / "d.fits"); }, ExitCode::input,
                 {"d.fits[BASIS_VECTORS]", "DATASUM", "Copy the file again"});
    EXPECT_NO_THROW(FitsReader(folder / "d.fits", Checksums::ignore));
  }
  std::string edited = bytes;  // a header that was changed without its sum, over the same data
  edited.replace(edited.find("'0.1     '"), 10, "'0.2     '");
  test::write_bytes(folder / "e.fits", edited);
  const TemplateFile read = read_template(folder / "e.fits");
  EXPECT_EQ(read.version, "0.2");
  ASSERT_EQ(read.notes.size(), 1u);
  EXPECT_NE(read.notes[0].find("CHECKSUM"), std::string::npos) << read.notes[0];
}

TEST(DamagedFits, ChecksumsAreThoseOfCfitsio) {
  const TempDir folder;
  fitsfile* file = nullptr;
  int status = 0;
  fits_create_file(&file, (folder / "c.fits").c_str(), &status);
  long shape[2] = {17, 19};
  std::vector<double> pixels(17 * 19);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = 1e9 / (1.0 + static_cast<double>(i)) - 3e7;
  fits_create_img(file, DOUBLE_IMG, 2, shape, &status);
  fits_write_img(file, TDOUBLE, 1, static_cast<LONGLONG>(pixels.size()), pixels.data(), &status);
  fits_write_chksum(file, &status);
  fits_close_file(file, &status);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(FitsReader(folder / "c.fits").notes().empty());
}

/// An image of two tiles of 4 x 1 int16 that GZIP_1 compressed.
std::string compressed_image(const std::vector<std::string>& tiles, const std::vector<std::string>& more = {}) {
  std::string rows, heap;
  for (const std::string& tile : tiles) {
    rows += test::big_endian(
        std::vector<std::int32_t>{static_cast<std::int32_t>(tile.size()), static_cast<std::int32_t>(heap.size())});
    heap += tile;
  }
  std::vector<std::string> cards = {card("XTENSION", "'BINTABLE'"),
                                    card("BITPIX", "8"),
                                    card("NAXIS", "2"),
                                    card("NAXIS1", "8"),
                                    card("NAXIS2", std::to_string(tiles.size())),
                                    card("PCOUNT", std::to_string(heap.size())),
                                    card("GCOUNT", "1"),
                                    card("TFIELDS", "1"),
                                    card("TTYPE1", "'COMPRESSED_DATA'"),
                                    card("TFORM1", "'1PB(99)'"),
                                    card("ZIMAGE", "T"),
                                    card("ZCMPTYPE", "'GZIP_1'"),
                                    card("ZBITPIX", "16"),
                                    card("ZNAXIS", "2"),
                                    card("EXTNAME", "'TILES'")};
  const bool shaped = !more.empty();
  if (!shaped)
    for (const char* size : {"ZNAXIS1 =                    4", "ZNAXIS2 =                    2",
                             "ZTILE1  =                    4", "ZTILE2  =                    1"})
      cards.emplace_back(size);
  cards.insert(cards.end(), more.begin(), more.end());
  RawFits file;
  file.image("A", -32, {}, "");
  file.hdu(cards, rows + heap);
  return file.bytes();
}

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(bytes.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// At a tile that is cut off CFITSIO's inflate asks for more memory for ever.
TEST(DamagedFits, ADamagedTileIsRefusedAndNotDecompressed) {
  const TempDir folder;
  const std::string tile = gzipped(test::big_endian(std::vector<std::int16_t>{1, 2, 3, 4}));
  const auto read = [&](const std::string& bytes) {
    test::write_bytes(folder / "z.fits.fz", bytes);
    FitsReader file(folder / "z.fits.fz");
    return file.image2<float>(file.need_image("TILES", 2));
  };
  const auto refuses = [&](const std::string& bytes, const std::vector<std::string>& words) {
    expect_error([&] { (void)read(bytes); }, ExitCode::input, words);
  };
  const auto whole = read(compressed_image({tile, tile}));
  EXPECT_EQ(whole(1, 3), 4);
  refuses(compressed_image({tile, tile.substr(0, tile.size() - 9)}), {"z.fits.fz[TILES]", "tile 1", "gzip"});
  std::string damaged = tile;
  damaged[12] ^= 0x40;
  refuses(compressed_image({damaged, tile}), {"z.fits.fz[TILES]", "tile 0"});
  refuses(compressed_image({tile, gzipped(std::string(1 << 20, 'x'))}), {"tile 1", "at most 32 bytes"});
  refuses(compressed_image({tile}), {"z.fits.fz[TILES]", "2 tiles", "1 (NAXIS2)"});
  const std::vector<std::string> huge = {card("ZNAXIS1", "4000000"), card("ZNAXIS2", "2000000"),
                                         card("ZTILE1", "4000000"), card("ZTILE2", "1000000")};
  refuses(compressed_image({tile, tile}, huge), {"z.fits.fz[TILES]", "10000 times"});
  std::string outside = compressed_image({tile, tile});
  const std::string descriptor = test::big_endian(std::vector<std::int32_t>{static_cast<std::int32_t>(tile.size()), 0});
  outside[outside.rfind(descriptor) + 5] = 0x7f;
  refuses(outside, {"tile 0", "outside"});
}

TEST(DamagedFits, WhatFollowsTheLastHduIsNamedAndIgnoredWhereItMeansNothing) {
  const TempDir folder;
  write_preproc(folder / "p.fits", test::sample_preproc());
  write_preproc(folder / "p.fits.gz", test::sample_preproc());
  const std::string bytes = test::read_bytes(folder / "p.fits");
  const auto expect_note = [&](const std::string& name, const std::string& contents, const std::string& word) {
    test::write_bytes(folder / name, contents);
    const Preproc frame = read_preproc(folder / name);
    ASSERT_EQ(frame.notes.size(), 1u) << name;
    EXPECT_NE(frame.notes[0].find(folder / name), std::string::npos) << frame.notes[0];
    EXPECT_NE(frame.notes[0].find(word), std::string::npos) << frame.notes[0];
    EXPECT_TRUE(frame.fibermap.has_value());
  };
  EXPECT_TRUE(read_preproc(folder / "p.fits").notes.empty());
  EXPECT_TRUE(read_preproc(folder / "p.fits.gz").notes.empty());
  const std::string unpadded = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
  for (const bool zip : {false, true}) {
    const std::string name = zip ? "q.fits.gz" : "q.fits";
    const auto file = [&](const std::string& contents) { return zip ? gzipped(contents) : contents; };
    expect_note(name, file(bytes + "\n"), "behind the last HDU");
    expect_note(name, file(bytes + std::string(2880, '\0')), "2880 zeros");
    expect_note(name, file(bytes + std::string(123, '\0')), "123 zeros");
    expect_note(name, file(unpadded), "padding");
    expect_note(name, file(unpadded + std::string(3, '\0')), "padding");
    test::write_bytes(folder / name, file(bytes + "something else"));
    expect_error([&] { (void)read_preproc(folder / name); }, ExitCode::input, {name, "something else at byte"});
    test::write_bytes(folder / name, file(bytes + "XTENS"));
    expect_error([&] { (void)read_preproc(folder / name); }, ExitCode::input, {name, "truncated"});
  }
}

TEST(DamagedFits, AGzipFileIsLookedAtBeforeMemoryIsTakenForIt) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer keeps memory that was given back";
#endif
  const TempDir folder;
  test::write_bytes(folder / "zeros.fits.gz", gzipped(std::string(std::size_t{400} << 20, '\0')));
  RawFits small;
  small.image("A", -32, {3}, test::big_endian(std::vector<float>{1, 2, 3}));
  test::write_bytes(folder / "tail.fits.gz", gzipped(small.bytes() + std::string(std::size_t{400} << 20, '\0')));
  EXPECT_TRUE(test::in_child([&] {
    for (const char* name : {"zeros.fits.gz", "tail.fits.gz"}) {
      rusage before{}, after{};
      getrusage(RUSAGE_SELF, &before);
      try {
        FitsReader file(folder / name);
        return false;
      } catch (const FileError&) {
      }
      getrusage(RUSAGE_SELF, &after);
      if (after.ru_maxrss - before.ru_maxrss > (300 << 10)) return false;
    }
    return true;
  }));
}

TEST(DamagedFits, TwoHdusOfOneNameAreRefusedWhereTheNameIsNeeded) {
  const TempDir folder;
  RawFits file;
  file.image("A", -32, {3}, test::big_endian(std::vector<float>{1, 2, 3}));
  file.image("B", -32, {1}, test::big_endian(std::vector<float>{1}));
  file.image("A", -32, {1}, test::big_endian(std::vector<float>{1}));
  file.save(folder / "t.fits");
  FitsReader reader(folder / "t.fits");
  EXPECT_NO_THROW(reader.need("B"));
  EXPECT_TRUE(reader.has("A"));
  expect_error([&] { (void)reader.need("A"); }, ExitCode::input, {"t.fits[A]", "HDU 0 and HDU 2"});
}

TEST(DamagedFits, LongPathsAreOpened) {
  const TempDir folder;
  std::string path = folder.path();
  for (int i = 0; i < 7; ++i) path += "/" + std::string(200, static_cast<char>('a' + i));
  std::filesystem::create_directories(path);
  path += "/p.fits";
  write_preproc(path, test::sample_preproc());
  EXPECT_GT(path.size(), 1400u);
  EXPECT_EQ(read_preproc(path).image, test::sample_preproc().image);
}

TEST(DamagedFits, TemplatesWithAVectorOfZerosAreRefused) {
  const TempDir folder;
  TemplateFile tmpl = sample_template(folder / "t.fits");
  for (double& value : tmpl.basis.row(2)) value = 0;
  write_template(tmpl);
  expect_error([&] { (void)read_template(folder / "t.fits"); }, ExitCode::input,
               {"t.fits[BASIS_VECTORS]", "vector 2", "zeros"});
}

}  // namespace
}  // namespace zspex::io
