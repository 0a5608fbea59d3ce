/// \file
/// A curve as text: braille dots (two by four per character) or plain ASCII.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace zspex::terminal {

struct PlotStyle {
  int width = 80;       ///< columns of the whole picture, at least 40
  int height = 16;      ///< lines of the curve, at least 4; axis and marks take three more
  bool unicode = true;  ///< braille and box characters; else ASCII
  std::string x_label, y_label;
};

/// Draws y over x. Each column shows the full range of its bins, so that no line is lost, however narrow.
/// Bins that are masked or not finite are left out and marked under the axis: some of a column's bins, or all of them.
/// The vertical range holds all good bins, but for a few that are far above or below the rest: the picture says how
/// many. \param x     [n] increasing \param y     [n] \param good  [n] 0 = masked \return lines that end in '\n', none
/// wider than style.width
std::string text_plot(std::span<const double> x, std::span<const double> y, std::span<const std::uint8_t> good,
                      const PlotStyle& style);

}  // namespace zspex::terminal
