// The pipeline reads the next frame in one thread while it writes the last one in another.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "io/frame.hpp"
#include "io/preproc.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

TEST(Threads, ReadingAndWritingAtOnceGivesTheSameFiles) {
  const test::TempDir folder;
  const Preproc preproc = test::sample_preproc();
  const Frame frame = test::sample_frame();
  write_preproc(folder / "in.fits.fz", preproc);
  write_frame_fits(folder / "expected.fits", frame, {});
  write_frame_hdf5(folder / "expected.h5", "a", frame, {}, {});
  constexpr int ntimes = 30;
  std::atomic<int> good{0};
  const auto repeat = [&](const std::function<bool(const std::string&)>& action, const std::string& name) {
    return std::thread([&, action, name] {
      try {
        for (int i = 0; i < ntimes; ++i) good += action(name);
      } catch (const std::exception& error) {
        ADD_FAILURE() << name << ": " << error.what();
      }
    });
  };
  const auto read = [&](const std::string&) { return read_preproc(folder / "in.fits.fz").image == preproc.image; };
  const auto fail = [&](const std::string& name) {  // errors of one thread stay out of the others
    try {
      (void)read_preproc(folder / name);
    } catch (const FileError&) {
      return true;
    }
    return false;
  };
  const auto write_fits = [&](const std::string& name) {
    write_frame_fits(folder / name, frame, {});
    return test::read_bytes(folder / name) == test::read_bytes(folder / "expected.fits");
  };
  const auto write_hdf5 = [&](const std::string& name) {
    write_frame_hdf5(folder / name, "a", frame, {}, {});
    return test::read_bytes(folder / name) == test::read_bytes(folder / "expected.h5");
  };
  std::thread threads[] = {repeat(read, "read"), repeat(fail, "none.fits"), repeat(write_fits, "out.fits"),
                           repeat(write_hdf5, "out.h5"), repeat(write_hdf5, "other.h5")};
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 5 * ntimes);
}

}  // namespace
}  // namespace zspex::io
