#include "tests/pipeline/redshift/small_run.hpp"

#include "io/detail/hdf5_reader.hpp"

namespace zspex::pipeline {
namespace {

/// Values alone: types are as wide as the longest text and the most coefficients of all targets in a file.
void expect_same_minima(const io::Table& a, const io::Table& b, const std::string& name) {
  ASSERT_EQ(a.nrow, b.nrow) << name;
  ASSERT_EQ(a.columns.size(), b.columns.size()) << name;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    if (a.columns[i].name == "coeff") continue;
    EXPECT_EQ(a.columns[i].values, b.columns[i].values) << name << "." << a.columns[i].name;
  }
  const auto coeff = [](const io::Table& table, std::size_t row, std::size_t i) {
    const io::Column& column = *table.find("coeff");
    const auto width = static_cast<std::size_t>(column.repeat);
    return i < width ? std::get<std::vector<float>>(column.values)[row * width + i] : 0.0F;
  };
  for (std::size_t row = 0; row < a.nrow; ++row)
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(coeff(a, row, i), coeff(b, row, i)) << name << " " << row << " " << i;
}

}  // namespace

void expect_same_answers(const std::string& one, const std::string& other, const std::vector<std::int64_t>& targetid) {
  ASSERT_EQ(io::zscan_types(one), io::zscan_types(other));
  for (const std::string& type : io::zscan_types(one)) {
    const auto a = io::read_zscan(one, type, targetid), b = io::read_zscan(other, type, targetid);
    EXPECT_EQ(a.redshifts, b.redshifts) << type;
    for (std::size_t i = 0; i < targetid.size(); ++i) {
      const auto same = [&](const auto& x, const auto& y) {
        return std::equal(x.row(i).begin(), x.row(i).end(), y.row(i).begin(), y.row(i).end());
      };
      EXPECT_TRUE(same(a.zchi2, b.zchi2)) << type << ", target " << i;
      EXPECT_TRUE(same(a.penalty, b.penalty)) << type << ", target " << i;
      EXPECT_TRUE(same(a.zcoeff, b.zcoeff)) << type << ", target " << i;
    }
  }
  const io::detail::Hdf5Reader first(one), second(other);
  for (const std::int64_t id : targetid) {
    const std::string name = "/zfit/" + std::to_string(id) + "/zfit";
    expect_same_minima(first.table(name), second.table(name), name);
  }
}

}  // namespace zspex::pipeline
