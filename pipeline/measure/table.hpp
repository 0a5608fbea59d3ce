/// \file
/// What was measured, as a table with bars for the terminal.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/inspect/screen.hpp"

namespace zspex::pipeline::measure {

/// One yardstick.
struct Row {
  std::string name, value, unit;
  std::string note = {};
  std::optional<double> bar = {};  ///< 0 ... 1: its length
  bool scaled = false;             ///< not measured as it stands: estimated, or from a part
};

/// One family of them.
struct Section {
  std::string title;
  std::vector<Row> rows;
  std::vector<std::string> remarks = {};  ///< sentences
};

/// Three digits, without an exponent where people don't want one: "0.0123", "12.3", "12345". Not finite: "?".
std::string digits(double value);

/// No line is wider than the screen, unless a word is.
void print(const Section& section, const Screen& screen, std::ostream& out);

}  // namespace zspex::pipeline::measure
