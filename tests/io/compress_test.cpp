// Compressed outputs: what HDF5 and zlib make of what was made without them, and that threads don't show in it.
#include <fitsio.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <random>
#include <stdexcept>
#include <type_traits>

#include "io/detail/atomic_file.hpp"
#include "io/detail/hdf5_writer.hpp"
#include "io/detail/in_threads.hpp"
#include "io/frame.hpp"
#include "io/output.hpp"
#include "io/redshifts.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::TempDir;

constexpr Compress all_kinds[] = {Compress::none, Compress::fast, Compress::best};

enum class Kind {
  ordered,  ///< a slope with a little noise
  noisy,    ///< the same with random bits in the lower halves
  random    ///< bits without any order
};

template <class T>
std::vector<T> values(std::size_t n, Kind kind) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  constexpr Bits low = (Bits{1} << (4 * sizeof(T))) - 1;
  const Bits noise = kind == Kind::ordered ? 0 : kind == Kind::noisy ? low : static_cast<Bits>(~Bits{0});
  std::vector<T> made(n);
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < n; ++i) {
    made[i] = static_cast<T>(1000 + i % 977 + random() % 3);
    const auto bits = std::bit_cast<Bits>(made[i]);
    made[i] = std::bit_cast<T>(static_cast<Bits>((bits & ~noise) | (static_cast<Bits>(random()) & noise)));
  }
  return made;
}

/// How plain HDF5 calls see a dataset.
struct Seen {
  std::vector<std::size_t> shape, chunk;
  std::vector<std::string> filters;
  hsize_t bytes = 0;               ///< in the file
  std::vector<unsigned> skipped;   ///< filter mask of each chunk
  std::vector<unsigned char> raw;  ///< values
};

Seen see(const std::string& path, const std::string& name, hid_t type, std::size_t value_size) {
  Seen seen;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t dataset = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset), creation = H5Dget_create_plist(dataset);
  const int ndim = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(0, ndim))), chunk(shape.size());
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  H5Pget_chunk(creation, ndim, chunk.data());
  seen.shape.assign(shape.begin(), shape.end());
  seen.chunk.assign(chunk.begin(), chunk.end());
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0, config = 0;
    std::size_t nvalue = 0;
    char text[64] = {};
    H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &nvalue, nullptr, sizeof text, text, &config);
    seen.filters.emplace_back(text);
  }
  seen.bytes = H5Dget_storage_size(dataset);
  hsize_t nchunk = 0;
  H5Dget_num_chunks(dataset, space, &nchunk);
  std::vector<hsize_t> offset(shape.size());
  for (hsize_t i = 0; i < nchunk; ++i) {  // in the order of the rows
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t size = 0;
    EXPECT_GE(H5Dget_chunk_info(dataset, space, i, offset.data(), &mask, &address, &size), 0);
    seen.skipped.push_back(mask);
  }
  std::size_t n = value_size;
  for (const hsize_t length : shape) n *= length;
  seen.raw.resize(n);
  EXPECT_GE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, seen.raw.data()), 0) << name;
  H5Pclose(creation);
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(file);
  return seen;
}

template <class T>
void expect_read_by_hdf5(hid_t type, const std::vector<std::size_t>& shape, Kind kind, Compress compress) {
  const TempDir folder;
  std::size_t n = 1;
  for (const std::size_t length : shape) n *= length;
  const std::vector<T> written = values<T>(n, kind);
  {
    detail::Hdf5Writer file(folder / "f.h5", {compress, 2});
    file.dataset("/a/b", shape, written.data(), "1", "values", std::vector<std::string>(shape.size(), "i"));
    file.finish();
  }
  const Seen seen = see(folder / "f.h5", "/a/b", type, sizeof(T));
  EXPECT_EQ(seen.shape, shape);
  ASSERT_EQ(seen.raw.size(), n * sizeof(T));
  EXPECT_EQ(std::memcmp(seen.raw.data(), written.data(), seen.raw.size()), 0);
  EXPECT_NE(shape[0] % seen.chunk[0], 0u) << "the last chunk is to be partial";
  using Filters = std::vector<std::string>;
  EXPECT_EQ(seen.filters,
            compress == Compress::none ? Filters{"fletcher32"} : Filters({"shuffle", "deflate", "fletcher32"}));
  const unsigned without_deflate = kind != Kind::random || compress == Compress::none ? 0 : 2;
  // The last chunk shrinks in any case: it has zeros.
  EXPECT_EQ(seen.skipped.front(), without_deflate);
  std::size_t chunk_bytes = sizeof(T) * seen.chunk[0];
  for (std::size_t i = 1; i < shape.size(); ++i) chunk_bytes *= shape[i];
  const std::size_t whole = seen.skipped.size() * (chunk_bytes + 4);
  if (compress == Compress::none)
    EXPECT_EQ(seen.bytes, whole);
  else if (kind == Kind::ordered)
    EXPECT_LT(seen.bytes, whole / 2);
  else if (kind == Kind::noisy)
    EXPECT_LT(seen.bytes, whole * 9 / 10);
  else
    EXPECT_LE(seen.bytes, whole);
}

TEST(Compress, HdfReadsWhatItDidNotWrite) {
  for (const Compress compress : all_kinds)
    for (const Kind kind : {Kind::ordered, Kind::noisy, Kind::random}) {
      SCOPED_TRACE(testing::Message() << "compress " << static_cast<int>(compress) << " kind "
                                      << static_cast<int>(kind));
      expect_read_by_hdf5<float>(H5T_NATIVE_FLOAT, {53, 401}, kind, compress);
      expect_read_by_hdf5<float>(H5T_NATIVE_FLOAT, {17, 11, 2003}, kind, compress);
      expect_read_by_hdf5<std::uint32_t>(H5T_NATIVE_UINT32, {26, 7}, kind, compress);
      expect_read_by_hdf5<double>(H5T_NATIVE_DOUBLE, {31, 5003}, kind, compress);
      expect_read_by_hdf5<std::int64_t>(H5T_NATIVE_INT64, {27, 3}, kind, compress);
    }
}

TEST(Compress, RowsThatComeInPiecesMakeTheSameFile) {
  const TempDir folder;
  constexpr std::size_t nrow = 61, row = 131;
  const std::vector<float> data = values<float>(nrow * row, Kind::ordered);
  const auto write = [&](const std::string& name, std::size_t piece, std::size_t first, int nthread) {
    const float* later = nullptr;
    detail::Hdf5Writer file(folder / name, {Compress::fast, nthread});
    file.dataset("/a", {nrow, row}, later, "1", "values", {"i", "j"});
    for (std::size_t i = first; i < nrow; i += piece) {
      const std::size_t n = std::min(piece, nrow - i);
      file.rows("/a", i, {n, row}, data.data() + i * row);
    }
    file.finish();
  };
  write("whole.h5", nrow, 0, 1);
  for (const std::size_t piece : {1, 7, 25, 26, 50}) {
    write("pieces.h5", piece, 0, 2);
    EXPECT_EQ(test::read_bytes(folder / "pieces.h5"), test::read_bytes(folder / "whole.h5"))
        << piece << " rows at once";
  }
  // Rows that never come are zero.
  write("part.h5", 4, 20, 1);
  std::vector<float> expected = data;
  std::fill_n(expected.begin(), 20 * row, 0.0F);
  const Seen seen = see(folder / "part.h5", "/a", H5T_NATIVE_FLOAT, sizeof(float));
  EXPECT_EQ(std::memcmp(seen.raw.data(), expected.data(), seen.raw.size()), 0);
}

TEST(Compress, RowsOutsideOfTheDatasetAreRefused) {
  const TempDir folder;
  const float* later = nullptr;
  const std::vector<float> data(10 * 3);
  detail::Hdf5Writer file(folder / "f.h5");
  file.dataset("/a", {9, 3}, later, "1", "values", {"i", "j"});
  test::expect_error([&] { file.rows("/a", 0, {10, 3}, data.data()); }, ExitCode::output, {"f.h5[/a]", "row 0"});
  test::expect_error([&] { file.rows("/a", 8, {2, 3}, data.data()); }, ExitCode::output, {"f.h5[/a]", "row 8"});
  test::expect_error([&] { file.rows("/a", 0, {5, 2}, data.data()); }, ExitCode::output, {"f.h5[/a]", "12 bytes"});
  test::expect_error([&] { file.rows("/b", 0, {1, 3}, data.data()); }, ExitCode::output, {"f.h5[/b]"});
}

TEST(Compress, TheBytesAreTheSameForAnyNumberOfThreads) {
  const TempDir folder;
  const Frame frame = test::sample_frame(101, 1009, 5);  // three parts of a .gz, several chunks
  for (const Compress compress : all_kinds)
    for (const int nthread : {1, 2, 5}) {
      const std::string n = std::to_string(nthread);
      write_frame_hdf5(folder / (n + ".h5"), "a", frame, {}, {}, {compress, nthread});
      write_frame_fits(folder / (n + ".fits.gz"), frame, {}, {compress, nthread});
      for (const char* suffix : {".h5", ".fits.gz"})
        EXPECT_TRUE(test::read_bytes(folder / (n + suffix)) == test::read_bytes(folder / (std::string("1") + suffix)))
            << nthread << suffix;
    }
}

/// Inflates one gzip member. \param left  bytes behind it
std::string inflate_member(const std::string& bytes, std::size_t& left) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(64 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END) << "which has seen the CRC and the length";
  out.resize(stream.total_out);
  left = stream.avail_in;
  inflateEnd(&stream);
  return out;
}

TEST(Compress, AGzipFileHasOneMemberWithTheBytesOfThePlainFile) {
  const TempDir folder;
  std::string noise(3 * (1 << 20) + 5, '\0');
  std::mt19937 random(1);
  for (char& byte : noise) byte = static_cast<char>(random());
  const std::string kinds[] = {"",
                               "x",
                               std::string(1 << 20, 'a'),  // a part, and no more
                               std::string((1 << 20) + 1, '\0'),
                               noise,
                               noise + std::string(5 << 20, ' ') + noise};
  for (const Compress compress : all_kinds)
    for (const int nthread : {1, 3})
      for (const std::string& bytes : kinds) {
        detail::write_whole(folder / "f.gz", std::as_bytes(std::span(bytes)), {compress, nthread});
        std::size_t left = 1;
        const std::string packed = test::read_bytes(folder / "f.gz");
        EXPECT_TRUE(inflate_member(packed, left) == bytes) << bytes.size();
        EXPECT_EQ(left, 0u);
        EXPECT_LT(packed.size(), bytes.size() + bytes.size() / 500 + 100);
        if (compress != Compress::none && bytes.size() == (1 << 20)) {
          EXPECT_LT(packed.size(), 5000u);
        }
      }
}

TEST(Compress, CfitsioReadsAGzippedFrameWhole) {
  const TempDir folder;
  const Frame frame = test::sample_frame(101, 1009, 5);
  write_frame_fits(folder / "f.fits", frame, {});
  for (const Compress compress : all_kinds) {
    write_frame_fits(folder / "f.fits.gz", frame, {}, {compress, 2});
    std::size_t left = 1;
    EXPECT_TRUE(inflate_member(test::read_bytes(folder / "f.fits.gz"), left) == test::read_bytes(folder / "f.fits"));
    EXPECT_EQ(left, 0u);
    test::expect_same(read_frame_fits(folder / "f.fits.gz"), read_frame_fits(folder / "f.fits"));
    fitsfile* file = nullptr;
    int status = 0, anynull = 0;
    fits_open_file(&file, (folder / "f.fits.gz").c_str(), READONLY, &status);
    fits_movnam_hdu(file, IMAGE_HDU, const_cast<char*>("RESOLUTION"), 0, &status);
    std::vector<float> resolution(frame.resolution.size());
    fits_read_img(file, TFLOAT, 1, static_cast<LONGLONG>(resolution.size()), nullptr, resolution.data(), &anynull,
                  &status);
    fits_close_file(file, &status);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::equal(resolution.begin(), resolution.end(), frame.resolution.begin(), frame.resolution.end()));
  }
}

TEST(Compress, PartsAreTakenInTheirOrderAndTheFirstErrorEndsIt) {
  for (const int nthread : {0, 1, 2, 7})
    for (const std::size_t n : {0, 1, 3, 100}) {
      std::vector<std::size_t> taken;
      detail::make_in_threads(
          n, nthread, [](std::size_t i) { return i * i; },
          [&](std::size_t i, std::size_t part) {
            EXPECT_EQ(part, i * i);
            taken.push_back(i);
          });
      EXPECT_EQ(taken.size(), n);
      EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
    }
  for (const int nthread : {1, 4}) {
    std::atomic<int> made{0};
    std::size_t taken = 0;
    const auto make = [&](std::size_t i) {
      ++made;
      if (i == 11) throw std::runtime_error("part 11");
      return i;
    };
    EXPECT_THROW(detail::make_in_threads(10000, nthread, make, [&](std::size_t, std::size_t) { ++taken; }),
                 std::runtime_error);
    EXPECT_EQ(taken, 11u);
    EXPECT_LE(made, 11 + 2 * nthread + 1) << "no more than wait to be taken";
    EXPECT_THROW(detail::make_in_threads(
                     100, nthread, [](std::size_t i) { return i; },
                     [](std::size_t i, std::size_t) {
                       if (i == 5) throw std::runtime_error("the disk is full");
                     }),
                 std::runtime_error);
  }
  EXPECT_EQ(detail::writer_threads(3), 3);
  EXPECT_GE(detail::writer_threads(0), 1);
}

TEST(Compress, AFileThatCannotGrowIsToldByNameAndLeavesNothing) {
  const TempDir folder;
  const Frame frame = test::sample_frame(101, 1009, 5);
  for (const char* name : {"f.fits.gz", "f.h5"})
    for (const int nthread : {1, 3}) {
      EXPECT_TRUE(test::in_child([&] {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{10000, 10000};
        setrlimit(RLIMIT_FSIZE, &limit);
        try {
          if (std::string(name).ends_with(".h5"))
            write_frame_hdf5(folder / name, "a", frame, {}, {}, {Compress::fast, nthread});
          else
            write_frame_fits(folder / name, frame, {}, {Compress::fast, nthread});
        } catch (const FileError& error) {
          const std::string told = error.what();
          return error.code() == ExitCode::output && told.find(name) != std::string::npos &&
                 told.find("File too large") != std::string::npos && told.find("ulimit -f") != std::string::npos;
        }
        return false;
      })) << name;
      EXPECT_TRUE(folder.names().empty()) << name;
    }
}

TEST(Compress, RedshiftsAndDetailsFollowTheOption) {
  const TempDir folder;
  const RedshiftResults results = test::sample_redshifts();
  for (const Compress compress : all_kinds) {
    DetailsWriter details(folder / "d.h5", {compress, 2});
    details.add_scan(test::sample_zscan());
    details.finish(results, {}, {});
    const Seen seen = see(folder / "d.h5", "/zscan/" + test::sample_zscan().full_type + "/zchi2", H5T_NATIVE_FLOAT, 4);
    EXPECT_EQ(seen.filters.size(), compress == Compress::none ? 1u : 3u);
    EXPECT_EQ(read_zscan(folder / "d.h5", test::sample_zscan().full_type, results.targetid).zchi2,
              test::sample_zscan().zchi2);
  }
}

}  // namespace
}  // namespace zspex::io
