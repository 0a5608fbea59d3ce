#include "io/frame.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <thread>

#include "io/detail/hdf5_writer.hpp"
#include "io/preproc.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

void write_h5(const std::string& path, const Frame& frame) {
  write_frame_hdf5(path, "r0-00051060", frame, test::sample_provenance(), test::sample_timing());
}

TEST(FrameFits, WhatIsWrittenIsReadBack) {
  const TempDir folder;
  const Frame frame = test::sample_frame(7, 31, 5);
  for (const char* name : {"frame.fits", "frame.fits.gz"}) {
    write_frame_fits(folder / name, frame, test::sample_provenance());
    const Frame back = read_frame_fits(folder / name);
    test::expect_same(frame, back);
    for (const Card& card : frame.header.cards()) EXPECT_TRUE(back.header.has(card.key)) << card.key;
    EXPECT_EQ(back.header.text("PROGRAM"), frame.header.text("PROGRAM"));
    EXPECT_EQ(back.header.number("TCS GUIDE FWHM"), 1.25);
    EXPECT_EQ(back.header.text("BUNIT"), "electron/Angstrom");
    std::size_t ncomment = 0;
    for (const Card& card : back.header.cards()) ncomment += card.key == "COMMENT";
    EXPECT_EQ(ncomment, 2u) << "no more and no fewer comments than put in";
  }
}

TEST(FrameFits, HdusAndTypesAreAsDesisOwn) {
  const TempDir folder;
  write_frame_fits(folder / "f.fits", test::sample_frame(), test::sample_provenance());
  const std::string bytes = test::read_bytes(folder / "f.fits");
  std::size_t at = 0;
  for (const char* name : {"FLUX", "IVAR", "MASK", "WAVELENGTH", "RESOLUTION", "FIBERMAP", "CHI2PIX", "SCORES"}) {
    const auto found = bytes.find(std::string("EXTNAME = '") + name, at);
    ASSERT_NE(found, std::string::npos) << name << " in this order";
    at = found;
  }
  const auto header_of = [&](const std::string& name) {
    const auto where = bytes.find("EXTNAME = '" + name);
    const auto begin = name == "FLUX" ? 0 : bytes.rfind("XTENSION", where);
    return bytes.substr(begin, bytes.find(std::string("END") + std::string(77, ' '), where) - begin);
  };
  for (const char* name : {"FLUX", "IVAR", "RESOLUTION", "CHI2PIX"})
    EXPECT_NE(header_of(name).find(test::card("BITPIX", "-32")), std::string::npos) << name;
  EXPECT_NE(header_of("WAVELENGTH").find(test::card("BITPIX", "-64")), std::string::npos);
  EXPECT_NE(header_of("WAVELENGTH").find("BUNIT   = 'Angstrom'"), std::string::npos);
  EXPECT_NE(header_of("MASK").find(test::card("BITPIX", "32")), std::string::npos);
  EXPECT_NE(header_of("MASK").find(test::card("BZERO", "2147483648")), std::string::npos);
  EXPECT_NE(header_of("RESOLUTION").find(test::card("NAXIS3", "7")), std::string::npos);
  EXPECT_NE(header_of("RESOLUTION").find(test::card("NAXIS2", "5")), std::string::npos);
  EXPECT_NE(header_of("RESOLUTION").find(test::card("NAXIS1", "31")), std::string::npos);
  for (const char* name : {"FLUX", "MASK", "FIBERMAP", "SCORES"}) {
    EXPECT_NE(header_of(name).find("CHECKSUM= '"), std::string::npos) << name;
    EXPECT_NE(header_of(name).find("DATASUM = '"), std::string::npos) << name;
  }
}

TEST(FrameFits, ProvenanceGoesIntoTheHeaderOnce) {
  const TempDir folder;
  Frame frame = test::sample_frame();
  frame.header.set("DEPNAM00", "desispec");
  frame.header.set("DEPVER00", "0.70.0");
  write_frame_fits(folder / "f.fits", frame, test::sample_provenance());
  Frame back = read_frame_fits(folder / "f.fits");
  EXPECT_EQ(back.header.text("DEPNAM00"), "desispec");
  EXPECT_EQ(back.header.text("DEPNAM01"), "zspex");
  EXPECT_EQ(back.header.text("DEPVER01"), "0.1.0");
  EXPECT_EQ(back.header.text("DEPNAM02"), "Kokkos");
  // A file made from a file has the latest provenance only.
  Provenance next = test::sample_provenance();
  next.version = "0.2.0";
  next.inputs = {"one"};
  write_frame_fits(folder / "g.fits", back, next);
  back = read_frame_fits(folder / "g.fits");
  EXPECT_EQ(back.header.text("DEPVER01"), "0.2.0");
  EXPECT_FALSE(back.header.has("DEPNAM03"));
  EXPECT_EQ(back.header.text("ZSPEXI00"), "one");
  EXPECT_FALSE(back.header.has("ZSPEXI01"));
}

TEST(FrameFits, AFlavorThatReadersKnowIsAlwaysThere) {
  const TempDir folder;
  Frame frame = test::sample_frame();
  const auto flavor_of = [&] {
    write_frame_fits(folder / "f.fits", frame, {});
    return read_frame_fits(folder / "f.fits").header.text("FLAVOR");
  };
  frame.header.erase("FLAVOR");
  EXPECT_EQ(flavor_of(), "none");
  frame.header.set("OBSTYPE", "SCIENCE");
  EXPECT_EQ(flavor_of(), "science");
  frame.header.set("FLAVOR", "arc");
  EXPECT_EQ(flavor_of(), "arc");
}

TEST(FrameFits, OptionalPartsMayBeAbsent) {
  const TempDir folder;
  Frame frame = test::sample_frame(1, 2, 1);
  frame.resolution = {};
  frame.chi2pix = {};
  frame.fibermap.reset();
  frame.scores.reset();
  write_frame_fits(folder / "f.fits", frame, {});
  test::expect_same(frame, read_frame_fits(folder / "f.fits"));
  write_h5(folder / "f.h5", frame);
  test::expect_same(frame, read_frame_hdf5(folder / "f.h5"));
}

TEST(FrameFits, NaNPassesThrough) {
  const TempDir folder;
  Frame frame = test::sample_frame();
  frame.chi2pix(2, 3) = std::numeric_limits<float>::quiet_NaN();
  frame.flux(1, 1) = std::numeric_limits<float>::infinity();
  write_frame_fits(folder / "f.fits", frame, {});
  write_h5(folder / "f.h5", frame);
  for (const Frame& back : {read_frame_fits(folder / "f.fits"), read_frame_hdf5(folder / "f.h5")}) {
    EXPECT_EQ(std::memcmp(back.chi2pix.data(), frame.chi2pix.data(), frame.chi2pix.size() * sizeof(float)), 0);
    EXPECT_EQ(std::memcmp(back.flux.data(), frame.flux.data(), frame.flux.size() * sizeof(float)), 0);
  }
}

TEST(FrameFits, FramesThatDoNotFitTogetherAreNotWritten) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(Frame&)>& spoil, const std::string& part) {
    Frame frame = test::sample_frame();
    spoil(frame);
    expect_error([&] { write_frame_fits(folder / "f.fits", frame, {}); }, ExitCode::output, {"[" + part + "]"});
    expect_error([&] { write_h5(folder / "f.h5", frame); }, ExitCode::output, {"[" + part + "]"});
  };
  refused([](Frame& f) { f.ivar = Array2<float>({31, 7}); }, "IVAR");
  refused([](Frame& f) { f.mask = Array2<std::uint32_t>({7, 30}); }, "MASK");
  refused([](Frame& f) { f.wave.pop_back(); }, "WAVELENGTH");
  refused([](Frame& f) { f.wave[7] = f.wave[6]; }, "WAVELENGTH");
  refused([](Frame& f) { f.wave[7] = std::numeric_limits<double>::quiet_NaN(); }, "WAVELENGTH");
  refused([](Frame& f) { f.resolution = Array3<float>({7, 31, 5}); }, "RESOLUTION");
  refused([](Frame& f) { f.resolution = Array3<float>({7, 4, 31}); }, "RESOLUTION");
  refused([](Frame& f) { f.chi2pix = Array2<float>({6, 31}); }, "CHI2PIX");
  refused([](Frame& f) { f.fibermap = test::sample_table("FIBERMAP", 8); }, "FIBERMAP");
  refused([](Frame& f) { f.scores = test::sample_table("SCORES", 6); }, "SCORES");
  refused([](Frame& f) { f.flux = {}; }, "FLUX");
  EXPECT_TRUE(folder.names().empty());
}

TEST(FrameFits, OtherFilesAreRefused) {
  const TempDir folder;
  write_preproc(folder / "preproc.fits", test::sample_preproc());
  expect_error([&] { (void)read_frame_fits(folder / "preproc.fits"); }, ExitCode::input, {"[FLUX]", "IMAGE"});
  test::RawFits calibrated;
  calibrated.image("FLUX", -32, {1, 2}, std::string(8, '\0'), {test::card("BUNIT", "'10**-17 erg/(s cm2 Angstrom)'")});
  calibrated.save(folder / "cframe.fits");
  expect_error([&] { (void)read_frame_fits(folder / "cframe.fits"); }, ExitCode::input, {"[FLUX]", "BUNIT", "10**-17"});
}

TEST(FrameFits, TheReferencesFrameIsRead) {
  const std::string data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "../shared/data is not here";
  const Frame frame = read_frame_fits(data + "/golden/extract/frame-r0-golden-gpu_specter.fits.gz");
  EXPECT_EQ(frame.flux.extent(0), 25u);
  EXPECT_EQ(frame.wave.size(), 2326u);
  EXPECT_EQ(frame.resolution.extent(1), 11u);
  EXPECT_EQ(frame.fibermap->nrow, 25u);
  const TempDir folder;
  write_frame_fits(folder / "f.fits", frame, {});
  Frame back = read_frame_fits(folder / "f.fits");
  test::expect_same(frame, back);
}

TEST(FrameHdf5, WhatIsWrittenIsReadBack) {
  const TempDir folder;
  const Frame frame = test::sample_frame(53, 31, 5);  // more than two chunks of spectra
  write_h5(folder / "f.h5", frame);
  for (const char* name : {"", "r0-00051060"}) {
    const Frame back = read_frame_hdf5(folder / "f.h5", name);
    test::expect_same(frame, back);
    test::expect_same(frame.header, back.header);
  }
  EXPECT_EQ(frame_names(folder / "f.h5"), std::vector<std::string>{"r0-00051060"});
}

TEST(FrameHdf5, EqualFramesAreEqualBytes) {
  const TempDir folder;
  write_h5(folder / "a.h5", test::sample_frame());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // so that a time in seconds would show
  write_h5(folder / "b.h5", test::sample_frame());
  EXPECT_EQ(test::read_bytes(folder / "a.h5"), test::read_bytes(folder / "b.h5"));
  write_frame_fits(folder / "a.fits", test::sample_frame(), test::sample_provenance());
  write_frame_fits(folder / "b.fits", test::sample_frame(), test::sample_provenance());
  EXPECT_EQ(test::read_bytes(folder / "a.fits"), test::read_bytes(folder / "b.fits"));
}

TEST(FrameHdf5, MissingEmptyForeignAndTruncatedFilesAreRefused) {
  const TempDir folder;
  const auto refuses = [&](const std::vector<std::string>& words) {
    expect_error([&] { (void)read_frame_hdf5(folder / "f.h5"); }, ExitCode::input, words);
  };
  refuses({"f.h5", "No such file"});
  test::write_bytes(folder / "f.h5", "");
  refuses({"empty"});
  test::write_bytes(folder / "f.h5", std::string(5000, 'z'));
  refuses({"HDF5", "something else"});
  write_h5(folder / "whole.h5", test::sample_frame());
  const std::string bytes = test::read_bytes(folder / "whole.h5");
  for (std::size_t length = 8; length < bytes.size() - 24; length += 997) {  // 24 of them are the seal
    test::write_bytes(folder / "f.h5", bytes.substr(0, length));
    refuses({"f.h5"});
  }
  test::write_bytes(folder / "f.h5", bytes.substr(0, bytes.size() - 25));
  refuses({"truncated"});
}

TEST(FrameHdf5, ErrorsAreThrownAndNotPrinted) {
  const TempDir folder;
  write_h5(folder / "f.h5", test::sample_frame());
  const std::string bytes = test::read_bytes(folder / "f.h5");
  test::write_bytes(folder / "f.h5", bytes.substr(0, bytes.size() / 2));
  testing::internal::CaptureStderr();
  EXPECT_THROW((void)read_frame_hdf5(folder / "f.h5"), FileError);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(FrameHdf5, DamagedDataIsNoticed) {
  const TempDir folder;
  const Frame frame = test::sample_frame();
  write_h5(folder / "f.h5", frame);
  std::string bytes = test::read_bytes(folder / "f.h5");
  bytes.resize(bytes.size() - 24);  // without the seal, which would notice it first
  // libdeflate's streams of level 1 begin with 0x78 0x01; damage the first one's middle.
  const auto at = bytes.find("\x78\x01");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 40] ^= 0x55;
  test::write_bytes(folder / "f.h5", bytes);
  expect_error([&] { (void)read_frame_hdf5(folder / "f.h5"); }, ExitCode::input,
               {"f.h5[/frames/r0-00051060/", "read the dataset"});
}

TEST(FrameHdf5, FramesAndDatasetsThatAreNotThereAreNamed) {
  const TempDir folder;
  write_h5(folder / "f.h5", test::sample_frame());
  expect_error([&] { (void)read_frame_hdf5(folder / "f.h5", "b1-00000001"); }, ExitCode::input,
               {"/frames/b1-00000001", "r0-00051060"});
  {
    detail::Hdf5Writer file(folder / "g.h5");
    file.attribute("/", "zspex_format", "results");
    file.attribute("/", "layout_version", std::int64_t{1});
    const std::vector<float> flux(6, 1.0f);
    file.dataset("/frames/a/flux", {2, 3}, flux.data(), "electron/Angstrom", "flux", {"spectrum", "wavelength"});
    file.dataset("/frames/b/flux", {6}, flux.data(), "electron/Angstrom", "flux", {"pixel"});
    file.finish();
  }
  expect_error([&] { (void)read_frame_hdf5(folder / "g.h5"); }, ExitCode::input, {"found 2", "a, b"});
  expect_error([&] { (void)read_frame_hdf5(folder / "g.h5", "a"); }, ExitCode::input, {"/frames/a/ivar"});
  expect_error([&] { (void)read_frame_hdf5(folder / "g.h5", "b"); }, ExitCode::input,
               {"/frames/b/flux", "2 dimensions"});
}

TEST(FrameHdf5, ALaterLayoutIsRefused) {
  const TempDir folder;
  {
    detail::Hdf5Writer file(folder / "f.h5");
    file.attribute("/", "zspex_format", "results");
    file.attribute("/", "layout_version", std::int64_t{2});
    file.finish();
  }
  expect_error([&] { (void)frame_names(folder / "f.h5"); }, ExitCode::input,
               {"layout_version", "found 2", "newer zspex"});
  {
    detail::Hdf5Writer file(folder / "f.h5");
    file.finish();
  }
  expect_error([&] { (void)frame_names(folder / "f.h5"); }, ExitCode::input, {"zspex_format"});
}

TEST(FrameHdf5, ANameWithASlashIsRefused) {
  const TempDir folder;
  for (const char* name : {"", "a/b"})
    expect_error([&] { write_frame_hdf5(folder / "f.h5", name, test::sample_frame(), {}, {}); }, ExitCode::output,
                 {"name"});
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace zspex::io
