// What the HDF5 readers do with files that are damaged, hostile or in use.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "io/detail/hdf5_reader.hpp"
#include "io/frame.hpp"
#include "io/harmless.hpp"
#include "io/reading.hpp"
#include "io/results.hpp"
#include "io/seal.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

void write_sample(const std::string& path, const Provenance& provenance = test::sample_provenance()) {
  write_frame_hdf5(path, "r0-00051060", test::sample_frame(), provenance, {});
}

TEST(DamagedHdf5, EveryByteIsSealed) {
  const TempDir folder;
  write_sample(folder / "f.h5");
  const std::string bytes = test::read_bytes(folder / "f.h5");
  EXPECT_EQ(read_seal(folder / "f.h5"), Seal::whole);
  std::size_t ntried = 0;
  for (std::size_t at = 8; at < bytes.size(); at += bytes.size() / 150) {  // the first 8 say that it is HDF5
    std::string damaged = bytes;
    damaged[at] ^= 0x20;
    const std::string path = folder / ("d" + std::to_string(at) + ".h5");
    test::write_bytes(path, damaged);
    if (read_seal(path) == Seal::none) continue;  // in the seal's own first word: as if there were none
    expect_error([&] { (void)read_frame_hdf5(path); }, ExitCode::input, {path, "damaged"});
    expect_error([&] { (void)read_summary(path); }, ExitCode::input, {path, "damaged"});
    ++ntried;
  }
  EXPECT_GT(ntried, 140u);
}

TEST(DamagedHdf5, AFileWithoutItsSealIsReadAndNotCalledWhole) {
  const TempDir folder;
  write_sample(folder / "f.h5");
  const std::string bytes = test::read_bytes(folder / "f.h5");
  test::write_bytes(folder / "cut.h5", bytes.substr(0, bytes.size() - 24));
  EXPECT_EQ(read_seal(folder / "cut.h5"), Seal::none);
  EXPECT_EQ(read_frame_hdf5(folder / "cut.h5").flux, test::sample_frame().flux);
  test::write_bytes(folder / "short.h5", "short");
  EXPECT_EQ(read_seal(folder / "short.h5"), Seal::none);
}

/// Where texts have a fixed length there is no global heap (its mark is GCOL), which has no checksums and which the
/// library follows wherever it leads.
TEST(DamagedHdf5, OursHaveNoGlobalHeap) {
  const TempDir folder;
  write_sample(folder / "f.h5");
  EXPECT_EQ(test::read_bytes(folder / "f.h5").find("GCOL"), std::string::npos);
}

TEST(DamagedHdf5, LongTextsComeBack) {
  const TempDir folder;
  Provenance provenance = test::sample_provenance();
  provenance.config = std::string(200000, 'c');  // beyond the 64 KiB of an attribute
  provenance.inputs.assign(3000, "a-rather-long-name-of-an-input-file.fits");
  provenance.strategy = "";
  write_sample(folder / "f.h5", provenance);
  const auto read = read_summary(folder / "f.h5").provenance;
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->config, provenance.config);
  EXPECT_EQ(read->inputs, provenance.inputs);
  EXPECT_EQ(read->strategy, "");
}

TEST(DamagedHdf5, ALockedFileIsCalledLocked) {
  const TempDir folder;
  write_sample(folder / "f.h5");
  const int other = open((folder / "f.h5").c_str(), O_RDWR);
  ASSERT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  const char* locking = std::getenv("HDF5_USE_FILE_LOCKING");
  if (locking && std::string(locking) != "TRUE") GTEST_SKIP() << "HDF5_USE_FILE_LOCKING is " << locking;
  expect_error([&] { (void)read_frame_hdf5(folder / "f.h5"); }, ExitCode::input,
               {"f.h5", "another program has open for writing"});
  close(other);
  EXPECT_NO_THROW((void)read_frame_hdf5(folder / "f.h5"));
}

/// A file with a dataset that promises `size` values, and with a link from a group to the group above it.
void write_foreign(const std::string& path, hsize_t size) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group = H5Gcreate2(file, "/group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_hard(file, "/", group, "loop", H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t chunk = std::min<hsize_t>(size, 1000);
  const hid_t space = H5Screate_simple(1, &size, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 1, &chunk);
  const hid_t dataset = H5Dcreate2(file, "big", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Dclose(dataset);
  H5Pclose(creation);
  H5Sclose(space);
  H5Gclose(group);
  H5Fclose(file);
}

TEST(DamagedHdf5, ADatasetLargerThanItsFileCanHoldIsRefused) {
  const TempDir folder;
  for (const hsize_t size : {hsize_t{1} << 40, hsize_t{1} << 61, hsize_t{0x7fffffffffffffff}}) {
    write_foreign(folder / "big.h5", size);
    expect_error([&] { (void)detail::Hdf5Reader(folder / "big.h5").array1<double>("/big"); }, ExitCode::input,
                 {"big.h5[/big]", std::to_string(size)});
  }
}

TEST(DamagedHdf5, LinksThatLeadBackEnd) {
  const TempDir folder;
  write_foreign(folder / "loop.h5", 3);
  expect_error([&] { (void)read_summary(folder / "loop.h5"); }, ExitCode::input, {"loop.h5[/group/loop", "32"});
}

TEST(DamagedHdf5, WhatKillsTheReaderIsRefusedInsteadOfRead) {
  const TempDir folder;
  write_sample(folder / "f.h5");
  int ncalls = 0;
  need_harmless(folder / "f.h5", [&] { raise(SIGSEGV); });  // sealed: nobody needs to look
  const std::string bytes = test::read_bytes(folder / "f.h5");
  test::write_bytes(folder / "cut.h5", bytes.substr(0, bytes.size() - 24));
  EXPECT_NO_THROW(need_harmless(folder / "cut.h5", [&] { ++ncalls; }));
  EXPECT_NO_THROW(need_harmless(folder / "cut.h5", [] { throw FileError("other.fits", "", "told later"); }));
  EXPECT_EQ(ncalls, 0);  // a child's
  expect_error([&] { need_harmless(folder / "cut.h5", [] { raise(SIGSEGV); }); }, ExitCode::input,
               {"cut.h5", "dies", "damaged"});
  expect_error([&] { need_harmless(folder / "cut.h5", [] { raise(SIGKILL); }); }, ExitCode::input,
               {"cut.h5", "within a minute"});
}

TEST(Reading, TheNewestFileThatIsStillReadIsNamed) {
  EXPECT_EQ(file_being_read(), nullptr);
  const std::string first = "first.fits", second = "second.h5";
  auto outer = std::make_unique<ReadingNote>(first);
  EXPECT_STREQ(file_being_read(), "first.fits");
  auto inner = std::make_unique<ReadingNote>(second);
  EXPECT_STREQ(file_being_read(), "second.h5");
  outer.reset();
  EXPECT_STREQ(file_being_read(), "second.h5");
  inner.reset();
  EXPECT_EQ(file_being_read(), nullptr);
}

}  // namespace
}  // namespace zspex::io
