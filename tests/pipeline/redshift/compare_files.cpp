#include "tests/pipeline/redshift/compare_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <vector>

#include "io/detail/hdf5_reader.hpp"

namespace zspex::pipeline {
namespace {

/// A FITS file consists of records of 80 bytes.
constexpr std::size_t record = 80;

/// Takes out what a run read (ZSPEXSRC and its CONTINUE), and what is behind the header's END: its blocks are no longer whole.
void drop_sources(std::string& bytes) {
  for (std::size_t at = 0; at + record <= bytes.size(); at += record) {
    if (bytes.compare(at, 8, "ZSPEXSRC") != 0) continue;
    std::size_t n = record;
    while (bytes.compare(at + n, 8, "CONTINUE") == 0) n += record;
    bytes.erase(at, n);
    std::size_t end = at;
    while (bytes.compare(end, 4, "END ") != 0) end += record;
    bytes.erase(end + record, bytes.find_first_not_of(' ', end + record) - end - record);
  }
}

std::string comparable(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(bytes.empty()) << path;
  for (std::size_t at = 0; at + record <= bytes.size(); at += record)
    for (const char* key : {"CHECKSUM", "ZSPEXEND", "ZSPEXLAY", "ZSPEXNRK", "ZSPEXSTR"})
      if (bytes.compare(at, 8, key) == 0)
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at + 8), record - 8, ' ');
  drop_sources(bytes);
  return bytes;
}

void expect_same_table(const io::Table& a, const io::Table& b, const std::string& name) {
  ASSERT_EQ(a.nrow, b.nrow) << name;
  ASSERT_EQ(a.columns.size(), b.columns.size()) << name;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    EXPECT_EQ(a.columns[i].name, b.columns[i].name) << name;
    EXPECT_EQ(a.columns[i].code, b.columns[i].code) << name << "." << a.columns[i].name;
    EXPECT_EQ(a.columns[i].repeat, b.columns[i].repeat) << name << "." << a.columns[i].name;
    EXPECT_EQ(a.columns[i].values, b.columns[i].values) << name << "." << a.columns[i].name;
  }
}

/// Names in a group, without those of a run that are no part of its answers.
std::vector<std::string> answers(const io::detail::Hdf5Reader& file, const std::string& group) {
  std::vector<std::string> names = file.children(group);
  if (group == "/")
    std::erase_if(names, [](const std::string& name) {
      return name == "provenance" || name == "timing" || name == "ranks" || name == "strategies";
    });
  return names;
}

void expect_same_group(const io::detail::Hdf5Reader& a, const io::detail::Hdf5Reader& b, const std::string& group) {
  ASSERT_EQ(answers(a, group), answers(b, group)) << group;
  for (const std::string& child : answers(a, group)) {
    const std::string name = (group == "/" ? "" : group) + "/" + child;
    ASSERT_EQ(a.is_group(name), b.is_group(name)) << name;
    if (a.is_group(name)) {
      expect_same_group(a, b, name);
      continue;
    }
    const std::string type = a.type_name(name);
    ASSERT_EQ(type, b.type_name(name)) << name;
    const auto shape = a.shape(name);
    ASSERT_EQ(shape, b.shape(name)) << name;
    if (type == "float32") {
      EXPECT_EQ(a.rows<float>(name, 0, shape[0]), b.rows<float>(name, 0, shape[0])) << name;
    } else if (type == "float64") {
      EXPECT_EQ(a.array1<double>(name), b.array1<double>(name)) << name;
    } else if (type == "int64") {
      EXPECT_EQ(a.array1<std::int64_t>(name), b.array1<std::int64_t>(name)) << name;
    } else {
      ASSERT_EQ(type.substr(0, 5), "table") << name << " is of a type that isn't compared";
      expect_same_table(a.table(name), b.table(name), name);
    }
  }
}

}  // namespace

void expect_same_fits(const std::string& one, const std::string& other) {
  const std::string a = comparable(one), b = comparable(other);
  ASSERT_EQ(a.size(), b.size()) << one << " and " << other;
  const auto at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
  if (at == a.size()) return;
  const std::size_t begin = at / record * record;
  ADD_FAILURE() << one << " and " << other << " differ from byte " << at << " on, in the record\n"
                << testing::PrintToString(a.substr(begin, record)) << " or\n"
                << testing::PrintToString(b.substr(begin, record));
}

void expect_same_hdf5(const std::string& one, const std::string& other) {
  expect_same_group(io::detail::Hdf5Reader(one), io::detail::Hdf5Reader(other), "/");
}

}  // namespace zspex::pipeline
