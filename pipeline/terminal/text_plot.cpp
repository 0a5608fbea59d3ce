#include "pipeline/terminal/text_plot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/format.hpp"

namespace zspex::terminal {
namespace {

/// Tick marks at round numbers: about `wanted` of them inside [low, high].
struct Ticks {
  std::vector<double> at;
  double step = 1;
};

Ticks make_ticks(double low, double high, int wanted) {
  Ticks ticks;
  const double rough = (high - low) / std::max(wanted, 1), power = std::pow(10, std::floor(std::log10(rough)));
  ticks.step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
  // Multiples of the step, counted, so that no rounding adds up.
  for (double n = std::ceil(low / ticks.step - 1e-9); n * ticks.step <= high + 1e-9 * ticks.step; n += 1)
    ticks.at.push_back(n * ticks.step + 0.0);  // + 0.0: never "-0"
  return ticks;
}

std::string tick_label(double value, double step) {
  const double largest = std::max(std::abs(value), step);
  if (largest >= 1e6 || step < 1e-4) return fmt::format("{:.4g}", value);
  return fmt::format("{:.{}f}", value, std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))));
}

struct Range {
  double low, high;
  std::size_t above = 0, below = 0;  // good bins outside
};

/// All values, unless a few stick out by more than the range of the others.
Range vertical_range(const std::vector<double>& values) {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t cut = sorted.size() / 250;  // 0.4 % on each side
  const double inner_low = sorted[cut], inner_high = sorted[sorted.size() - 1 - cut], inner = inner_high - inner_low;
  Range range{sorted.front(), sorted.back()};
  if (inner > 0) {
    range.low = std::max(range.low, inner_low - inner);
    range.high = std::min(range.high, inner_high + inner);
  }
  if (range.low > 0 && range.low < 0.5 * range.high) range.low = 0;  // show zero where it is near
  if (!(range.high > range.low)) {                                   // a constant, or one that differs by rounding
    const double size = std::max(std::abs(range.high), std::numeric_limits<double>::min() * 1e10);
    range.low -= 0.5 * size;
    range.high += 0.5 * size;
  }
  for (double value : values) {
    range.above += value > range.high;
    range.below += value < range.low;
  }
  return range;
}

/// Dots of a picture, from the lower left.
class Canvas {
 public:
  Canvas(int columns, int rows, bool unicode)
      : columns_(columns),
        rows_(rows),
        unicode_(unicode),
        nx_(unicode ? 2 * columns : columns),
        ny_(unicode ? 4 * rows : 2 * rows),
        dots_(static_cast<std::size_t>(nx_) * static_cast<std::size_t>(ny_)) {}
  int nx() const { return nx_; }
  int ny() const { return ny_; }
  void set(int ix, int iy) { dots_[index(ix, iy)] = 1; }

  /// Line `row` from the top.
  std::string text(int row) const {
    std::string line;
    for (int column = 0; column < columns_; ++column) {
      const int below = (rows_ - 1 - row) * (unicode_ ? 4 : 2);
      if (!unicode_) {
        const bool low = dots_[index(column, below)], high = dots_[index(column, below + 1)];
        line += low && high ? ':' : high ? '\'' : low ? '.' : ' ';
        continue;
      }
      // Bits of a braille character: dots 1 2 3 7 down the left side, 4 5 6 8 down the right one.
      static constexpr unsigned bits[2][4] = {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}};
      unsigned code = 0;
      for (int dx = 0; dx < 2; ++dx)
        for (int dy = 0; dy < 4; ++dy)
          if (dots_[index(2 * column + dx, below + dy)]) code |= bits[dx][dy];
      if (code == 0) {
        line += ' ';
        continue;
      }
      line += static_cast<char>(0xE2);  // U+2800 + code in UTF-8
      line += static_cast<char>(0xA0 + (code >> 6));
      line += static_cast<char>(0x80 + (code & 0x3F));
    }
    return line;
  }

 private:
  std::size_t index(int ix, int iy) const {
    return static_cast<std::size_t>(iy) * static_cast<std::size_t>(nx_) + static_cast<std::size_t>(ix);
  }
  int columns_, rows_;
  bool unicode_;
  int nx_, ny_;
  std::vector<std::uint8_t> dots_;
};

/// Draws straight lines between neighbors that are both good.
void draw_curve(std::span<const double> x, std::span<const double> y, const std::vector<std::uint8_t>& good,
                double x_low, double x_high, const Range& range, Canvas& canvas) {
  const double none = std::numeric_limits<double>::infinity();
  std::vector<double> low(static_cast<std::size_t>(canvas.nx()), none), high(low.size(), -none);
  const auto column = [&](double at) { return (at - x_low) / (x_high - x_low) * canvas.nx(); };
  const auto cover = [&](double position, double value) {
    const auto i = static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(position)), 0, canvas.nx() - 1));
    low[i] = std::min(low[i], value);
    high[i] = std::max(high[i], value);
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!good[i]) continue;
    const double here = column(x[i]);
    cover(here, y[i]);
    if (i == 0 || !good[i - 1]) continue;
    const double before = column(x[i - 1]);
    for (double edge = std::floor(before) + 1; edge < here; edge += 1) {  // where the line crosses into another column
      const double value = y[i - 1] + (y[i] - y[i - 1]) * (edge - before) / (here - before);
      cover(edge - 0.5, value);
      cover(edge + 0.5, value);
    }
  }
  const auto line = [&](double value) {
    const double part = (value - range.low) / (range.high - range.low) * (canvas.ny() - 1);
    return static_cast<int>(std::lround(std::clamp(part, 0.0, canvas.ny() - 1.0)));
  };
  for (int ix = 0; ix < canvas.nx(); ++ix) {
    const auto i = static_cast<std::size_t>(ix);
    if (low[i] > high[i]) continue;
    for (int iy = line(low[i]); iy <= line(high[i]); ++iy) canvas.set(ix, iy);
  }
}

/// One line of marks: what part of each column's bins is masked.
std::string mask_line(std::span<const double> x, const std::vector<std::uint8_t>& good, double x_low, double x_high,
                      int columns, bool unicode) {
  std::vector<int> bins(static_cast<std::size_t>(columns)), bad(bins.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int at = static_cast<int>((x[i] - x_low) / (x_high - x_low) * columns);
    const auto column = static_cast<std::size_t>(std::clamp(at, 0, columns - 1));
    ++bins[column];
    bad[column] += !good[i];
  }
  std::string line;
  for (std::size_t i = 0; i < bins.size(); ++i)
    line += bad[i] == 0 ? " " : bad[i] == bins[i] ? (unicode ? "█" : "X") : (unicode ? "░" : "x");
  return line;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string text_plot(std::span<const double> x, std::span<const double> y, std::span<const std::uint8_t> good,
                      const PlotStyle& style) {
  const int width = std::max(style.width, 40), height = std::max(style.height, 4);
  const std::size_t n = std::min({x.size(), y.size(), good.size()});
  std::vector<std::uint8_t> usable(n);
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    usable[i] = good[i] && std::isfinite(y[i]);
    if (usable[i]) values.push_back(y[i]);
  }
  if (values.empty()) return n == 0 ? "(nothing to draw: no bins)\n" : "(nothing to draw: all bins are masked)\n";
  x = x.first(n);
  y = y.first(n);

  const Range range = vertical_range(values);
  const Ticks y_ticks = make_ticks(range.low, range.high, height / 3);
  std::size_t label_width = 4;  // "mask"
  for (double at : y_ticks.at) label_width = std::max(label_width, tick_label(at, y_ticks.step).size());
  const int margin = static_cast<int>(label_width) + 2, columns = width - margin;

  // Half a bin beyond the first and the last center, so that both are inside their columns.
  const double half = n > 1 ? 0.5 * (x[n - 1] - x[0]) / static_cast<double>(n - 1) : 0.5;
  const double x_low = x[0] - half, x_high = x[n - 1] + half;
  Canvas canvas(columns, height, style.unicode);
  draw_curve(x, y, usable, x_low, x_high, range, canvas);

  std::vector<std::string> labels(static_cast<std::size_t>(height));
  for (double at : y_ticks.at) {
    const double part = (at - range.low) / (range.high - range.low);
    const int row = height - 1 - std::clamp(static_cast<int>(part * height), 0, height - 1);
    labels[static_cast<std::size_t>(row)] = tick_label(at, y_ticks.step);
  }
  std::string out;
  if (!style.y_label.empty()) out += padded("", margin) + style.y_label + "\n";
  for (int row = 0; row < height; ++row) {
    const std::string& label = labels[static_cast<std::size_t>(row)];
    const char* axis = style.unicode ? (label.empty() ? " │" : " ┤") : (label.empty() ? " |" : " +");
    out += trimmed(padded(label, 2 - margin) + axis + canvas.text(row));
  }

  const Ticks x_ticks = make_ticks(x_low, x_high, columns / 12);
  std::vector<std::string> axis(static_cast<std::size_t>(columns), style.unicode ? "─" : "-");
  std::string numbers(static_cast<std::size_t>(width), ' ');
  for (double at : x_ticks.at) {
    const int column = std::clamp(static_cast<int>((at - x_low) / (x_high - x_low) * columns), 0, columns - 1);
    axis[static_cast<std::size_t>(column)] = style.unicode ? "┬" : "+";
    const std::string label = tick_label(at, x_ticks.step);
    const int length = static_cast<int>(label.size()),
              first = std::clamp(margin + column - length / 2, 0, width - length);
    const bool free =
        numbers.find_first_not_of(' ', static_cast<std::size_t>(std::max(first - 1, 0))) == std::string::npos;
    if (free) numbers.replace(static_cast<std::size_t>(first), label.size(), label);
  }
  out += padded("", margin - 1) + (style.unicode ? "└" : "+");
  for (const std::string& mark : axis) out += mark;
  out += "\n";
  const std::size_t nbad = n - values.size();
  if (nbad > 0)
    out += trimmed(padded("mask", 2 - margin) + "  " + mask_line(x, usable, x_low, x_high, columns, style.unicode));
  out += trimmed(numbers);
  if (!style.x_label.empty()) {
    const int room = columns - static_cast<int>(display_width(style.x_label));
    out += padded("", margin + std::max(0, room / 2)) + style.x_label + "\n";
  }
  if (range.above + range.below > 0)
    out += fmt::format("{}bins above the picture: {}, below: {}\n", padded("", margin), range.above, range.below);
  return out;
}

}  // namespace zspex::terminal
