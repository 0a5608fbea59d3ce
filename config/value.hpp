/// \file
/// Values as they are written in a YAML file or on the command line, and how they become typed. Strict: a number is a
/// number, `yes` is not true, text in quotes is text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/extract_config.hpp"
#include "config/redshift_config.hpp"

namespace zspex::config {

/// A value before its type is known.
struct Value {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::scalar;
  std::string text;                    ///< of a scalar
  bool quoted = false;                 ///< a scalar in quotes: text, never a number
  std::vector<Value> items;            ///< of a list, or below the keys
  std::string where;                   ///< "survey.yaml:12", "command line, -n" or "--set"; starts every error message
  std::vector<std::string> keys = {};  ///< of a map, whose items are their values
};

/// A scalar without quotes, as from the command line.
Value scalar(std::string text, std::string where);
/// The value as a user would recognize it: `"abc"`, `a list of 3`, `nothing`.
std::string found(const Value& value);

/// Allowed numbers; an absent bound is no bound.
struct Limits {
  std::optional<double> at_least = {}, above = {}, at_most = {}, below = {};

  bool allow(double number) const;
  /// ">= 0 and < 1"; empty without a bound.
  std::string text() const;
};

// Readers: \param name  full key for the message. \throws ConfigError (value.where, name, expected and found)

void read(const Value& value, const std::string& name, const Limits& limits, bool& result);
void read(const Value& value, const std::string& name, const Limits& limits, int& result);
void read(const Value& value, const std::string& name, const Limits& limits, double& result);
void read(const Value& value, const std::string& name, const Limits& limits, std::string& result);
/// A list, or one scalar as a list of one.
void read(const Value& value, const std::string& name, const Limits& limits, std::vector<std::string>& result);
/// [wmin, wmax, dw], or "wmin,wmax,dw". Refuses what cannot be a grid of an optical spectrograph in Angstrom.
void read(const Value& value, const std::string& name, const Limits& limits, WaveRange& result);
/// A list of whole numbers, or "1,2,-3".
void read(const Value& value, const std::string& name, const Limits& limits, std::vector<std::int64_t>& result);
/// A list of numbers within the limits, or "1,2.5".
void read(const Value& value, const std::string& name, const Limits& limits, std::vector<double>& result);
/// [zmin, zmax, dz], or "zmin,zmax,dz".
void read(const Value& value, const std::string& name, const Limits& limits, ZscanRange& result);
/// [latitude, longitude, height], or "latitude,longitude,height".
void read(const Value& value, const std::string& name, const Limits& limits, Site& result);
/// none, or a resolving power within the limits.
void read(const Value& value, const std::string& name, const Limits& limits, LineSpread& result);
/// auto, desi or psf; a value; or values of bands, as keys b, r, z or as "b:VALUE,r:VALUE". null is auto.
void read(const Value& value, const std::string& name, const Limits& limits, ByCamera<WaveRange>& result);
void read(const Value& value, const std::string& name, const Limits& limits, ByCamera<double>& result);
/// "I/N", 1 <= I <= N.
void read(const Value& value, const std::string& name, const Limits& limits, Part& result);
/// null, or a value.
template <class T>
void read(const Value& value, const std::string& name, const Limits& limits, std::optional<T>& result) {
  if (value.kind == Value::Kind::null || (value.kind == Value::Kind::scalar && !value.quoted && value.text == "null")) {
    result.reset();
  } else {
    read(value, name, limits, result.emplace());
  }
}

// Writers: YAML that the readers above read back to the same bits, on one line.

std::string write(bool value);
std::string write(int value);
std::string write(double value);
std::string write(const std::string& value);
std::string write(const std::vector<std::string>& value);
std::string write(const WaveRange& value);
std::string write(const std::vector<std::int64_t>& value);
std::string write(const std::vector<double>& value);
std::string write(const ZscanRange& value);
std::string write(const Site& value);
std::string write(const LineSpread& value);
std::string write(const ByCamera<WaveRange>& value);
std::string write(const ByCamera<double>& value);
std::string write(const Part& value);
template <class T>
std::string write(const std::optional<T>& value) {
  return value ? write(*value) : "null";
}

// Names of the types in help and documentation.

constexpr std::string_view type_name(const bool*) { return "true or false"; }
constexpr std::string_view type_name(const int*) { return "whole number"; }
constexpr std::string_view type_name(const double*) { return "number"; }
constexpr std::string_view type_name(const std::string*) { return "text"; }
constexpr std::string_view type_name(const std::vector<std::string>*) { return "list of text"; }
constexpr std::string_view type_name(const WaveRange*) { return "wmin,wmax,dw"; }
constexpr std::string_view type_name(const std::vector<std::int64_t>*) { return "list of whole numbers"; }
constexpr std::string_view type_name(const std::vector<double>*) { return "list of numbers"; }
constexpr std::string_view type_name(const ZscanRange*) { return "zmin,zmax,dz"; }
constexpr std::string_view type_name(const Site*) { return "latitude,longitude,height"; }
constexpr std::string_view type_name(const LineSpread*) { return "none or number"; }
constexpr std::string_view type_name(const ByCamera<WaveRange>*) {
  return "wmin,wmax,dw, or by band, or auto, desi, psf";
}
constexpr std::string_view type_name(const Part*) { return "I/N"; }
constexpr std::string_view type_name(const ByCamera<double>*) { return "number, or by band, or auto, desi, psf"; }
template <class T>
constexpr std::string_view type_name(const std::optional<T>*) {
  return type_name(static_cast<const T*>(nullptr));
}

}  // namespace zspex::config
