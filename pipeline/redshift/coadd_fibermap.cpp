#include "pipeline/redshift/coadd_fibermap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <span>
#include <string_view>

namespace zspex::pipeline {
namespace {

using Rows = std::vector<std::size_t>;
using Names = std::span<const std::string_view>;

/// What desispec's coadds of the cameras b, r and z reject an exposure for.
constexpr std::array<std::int64_t, 3> bad_in_camera = {7277316, 11471620, 19860228};

bool is_good(std::int64_t status) {
  return std::any_of(bad_in_camera.begin(), bad_in_camera.end(), [&](std::int64_t bad) { return (status & bad) == 0; });
}

constexpr std::string_view bits_of_targeting[] = {
    "CMX_TARGET",      "SV1_DESI_TARGET", "SV1_BGS_TARGET",  "SV1_MWS_TARGET",  "SV1_SCND_TARGET", "SV2_DESI_TARGET",
    "SV2_BGS_TARGET",  "SV2_MWS_TARGET",  "SV2_SCND_TARGET", "SV3_DESI_TARGET", "SV3_BGS_TARGET",  "SV3_MWS_TARGET",
    "SV3_SCND_TARGET", "DESI_TARGET",     "BGS_TARGET",      "MWS_TARGET",      "SCND_TARGET"};

/// What only an exposure has; what only a tile has.
constexpr std::string_view of_exposures[] = {"NIGHT",
                                             "EXPID",
                                             "MJD",
                                             "EXPTIME",
                                             "NUM_ITER",
                                             "DELTA_X",
                                             "DELTA_Y",
                                             "FIBER_X",
                                             "FIBER_Y",
                                             "PSF_TO_FIBER_SPECFLUX",
                                             "FLAT_TO_PSF_FLUX",
                                             "HELIOCOR_OFFSET",
                                             "COADD_NORM",
                                             "SIGMA_COADD_NORM"};
constexpr std::string_view of_tiles[] = {"TILEID",    "FIBER",      "PRIORITY",      "PETAL_RA",
                                         "PETAL_DEC", "LAMBDA_REF", "FIBERASSIGN_X", "FIBERASSIGN_Y",
                                         "PETAL_LOC", "DEVICE_LOC", "LOCATION"};

/// The columns of EXP_FIBERMAP, in their order.
constexpr std::string_view of_exp_fibermap[] = {"TARGETID",
                                                "PRIORITY",
                                                "SUBPRIORITY",
                                                "NIGHT",
                                                "EXPID",
                                                "MJD",
                                                "TILEID",
                                                "EXPTIME",
                                                "PETAL_LOC",
                                                "DEVICE_LOC",
                                                "LOCATION",
                                                "FIBER",
                                                "FIBERSTATUS",
                                                "FIBERASSIGN_X",
                                                "FIBERASSIGN_Y",
                                                "LAMBDA_REF",
                                                "PLATE_RA",
                                                "PLATE_DEC",
                                                "NUM_ITER",
                                                "FIBER_X",
                                                "FIBER_Y",
                                                "DELTA_X",
                                                "DELTA_Y",
                                                "FIBER_RA",
                                                "FIBER_DEC",
                                                "PSF_TO_FIBER_SPECFLUX",
                                                "FLAT_TO_PSF_FLUX",
                                                "HELIOCOR_OFFSET",
                                                "IN_COADD_B",
                                                "IN_COADD_R",
                                                "IN_COADD_Z",
                                                "COADD_NORM",
                                                "SIGMA_COADD_NORM"};

/// One target's exposures.
struct Target {
  Rows all, good;
  Rows used;          ///< the good ones; if there are none all
  Rows placed;        ///< of those, if there are some, the ones with coordinates
  double turned = 0;  ///< degrees added to right ascensions that lie on both sides of 0
};

double mean(const std::vector<double>& values, const Rows& rows) {
  double sum = 0;
  for (const std::size_t row : rows) sum += values[row];
  return sum / static_cast<double>(rows.size());
}

double root_mean_square(const std::vector<double>& values, const Rows& rows, double from) {
  double sum = 0;
  for (const std::size_t row : rows) sum += (values[row] - from) * (values[row] - from);
  return std::sqrt(sum / static_cast<double>(rows.size()));
}

std::size_t count_distinct(const io::Column& column, const Rows& rows) {
  return std::visit(
      [&](const auto& values) {
        std::set<typename std::decay_t<decltype(values)>::value_type> distinct;
        for (const std::size_t row : rows) distinct.insert(values[row]);
        return distinct.size();
      },
      column.values);
}

class Coadder {
 public:
  Coadder(const io::Table& exposures, const std::string& path)
      : exposures_(exposures), path_(path), status_(exposures.integers("FIBERSTATUS", path)) {
    const auto ids = exposures.integers("TARGETID", path);
    std::map<std::int64_t, std::size_t> index;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      const auto [at, fresh] = index.emplace(ids[row], targets_.size());
      if (fresh) targets_.emplace_back();
      Target& target = targets_[at->second];
      target.all.push_back(row);
      if (is_good(status_[row])) target.good.push_back(row);
    }
    for (Target& target : targets_) target.used = target.good.empty() ? target.all : target.good;
    const io::Column* tile = exposures.find("TILEID");
    Rows every;
    for (const Target& target : targets_) every.insert(every.end(), target.all.begin(), target.all.end());
    one_tile_ = tile && count_distinct(*tile, every) == 1;
  }

  io::Table fibermap() {
    Rows first;
    for (const Target& target : targets_) first.push_back(target.all.front());
    table_ = exposures_.pick(first);
    add_status();
    add_counts();
    for (const char* name : {"DELTA_X", "DELTA_Y", "PSF_TO_FIBER_SPECFLUX", "FIBER_X", "FIBER_Y"}) add_mean(name);
    add_coordinates();
    add_dates();
    for (const char* name : {"FIBER_RA_IVAR", "FIBER_DEC_IVAR", "DELTA_X_IVAR", "DELTA_Y_IVAR"}) combine_ivar(name);
    for (const std::string_view name : bits_of_targeting) combine_bits(name);
    drop(of_exposures);
    if (!one_tile_) drop(of_tiles);
    return std::move(table_);
  }

  io::Table exp_fibermap() const {
    io::Table all = exposures_;
    for (std::size_t i = 0; i < bad_in_camera.size(); ++i) {
      std::vector<std::uint8_t> used;
      for (const std::int64_t status : status_) used.push_back((status & bad_in_camera[i]) == 0);
      put(all, std::string("IN_COADD_") + "BRZ"[i], 'L', std::move(used));
    }
    io::Table out = all.rows(0, 0);
    out.nrow = all.nrow;
    out.columns.clear();
    for (const std::string_view name : of_exp_fibermap)
      if (const io::Column* column = all.find(name)) out.columns.push_back(*column);
    return out;
  }

 private:
  /// In the place of a column of that name, or as the last one.
  template <class T>
  static void put(io::Table& table, std::string name, char code, std::vector<T> values) {
    auto at = std::find_if(table.columns.begin(), table.columns.end(), [&](const auto& c) { return c.name == name; });
    if (at == table.columns.end()) at = table.columns.insert(at, io::Column{});
    *at = io::Column{.name = std::move(name), .code = code, .values = std::move(values)};
  }
  /// One value per target.
  template <class T, class Get>
  void add(std::string name, char code, const Get& get) {
    std::vector<T> values;
    values.reserve(targets_.size());
    for (const Target& target : targets_) values.push_back(static_cast<T>(get(target)));
    put(table_, std::move(name), code, std::move(values));
  }
  void drop(Names names) {
    std::erase_if(table_.columns, [&](const io::Column& column) {
      return std::find(names.begin(), names.end(), column.name) != names.end();
    });
  }
  std::vector<double> numbers(const char* name) const { return exposures_.numbers(name, path_); }
  bool has(std::string_view name) const { return exposures_.find(name) != nullptr; }

  void add_status() {
    const auto status = [&](const Target& target) {
      std::vector<std::int64_t> bits;
      for (const std::size_t row : target.all) bits.push_back(status_[row]);
      return coadded_fiberstatus(bits);
    };
    drop(std::array<std::string_view, 1>{"COADD_FIBERSTATUS"});
    io::Column& column = *table_.find("FIBERSTATUS");
    column.name = "COADD_FIBERSTATUS";
    if (column.code == 'K')
      add<std::int64_t>(column.name, 'K', status);
    else
      add<std::int32_t>(column.name, 'J', status);
  }

  void add_counts() {
    const auto distinct = [&](const char* name) {
      return [column = exposures_.find(name)](const Target& target) {
        return column ? static_cast<int>(count_distinct(*column, target.good)) : -1;
      };
    };
    const std::vector<double> seconds = has("EXPTIME") ? numbers("EXPTIME") : std::vector<double>{};
    add<std::int16_t>("COADD_NUMEXP", 'I', [](const Target& target) { return target.good.size(); });
    add<float>("COADD_EXPTIME", 'E', [&](const Target& target) {
      double sum = seconds.empty() ? -1 : 0;
      for (const std::size_t row : target.good) sum += seconds.empty() ? 0 : seconds[row];
      return sum;
    });
    add<std::int16_t>("COADD_NUMNIGHT", 'I', distinct("NIGHT"));
    add<std::int16_t>("COADD_NUMTILE", 'I', distinct("TILEID"));
  }

  void add_mean(const std::string& name) {
    if (!has(name) || (name.starts_with("FIBER_") && !one_tile_)) return;
    const auto values = numbers(name.c_str());
    add<float>("MEAN_" + name, 'E', [&](const Target& target) { return mean(values, target.used); });
    if (name.starts_with("DELTA_"))
      add<float>("RMS_" + name, 'E', [&](const Target& target) { return root_mean_square(values, target.used, 0); });
  }

  void add_coordinates() {
    if (!has("FIBER_RA") || !has("FIBER_DEC")) return;
    const auto ra = numbers("FIBER_RA"), dec = numbers("FIBER_DEC");
    // Coordinates that aren't known are zero.
    const auto placed = [&](const Rows& rows) {
      Rows out;
      for (const std::size_t row : rows)
        if (std::isfinite(ra[row]) && std::isfinite(dec[row]) && (ra[row] != 0 || dec[row] != 0)) out.push_back(row);
      return out;
    };
    for (Target& target : targets_) {
      target.placed = placed(target.used);
      if (target.placed.empty()) target.placed = placed(target.all);
      if (target.placed.empty()) target.placed = target.used;
    }
    constexpr double half_turn = 180, turn = 360, arcsec = 3600;
    std::vector<double> ras = ra;
    for (Target& target : targets_) {
      const auto less = [&](std::size_t a, std::size_t b) { return ra[a] < ra[b]; };
      const auto [least, most] = std::ranges::minmax_element(target.placed, less);
      if (!(ra[*most] - ra[*least] > half_turn)) continue;
      target.turned = half_turn;
      for (const std::size_t row : target.placed) ras[row] = std::fmod(ra[row] + half_turn, turn);
    }
    const auto mean_dec = [&](const Target& target) { return mean(dec, target.placed); };
    add<double>("MEAN_FIBER_RA", 'D',
                [&](const Target& target) { return std::fmod(mean(ras, target.placed) - target.turned + turn, turn); });
    add<float>("STD_FIBER_RA", 'E', [&](const Target& target) {
      const double std_ra = root_mean_square(ras, target.placed, mean(ras, target.placed));
      return std_ra * std::cos(mean_dec(target) * std::numbers::pi / half_turn) * arcsec;
    });
    add<double>("MEAN_FIBER_DEC", 'D', mean_dec);
    add<float>("STD_FIBER_DEC", 'E',
               [&](const Target& target) { return root_mean_square(dec, target.placed, mean_dec(target)) * arcsec; });
    drop(std::array<std::string_view, 2>{"FIBER_RA", "FIBER_DEC"});
  }

  void add_dates() {
    if (!has("MJD")) return;
    const auto mjd = numbers("MJD");
    const auto less = [&](std::size_t a, std::size_t b) { return mjd[a] < mjd[b]; };
    add<double>("MIN_MJD", 'D',
                [&](const Target& target) { return mjd[*std::ranges::min_element(target.used, less)]; });
    add<double>("MAX_MJD", 'D',
                [&](const Target& target) { return mjd[*std::ranges::max_element(target.used, less)]; });
    add<double>("MEAN_MJD", 'D', [&](const Target& target) { return mean(mjd, target.used); });
  }

  /// Of the mean of values with these inverse variances; 0 if one of them is 0.
  void combine_ivar(const char* name) {
    if (!has(name)) return;
    const auto ivar = numbers(name);
    const auto combined = [&](const Target& target) {
      double sum = 0;
      for (const std::size_t row : target.used) {
        if (ivar[row] == 0) return 0.0;
        sum += 1 / ivar[row];
      }
      return static_cast<double>(target.used.size()) / sum;
    };
    if (exposures_.find(name)->code == 'E')
      add<float>(name, 'E', combined);
    else
      add<double>(name, 'D', combined);
  }

  void combine_bits(std::string_view name) {
    io::Column* column = table_.find(name);
    if (!column || std::string_view("BIJK").find(column->code) == std::string_view::npos) return;
    const std::size_t per_row = column->values_per_row();
    std::visit(
        [&](auto& to) {
          using T = typename std::decay_t<decltype(to)>::value_type;
          if constexpr (std::is_integral_v<T>) {
            const auto& from = std::get<std::decay_t<decltype(to)>>(exposures_.find(name)->values);
            // Of unsigned columns the highest bit is stored the other way round.
            const T turned = column->zero == 0 ? T{0} : static_cast<T>(T{1} << (8 * sizeof(T) - 1));
            for (std::size_t i = 0; i < targets_.size(); ++i)
              for (const std::size_t row : targets_[i].all)
                for (std::size_t k = 0; k < per_row; ++k)
                  to[i * per_row + k] =
                      static_cast<T>(((to[i * per_row + k] ^ turned) | (from[row * per_row + k] ^ turned)) ^ turned);
          }
        },
        column->values);
  }

  const io::Table& exposures_;
  const std::string& path_;
  std::vector<std::int64_t> status_;
  std::vector<Target> targets_;
  bool one_tile_ = false;
  io::Table table_;
};

}  // namespace

CoaddedFibermap coadd_fibermap(const io::Table& exposures, const std::string& path) {
  Coadder coadder(exposures, path);
  io::Table fibermap = coadder.fibermap();
  return {std::move(fibermap), coadder.exp_fibermap()};
}

std::int64_t coadded_fiberstatus(const std::vector<std::int64_t>& status) {
  std::int64_t common = -1, any = 0;
  bool some_good = false;
  for (const std::int64_t bits : status) {
    any |= bits;
    if (!is_good(bits)) continue;
    some_good = true;
    common &= bits;
  }
  return some_good ? common : any;
}

}  // namespace zspex::pipeline
