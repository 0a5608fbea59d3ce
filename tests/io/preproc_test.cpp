#include "io/preproc.hpp"

#include <fitsio.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::big_endian;
using test::card;
using test::expect_error;
using test::RawFits;

constexpr std::size_t ny = 3, nx = 5;

std::vector<float> ramp(float first, std::size_t n = ny * nx) {
  std::vector<float> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(first + static_cast<float>(i));
  return out;
}

/// A good file but for what the test puts in its place.
struct Parts {
  std::vector<std::string> image_cards = {card("CAMERA", "'R7      '")};
  std::vector<float> image = ramp(1), ivar = ramp(0.5f);
  std::vector<std::size_t> image_shape = {ny, nx}, ivar_shape = {ny, nx}, mask_shape = {ny, nx};
  int mask_bitpix = 32;
  std::string mask = big_endian(std::vector<std::int32_t>(ny * nx));
  std::vector<std::string> mask_cards;

  RawFits file() const {
    RawFits out;
    out.image("IMAGE", -32, image_shape, big_endian(image), image_cards);
    out.image("IVAR", -32, ivar_shape, big_endian(ivar));
    out.image("MASK", mask_bitpix, mask_shape, mask, mask_cards);
    return out;
  }
};

class PreprocSuffix : public testing::TestWithParam<const char*> {};

TEST_P(PreprocSuffix, WhatIsWrittenIsReadBack) {
  const test::TempDir folder;
  const std::string path = folder / (std::string("preproc.fits") + GetParam());
  const Preproc frame = test::sample_preproc(17, 13);
  write_preproc(path, frame);
  EXPECT_EQ(folder.names().size(), 1u) << "something was left behind";
  const Preproc back = read_preproc(path);
  EXPECT_EQ(back.path, path);
  EXPECT_EQ(back.camera, "r0");
  EXPECT_EQ(back.image, frame.image);
  EXPECT_EQ(back.ivar, frame.ivar);
  EXPECT_EQ(back.mask, frame.mask);
  EXPECT_EQ(back.readnoise, frame.readnoise);
  ASSERT_TRUE(back.fibermap);
  test::expect_same(*frame.fibermap, *back.fibermap);
  EXPECT_EQ(back.nan_pixels, 0u);
  EXPECT_EQ(back.negative_ivar, 0u);
  Header expected = frame.header;
  expected.set("CAMERA", "r0");
  expected.set("BUNIT", "electron");
  test::expect_same(expected, back.header);
}

INSTANTIATE_TEST_SUITE_P(All, PreprocSuffix, testing::Values("", ".gz", ".fz"));

TEST(Preproc, TheSameFrameIsTheSameBytes) {
  const test::TempDir folder;
  for (const char* suffix : {"", ".gz", ".fz"}) {
    write_preproc(folder / (std::string("a.fits") + suffix), test::sample_preproc());
    write_preproc(folder / (std::string("b.fits") + suffix), test::sample_preproc());
    EXPECT_EQ(test::read_bytes(folder / (std::string("a.fits") + suffix)),
              test::read_bytes(folder / (std::string("b.fits") + suffix)));
  }
}

TEST(Preproc, RowsAndColumnsStandAsInTheFile) {
  const test::TempDir folder;
  Parts().file().save(folder / "p.fits");
  const Preproc frame = read_preproc(folder / "p.fits");
  ASSERT_EQ(frame.image.extent(0), ny);
  ASSERT_EQ(frame.image.extent(1), nx);
  EXPECT_EQ(frame.image(1, 2), 8.0f);
  EXPECT_EQ(frame.ivar(2, 0), 10.5f);
  EXPECT_EQ(frame.camera, "r7");
  EXPECT_TRUE(frame.readnoise.empty());
  EXPECT_FALSE(frame.fibermap);
}

TEST(Preproc, HdusAreFoundByNameInAnyOrder) {
  const test::TempDir folder;
  RawFits file;
  file.image("", 8, {}, "");
  file.image("MASK", 8, {ny, nx}, std::string(ny * nx, '\x02'));
  file.image("ivar", -32, {ny, nx}, big_endian(ramp(7)));
  file.image("OTHER", -32, {2}, big_endian(ramp(7, 2)));
  file.image("IMAGE", -64, {ny, nx}, big_endian(std::vector<double>(ny * nx, 0.25)));
  file.save(folder / "p.fits");
  const Preproc frame = read_preproc(folder / "p.fits");
  EXPECT_EQ(frame.image(2, 4), 0.25f);
  EXPECT_EQ(frame.ivar(0, 1), 8.0f);
  EXPECT_EQ(frame.mask(1, 1), 2u);
}

template <class T>
void expect_mask(int bitpix, const std::vector<std::string>& cards, T stored, std::uint32_t expected) {
  const test::TempDir folder;
  Parts parts;
  std::vector<T> mask(ny * nx, 0);
  mask[7] = stored;
  parts.mask_bitpix = bitpix;
  parts.mask = big_endian(mask);
  parts.mask_cards = cards;
  parts.file().save(folder / "p.fits");
  EXPECT_EQ(read_preproc(folder / "p.fits").mask(1, 2), expected) << bitpix;
}

TEST(Preproc, MasksOfEveryIntegerTypeKeepTheirBits) {
  expect_mask<std::uint8_t>(8, {}, 0x81, 0x81u);
  expect_mask<std::int16_t>(16, {}, 0x102, 0x102u);
  expect_mask<std::int16_t>(16, {}, std::numeric_limits<std::int16_t>::min(), 0x8000u);
  expect_mask<std::int16_t>(16, {card("BZERO", "32768"), card("BSCALE", "1")}, -32768 + 5, 5u);
  expect_mask<std::int32_t>(32, {}, 767, 767u);
  expect_mask<std::int32_t>(32, {}, std::numeric_limits<std::int32_t>::min(), 0x80000000u);
  expect_mask<std::int32_t>(32, {card("BZERO", "2147483648"), card("BSCALE", "1")},
                            std::numeric_limits<std::int32_t>::max(), ~0u);
  expect_mask<std::int64_t>(64, {}, 0xffffffffLL, ~0u);
  test::expect_error([] { expect_mask<std::int64_t>(64, {}, 1LL << 32, 0); }, ExitCode::input, {"[MASK]", "32 bits"});
  test::expect_error([] { expect_mask<float>(-32, {}, 1.0f, 0); }, ExitCode::input, {"[MASK]", "integers"});
}

/// desispec's way: plain images, MASK alone as int16 tiles compressed with Rice.
TEST(Preproc, ATileCompressedMaskInAPlainFileIsRead) {
  const test::TempDir folder;
  const std::string path = folder / "p.fits";
  fitsfile* file = nullptr;
  int status = 0;
  long axes[2] = {13, 17};
  std::vector<float> image = ramp(1, 13 * 17);
  std::vector<short> mask(13 * 17);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = static_cast<short>(i % 512);
  fits_create_diskfile(&file, path.c_str(), &status);
  for (const char* name : {"IMAGE", "IVAR"}) {
    fits_create_img(file, FLOAT_IMG, 2, axes, &status);
    fits_update_key_str(file, "EXTNAME", name, nullptr, &status);
    fits_write_img(file, TFLOAT, 1, 13 * 17, image.data(), &status);
  }
  fits_set_compression_type(file, RICE_1, &status);
  fits_create_img(file, SHORT_IMG, 2, axes, &status);
  fits_update_key_str(file, "EXTNAME", "MASK", nullptr, &status);
  fits_write_img(file, TSHORT, 1, 13 * 17, mask.data(), &status);
  fits_close_file(file, &status);
  ASSERT_EQ(status, 0);
  const Preproc frame = read_preproc(path);
  for (std::size_t i = 0; i < mask.size(); ++i)
    ASSERT_EQ(frame.mask.data()[i], static_cast<std::uint32_t>(mask[i])) << i;
}

TEST(Preproc, NaNAndNegativeVarianceAreCountedAndLeftAlone) {
  const test::TempDir folder;
  Parts parts;
  parts.image[1] = std::numeric_limits<float>::quiet_NaN();
  parts.image[2] = -std::numeric_limits<float>::infinity();
  parts.ivar[2] = std::numeric_limits<float>::quiet_NaN();  // the same pixel counts once
  parts.ivar[3] = std::numeric_limits<float>::infinity();
  parts.ivar[4] = -1e-30f;
  parts.ivar[5] = -0.0f;
  parts.ivar[6] = -std::numeric_limits<float>::infinity();   // both
  parts.ivar[7] = -std::numeric_limits<float>::quiet_NaN();  // NaN has a sign, but is not negative
  parts.file().save(folder / "p.fits");
  const Preproc frame = read_preproc(folder / "p.fits");
  EXPECT_EQ(frame.nan_pixels, 5u);
  EXPECT_EQ(frame.negative_ivar, 2u);
  EXPECT_TRUE(std::isnan(frame.image.data()[1]));
  EXPECT_EQ(frame.ivar.data()[4], -1e-30f);
  // Also through every way to compress.
  for (const char* name : {"q.fits", "q.fits.gz", "q.fits.fz"}) {
    write_preproc(folder / name, frame);
    const Preproc back = read_preproc(folder / name);
    EXPECT_EQ(back.nan_pixels, 5u) << name;
    EXPECT_TRUE(std::isnan(back.image.data()[1])) << name;
    EXPECT_EQ(back.image.data()[2], -std::numeric_limits<float>::infinity()) << name;
  }
}

/// fpack's default: floats quantized to integers, one of which means NaN.
TEST(Preproc, NaNInQuantizedTilesIsNaN) {
  const test::TempDir folder;
  const std::string path = folder / "p.fits.fz";
  fitsfile* file = nullptr;
  int status = 0;
  long axes[2] = {64, 48};
  std::vector<float> image(64 * 48);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = 100 + 7 * static_cast<float>((i * 7919) % 101);
  float null = -1;
  image[1000] = null;
  std::vector<int> mask(image.size());
  fits_create_diskfile(&file, path.c_str(), &status);
  fits_set_compression_type(file, RICE_1, &status);
  for (const char* name : {"IMAGE", "IVAR"}) {
    fits_create_img(file, FLOAT_IMG, 2, axes, &status);
    fits_update_key_str(file, "EXTNAME", name, nullptr, &status);
    fits_write_imgnull(file, TFLOAT, 1, 64 * 48, image.data(), &null, &status);
  }
  fits_create_img(file, LONG_IMG, 2, axes, &status);
  fits_update_key_str(file, "EXTNAME", "MASK", nullptr, &status);
  fits_write_img(file, TINT, 1, 64 * 48, mask.data(), &status);
  fits_close_file(file, &status);
  ASSERT_EQ(status, 0);
  const Preproc frame = read_preproc(path);
  EXPECT_EQ(frame.nan_pixels, 1u);
  EXPECT_TRUE(std::isnan(frame.image.data()[1000]));
  EXPECT_NE(frame.image(15, 39), frame.image(15, 41));
  for (std::size_t i = 0; i < image.size(); ++i)
    if (i != 1000) {
      ASSERT_NEAR(frame.image.data()[i], image[i], 60) << i << ": quantized in steps of a quarter of the noise";
    }
}

TEST(Preproc, ScaledIntegersAreNumbersAndTheirBlankIsNaN) {
  const test::TempDir folder;
  std::vector<std::int16_t> stored(ny * nx);
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = static_cast<std::int16_t>(i);
  stored[4] = -32768;
  RawFits file;
  file.image("IMAGE", 16, {ny, nx}, big_endian(stored),
             {card("BSCALE", "0.5"), card("BZERO", "100"), card("BLANK", "-32768")});
  file.image("IVAR", -32, {ny, nx}, big_endian(ramp(1)));
  file.image("MASK", 16, {ny, nx}, big_endian(std::vector<std::int16_t>(ny * nx)));
  file.save(folder / "p.fits");
  const Preproc frame = read_preproc(folder / "p.fits");
  EXPECT_EQ(frame.image(1, 2), 103.5f);
  EXPECT_TRUE(std::isnan(frame.image(0, 4)));
  EXPECT_EQ(frame.nan_pixels, 1u);
}

TEST(Preproc, UnitsMustBeElectrons) {
  const test::TempDir folder;
  Parts parts;
  for (const char* good : {"'electron'", "'electrons'", "'ELECTRON  '", "'e-'"}) {
    parts.image_cards = {card("BUNIT", good)};
    parts.file().save(folder / "p.fits");
    EXPECT_NO_THROW((void)read_preproc(folder / "p.fits")) << good;
  }
  for (const char* bad : {"'adu'", "'electron/Angstrom'", "''"}) {
    parts.image_cards = {card("BUNIT", bad)};
    parts.file().save(folder / "p.fits");
    expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input,
                 {"p.fits[IMAGE]", "BUNIT", "electron"});
  }
}

TEST(Preproc, AMissingFileIsSaidToBeMissing) {
  const test::TempDir folder;
  expect_error([&] { (void)read_preproc(folder / "none.fits"); }, ExitCode::input, {"none.fits", "No such file"});
  expect_error([&] { (void)read_preproc(folder.path()); }, ExitCode::input, {"folder"});
}

TEST(Preproc, AnEmptyFileIsSaidToBeEmpty) {
  const test::TempDir folder;
  test::write_bytes(folder / "p.fits", "");
  expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input, {"p.fits", "empty file"});
}

TEST(Preproc, AFileOfAnotherKindIsRefused) {
  const test::TempDir folder;
  for (const std::string& bytes :
       {std::string("hello"), std::string("SIMPLE"), std::string(10000, 'x'), std::string("\x89HDF\r\n\x1a\n")}) {
    test::write_bytes(folder / "p.fits", bytes);
    expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input,
                 {"p.fits", "FITS", "found something else"});
  }
  test::write_bytes(folder / "p.fits", "SIMPLE  =                    T" + std::string(5000, ' '));
  expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input, {"p.fits"});
}

TEST(Preproc, AMissingHduIsNamedWithThoseFound) {
  const test::TempDir folder;
  for (const std::string missing : {"IMAGE", "IVAR", "MASK"}) {
    RawFits file;
    file.image("", 8, {}, "");
    for (const std::string name : {"IMAGE", "IVAR", "MASK"})
      if (name != missing) file.image(name, name == "MASK" ? 32 : -32, {ny, nx}, big_endian(ramp(1)));
    file.save(folder / "p.fits");
    expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input,
                 {"p.fits[" + missing + "]", "EXTNAME " + missing, missing == "IVAR" ? "IMAGE, MASK" : "IVAR"});
  }
}

TEST(Preproc, WrongShapesAreNamed) {
  const test::TempDir folder;
  const auto refused = [&](const Parts& parts, const std::vector<std::string>& words) {
    parts.file().save(folder / "p.fits");
    expect_error([&] { (void)read_preproc(folder / "p.fits"); }, ExitCode::input, words);
  };
  Parts parts;
  parts.ivar_shape = {nx, ny};
  refused(parts, {"p.fits[IVAR]", "3 x 5", "5 x 3"});
  parts = {};
  parts.mask_shape = {ny * nx};
  refused(parts, {"p.fits[MASK]", "2 dimensions", "15"});
  parts = {};
  parts.image_shape = {1, ny, nx};
  refused(parts, {"p.fits[IMAGE]", "2 dimensions", "1 x 3 x 5"});
  parts = {};
  parts.image_shape = {};
  parts.image = {};
  refused(parts, {"p.fits[IMAGE]", "2 dimensions", "no pixels"});
}

/// Every length but those at which an HDU that a frame can do without ends.
TEST(Preproc, TruncationIsNoticedWhereverItHappens) {
  const test::TempDir folder;
  write_preproc(folder / "whole.fits", test::sample_preproc());
  const std::string bytes = test::read_bytes(folder / "whole.fits");
  std::vector<std::size_t> harmless;
  for (const char* name : {"READNOISE", "FIBERMAP"}) {
    const auto at = bytes.find(std::string("EXTNAME = '") + name);
    ASSERT_NE(at, std::string::npos);
    harmless.push_back(bytes.rfind("XTENSION", at));
  }
  std::size_t ntried = 0;
  for (std::size_t length = 1; length < bytes.size(); length += length % 720 == 0 ? 1 : 720 - length % 720) {
    const std::size_t block_end = (length + 2879) / 2880 * 2880;
    const bool padding = bytes.find_first_not_of('\0', length) >= block_end;
    if (padding && (block_end == harmless[0] || block_end == harmless[1] || block_end == bytes.size())) continue;
    test::write_bytes(folder / "cut.fits", bytes.substr(0, length));
    expect_error([&] { (void)read_preproc(folder / "cut.fits"); }, ExitCode::input, {"cut.fits"});
    ++ntried;
  }
  EXPECT_GT(ntried, 20u);
  const std::size_t padding = bytes.size() - 1 - bytes.find_last_not_of('\0');
  for (const std::size_t back : {padding + 1, padding + 2, std::size_t{2879}}) {
    test::write_bytes(folder / "cut.fits", bytes.substr(0, bytes.size() - back));
    expect_error([&] { (void)read_preproc(folder / "cut.fits"); }, ExitCode::input,
                 {"cut.fits[FIBERMAP]", "truncated"});
  }
}

TEST(Preproc, ATruncatedOrDamagedGzipFileIsNoticed) {
  const test::TempDir folder;
  write_preproc(folder / "whole.fits.gz", test::sample_preproc());
  const std::string bytes = test::read_bytes(folder / "whole.fits.gz");
  for (std::size_t length = 3; length < bytes.size(); length += 97) {
    test::write_bytes(folder / "cut.fits.gz", bytes.substr(0, length));
    expect_error([&] { (void)read_preproc(folder / "cut.fits.gz"); }, ExitCode::input, {"cut.fits.gz", "gzip"});
  }
  test::write_bytes(folder / "cut.fits.gz", bytes.substr(0, bytes.size() - 1));
  expect_error([&] { (void)read_preproc(folder / "cut.fits.gz"); }, ExitCode::input, {"truncated"});
  std::string damaged = bytes;
  damaged[bytes.size() / 2] ^= 0x10;
  test::write_bytes(folder / "cut.fits.gz", damaged);
  expect_error([&] { (void)read_preproc(folder / "cut.fits.gz"); }, ExitCode::input, {"damaged"});
}

TEST(Preproc, GzipMembersAndAWrongSuffixAreFine) {
  const test::TempDir folder;
  write_preproc(folder / "a.fits.gz", test::sample_preproc());
  const Preproc frame = read_preproc(folder / "a.fits.gz");
  std::filesystem::rename(folder / "a.fits.gz", folder / "b.fits");
  EXPECT_EQ(read_preproc(folder / "b.fits").image, frame.image) << "known by its bytes, not by its name";
  write_preproc(folder / "c[1].fits", frame);
  EXPECT_EQ(read_preproc(folder / "c[1].fits").image, frame.image) << "brackets are part of the name";
}

TEST(Preproc, AFrameOfUnequalArraysIsNotWritten) {
  const test::TempDir folder;
  Preproc frame = test::sample_preproc();
  frame.ivar = Array2<float>({13, 17});
  expect_error([&] { write_preproc(folder / "p.fits", frame); }, ExitCode::output, {"[IVAR]"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(Preproc, TheGoldenFrameIsRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "../shared/data is not here";
  const Preproc frame = read_preproc(data + "/golden/extract/preproc-r0-golden.fits.gz");
  EXPECT_EQ(frame.image.extent(0), 4128u);
  EXPECT_EQ(frame.image.extent(1), 4114u);
  EXPECT_EQ(frame.camera, "r0");
  EXPECT_EQ(frame.header.integer("EXPID"), 51060);
  ASSERT_TRUE(frame.fibermap);
  EXPECT_EQ(frame.fibermap->nrow, 25u);
  EXPECT_EQ(frame.fibermap->integers("FIBER", "golden")[7], 7);
  EXPECT_EQ(frame.nan_pixels, 0u);
}

}  // namespace
}  // namespace zspex::io
