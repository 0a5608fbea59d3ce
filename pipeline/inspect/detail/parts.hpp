/// \file
/// Files of spectra and of redshifts, for people. Each is read by its constructor, which finds what is wrong before the
/// first line is printed.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "io/redshifts.hpp"
#include "io/spectra.hpp"
#include "pipeline/inspect/screen.hpp"

namespace zspex::pipeline::detail {

/// A coadd, spectra, cframe or SDSS file: only the row that is asked for has its images read.
class SpectraView {
 public:
  /// \param row  to draw, or none
  SpectraView(const std::string& path, std::optional<int> row);
  void print(std::ostream& out) const;
  void draw(const Screen& screen, std::ostream& out) const;

 private:
  io::SpectraInfo info_;
  int row_ = 0;
  std::optional<io::SpectraFile> spectrum_;
};

/// Redshifts, FITS or HDF5.
class RedshiftView {
 public:
  RedshiftView(const std::string& path, std::optional<int> row);
  void print(const Screen& screen, std::ostream& out) const;
  /// All minima of the row's target and, where the file has it, the scan with the best template.
  void draw(const Screen& screen, std::ostream& out) const;

 private:
  std::vector<io::RedshiftRow> best_;
  int row_ = 0;
  std::vector<io::RedshiftRow> minima_;
  std::optional<io::ZscanTable> scan_;
};

}  // namespace zspex::pipeline::detail
