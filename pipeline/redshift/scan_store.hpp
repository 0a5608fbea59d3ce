/// \file
/// The scans of a team's targets, all templates.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/redshift/fitter.hpp"
#include "pipeline/redshift/team.hpp"

namespace zspex::pipeline {

/// chi^2 and penalty of each target at each redshift of each template, and coefficients if the details want them.
class ScanStore {
 public:
  /// Bytes of one target.
  static std::size_t target_bytes(const std::vector<kernels::Template>& templates, bool coefficients);

  ScanStore() = default;
  /// Collective over the team.
  ScanStore(const comm::Communicator& team, const std::vector<kernels::Template>& templates, std::size_t ntarget,
            bool coefficients);

  /// Rows of a template, from target 0 of the team on.
  kernels::ScanRows rows(int itemplate) const;
  void publish(const comm::Communicator& team) const { memory_.publish(team); }

  /// Appends the scans of a target in all templates to a message; and takes them from the front of one.
  void append(std::size_t itarget, std::vector<std::byte>& message) const;
  void take(std::size_t itarget, std::span<const std::byte>& message) const;

 private:
  struct Offsets {
    std::size_t nz, nbasis, chi2, penalty, coeff;  ///< offsets, bytes
  };
  /// f(bytes) for each of a target's rows.
  template <class F>
  void each_row(std::size_t itarget, const F& f) const;
  bool coefficients_ = false;
  std::vector<Offsets> offsets_;
  TeamMemory memory_;
};

}  // namespace zspex::pipeline
