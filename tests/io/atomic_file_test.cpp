// Whole or not at all: what a failing write leaves, which is nothing.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "core/real_path.hpp"
#include "io/detail/atomic_file.hpp"
#include "io/frame.hpp"
#include "io/output.hpp"
#include "io/preproc.hpp"
#include "tests/io/samples.hpp"
#include "tests/io/support.hpp"

namespace zspex::io {
namespace {

using test::expect_error;
using test::TempDir;

/// True if the error is a FileError with exit code `output` and has the words.
bool fails_with(const std::function<void()>& action, const std::string& words) {
  try {
    action();
  } catch (const FileError& error) {
    return error.code() == ExitCode::output && std::string(error.what()).find(words) != std::string::npos;
  }
  return false;
}

/// In a child: files may not grow past `bytes`.
void limit_file_size(rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

/// Each way that the house writes files.
std::vector<std::pair<std::string, std::function<void(const std::string&)>>> writers() {
  return {{"frame.fits",
           [](const std::string& path) { write_frame_fits(path, test::sample_frame(), test::sample_provenance()); }},
          {"frame.fits.gz",
           [](const std::string& path) { write_frame_fits(path, test::sample_frame(), test::sample_provenance()); }},
          {"frame.h5",
           [](const std::string& path) {
             write_frame_hdf5(path, "r0-00051060", test::sample_frame(), test::sample_provenance(),
                              test::sample_timing());
           }},
          {"preproc.fits.fz", [](const std::string& path) { write_preproc(path, test::sample_preproc()); }}};
}

TEST(AtomicFile, AFileThatCannotGrowLeavesNothing) {
  for (const auto& [name, write] : writers()) {
    const TempDir folder;
    const std::string path = folder / name;
    EXPECT_TRUE(test::in_child([&] {
      limit_file_size(1000);
      return fails_with([&] { write(path); }, "ulimit -f");
    })) << name;
    EXPECT_TRUE(folder.names().empty()) << name << ": " << testing::PrintToString(folder.names());
  }
}

TEST(AtomicFile, AnOlderFileSurvivesAFailedOverwrite) {
  for (const auto& [name, write] : writers()) {
    const TempDir folder;
    const std::string path = folder / name;
    test::write_bytes(path, "precious");
    EXPECT_TRUE(test::in_child([&] {
      limit_file_size(1000);
      return fails_with([&] { write(path); }, "File too large");
    })) << name;
    EXPECT_EQ(test::read_bytes(path), "precious") << name;
    EXPECT_EQ(folder.names().size(), 1u) << name;
    write(path);
    EXPECT_NE(test::read_bytes(path), "precious") << name;
    EXPECT_EQ(folder.names().size(), 1u) << name;
  }
}

TEST(AtomicFile, AFullDiskIsNamedAndLeavesNothing) {
  // A small file system of our own, in the child's own mount namespace.
  const auto mount_small = [](const std::string& where) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    (void)mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    return mount("tmpfs", where.c_str(), "tmpfs", 0, "size=8k") == 0;
  };
  const TempDir probe;
  if (!test::in_child([&] { return mount_small(probe.path()); })) GTEST_SKIP() << "this user can't mount a file system";
  for (const auto& [name, write] : writers()) {
    const TempDir folder;
    EXPECT_TRUE(test::in_child([&] {
      return mount_small(folder.path()) && fails_with([&] { write(folder / name); }, "No space left on device") &&
             folder.names().empty();
    })) << name;
  }
}

TEST(AtomicFile, AFolderThatCannotBeWrittenIsRefusedUpFront) {
  const TempDir folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0555), 0);
  for (const auto& [name, write] : writers()) {
    const std::string path = folder / name;
    EXPECT_TRUE(test::in_child([&] {
      constexpr uid_t nobody = 65534;
      if (geteuid() == 0 && setuid(nobody) != 0) return false;
      return fails_with([&] { check_output(path); }, "Permission denied") &&
             fails_with([&] { write(path); }, "Permission denied");
    })) << name;
  }
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  EXPECT_TRUE(folder.names().empty());
}

TEST(AtomicFile, AFolderThatTakesNoFilesIsAnErrorEvenForRoot) {
  expect_error([] { detail::write_whole("/proc/zspex-test.fits", {}); }, ExitCode::output, {"/proc/zspex-test.fits"});
}

TEST(AtomicFile, PlacesThatAreNoPlaceForAFileAreNamed) {
  const TempDir folder;
  test::write_bytes(folder / "file", "x");
  expect_error([&] { check_output(folder / std::string(256, 'n')); }, ExitCode::output, {"File name too long"});
  EXPECT_NO_THROW(check_output(folder / "none/deeper/frame.fits")) << "folders are made when the run starts";
  expect_error([&] { check_output(folder / "file/frame.fits"); }, ExitCode::output, {"folder"});
  expect_error([&] { check_output(folder.path()); }, ExitCode::output, {"found a folder"});
  expect_error([&] { check_output("/dev/null"); }, ExitCode::output, {"device"});
  expect_error([&] { check_output(""); }, ExitCode::output, {"-o FILE"});
  EXPECT_NO_THROW(check_output(folder / "new.fits"));
  EXPECT_NO_THROW(check_output(folder / "file"));
  EXPECT_EQ(folder.names().size(), 1u) << "checking leaves nothing";
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  const TempDir folder;
  {
    detail::AtomicFile file(folder / "a");
    const std::string bytes = "abc";
    file.write(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(folder.names().size(), 1u) << "the temporary file";
    EXPECT_NE(folder.names()[0], "a");
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(AtomicFile, ALinkIsFollowed) {
  const TempDir folder;
  std::filesystem::create_directory(folder / "elsewhere");
  test::write_bytes(folder / "elsewhere/target", "old");
  std::filesystem::create_symlink(folder / "elsewhere/target", folder / "link");
  const std::string bytes = "new";
  detail::write_whole(folder / "link", std::as_bytes(std::span(bytes)));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(test::read_bytes(folder / "elsewhere/target"), "new");
}

TEST(AtomicFile, ALinkToNothingIsFollowed) {
  const TempDir folder;
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_symlink("elsewhere/target", folder / "link");
  std::filesystem::create_symlink("link", folder / "linklink");
  detail::write_whole(folder / "linklink", {});
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_TRUE(std::filesystem::is_regular_file(folder / "elsewhere/target"));
  EXPECT_EQ(real_path(folder / "linklink"), real_path(folder / "elsewhere/target"));
}

TEST(AtomicFile, OneFileHasOneIdentityWhateverItIsCalled) {
  const TempDir folder;
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_symlink("real", folder / "linked");
  std::filesystem::create_symlink("real/new", folder / "link");
  EXPECT_EQ(file_identity(folder / "real/new"), file_identity(folder / "linked/./new")) << "not there yet";
  EXPECT_EQ(file_identity(folder / "real/new"), file_identity(folder / "link"));
  EXPECT_NE(file_identity(folder / "real/new"), file_identity(folder / "real/other"));
  test::write_bytes(folder / "real/new", "x");
  std::filesystem::create_hard_link(folder / "real/new", folder / "hard");
  EXPECT_EQ(file_identity(folder / "hard"), file_identity(folder / "link"));
}

TEST(OutputFolders, AreMadeAndGoAgainWhenEmpty) {
  const TempDir folder;
  {
    OutputFolders folders;
    folders.make_for(folder / "a/b/frame.fits");
    folders.make_for(folder / "a/c/");
    ASSERT_TRUE(std::filesystem::is_directory(folder / "a/b"));
    ASSERT_TRUE(std::filesystem::is_directory(folder / "a/c"));
    write_file(folder / "a/b/frame.fits", "x");
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "a/b/frame.fits"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a/c"));
}

TEST(Leftovers, OnlyThoseOfDeadWritersOfTheFileAreCleared) {
  const TempDir folder;
  const std::string path = folder / "x.fits";
  // A child is killed while it writes; another one's name is kept for the host and a process that is gone.
  EXPECT_FALSE(test::in_child([&] {
    const detail::AtomicFile file(path);
    return kill(getpid(), SIGKILL) == 0;
  }));
  ASSERT_EQ(folder.names().size(), 1u);
  const std::string dead = folder.names().front();
  EXPECT_TRUE(dead.starts_with(".x.fits.")) << dead;
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
  for (const char* name : {".x.fits.no.such.host.17.0.tmp", ".x.fits.elsewhere.17.0.tmp", ".y.fits.elsewhere.17.0.tmp",
                           ".x.fits.notours.tmp"})
    test::write_bytes(folder / name, "");
  std::filesystem::last_write_time(folder / ".x.fits.no.such.host.17.0.tmp", old);
  const detail::AtomicFile alive(path);
  const auto said = clear_leftovers(path);
  EXPECT_FALSE(std::filesystem::exists(folder / dead));
  EXPECT_FALSE(std::filesystem::exists(folder / ".x.fits.no.such.host.17.0.tmp")) << "a day old";
  EXPECT_TRUE(std::filesystem::exists(folder / ".x.fits.elsewhere.17.0.tmp")) << "its writer may live";
  EXPECT_TRUE(std::filesystem::exists(folder / ".y.fits.elsewhere.17.0.tmp")) << "another output's";
  EXPECT_TRUE(std::filesystem::exists(folder / ".x.fits.notours.tmp")) << "another program's";
  EXPECT_EQ(folder.names().size(), 4u) << "and that of the living writer";
  EXPECT_EQ(said.size(), 4u) << testing::PrintToString(said);
}

TEST(AtomicFile, NamesAtTheLimitOfTheFileSystemWork) {
  const TempDir folder;
  const std::string name(255, 'n');
  detail::write_whole(folder / name, {});
  EXPECT_EQ(folder.names(), std::vector<std::string>{name});
}

TEST(AtomicFile, PermissionsAreTheUsers) {
  const TempDir folder;
  const mode_t old = umask(027);
  detail::write_whole(folder / "a", {});
  umask(old);
  struct stat status {};
  ASSERT_EQ(stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

}  // namespace
}  // namespace zspex::io
